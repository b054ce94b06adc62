//! Finds files by paths and globs.

use std::{
    collections::HashMap,
    io,
    path::{Component, Path, PathBuf},
};

use globset::GlobBuilder;
use ignore::WalkBuilder;

use super::{
    FilePattern, ProjectFile,
    error::{FilesError, FilesProblem},
    is_glob,
    overlays::Selected,
};
use crate::{
    diagnostics::Place,
    fs::{self, FileError},
    git,
    project::{EnvironmentName, STDIN},
};

/// Finds the files that match the patterns, in pattern order. The matches for each glob are sorted by path. `directory`
/// is the working directory.
///
/// Globs skip hidden files and files that Git ignores, and they do not follow symbolic links to directories.
///
/// Skips overlay files of the selected files, see [`Selected::has_overlay`]. `environment` is the selected environment.
///
/// # Errors
///
/// Fails if a glob matches nothing, if a path is not a file, if a file is outside the repository that
/// contains `directory`, or if a file is selected more than once. Without a repository, files that the settings list must
/// be in `directory`, because the author of an untrusted project could list the user's private files.
pub(crate) fn find(
    patterns: &[FilePattern],
    directory: &Path,
    environment: Option<&EnvironmentName>,
) -> Result<Vec<ProjectFile>, FilesError> {
    let of_command = git::work_tree(directory).map(Limit::Repository);
    let of_settings = Limit::of_settings(directory);
    let failed = |place: &Option<Place>| {
        let place = place.clone();
        move |reason| FilesError { place, reason }
    };
    let mut matches = Vec::with_capacity(patterns.len());
    for FilePattern { path, place } in patterns {
        let limit = place.as_ref().map(|_| &of_settings);
        matches.push(paths(path, directory, limit).map_err(failed(place))?);
    }
    let selected = Selected::new(matches.iter().flatten().cloned(), directory, environment);
    let mut files = Vec::new();
    let mut seen: HashMap<PathBuf, PathBuf> = HashMap::new();
    for (FilePattern { path: pattern, place }, mut paths) in patterns.iter().zip(matches) {
        let failed = failed(place);
        if selects_matches(pattern, directory) {
            paths.retain(|path| !selected.has_overlay(path));
            if paths.is_empty() {
                return Err(failed(FilesProblem::OnlyOverlays(pattern.clone())));
            }
        }
        for path in paths {
            let file = directory.join(&path);
            let target = match regular_file(&path, &file, place.is_some()) {
                Ok(Some(target)) => target,
                Ok(None) => {
                    if seen.insert(file, path.clone()).is_some() {
                        return Err(failed(FilesProblem::Repeated { first: path.clone(), second: path }));
                    }
                    files.push(ProjectFile { path, root: directory.to_owned() });
                    continue;
                }
                Err(reason) => return Err(failed(reason)),
            };
            let limit = if place.is_some() { Some(&of_settings) } else { of_command.as_ref() };
            if let Some(Err(reason)) = limit.map(|limit| limit.check(&target, &path)) {
                return Err(failed(reason));
            }
            if let Some(first) = seen.insert(target, path.clone()) {
                return Err(failed(FilesProblem::Repeated { first, second: path }));
            }
            let folder = file.parent().unwrap_or(directory);
            let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            files.push(ProjectFile { path, root });
        }
    }
    Ok(files)
}

/// The directory that must contain all selected files.
enum Limit {
    Repository(PathBuf),
    Directory(PathBuf),
}

impl Limit {
    /// Returns the limit for files that the settings in `directory` list.
    fn of_settings(directory: &Path) -> Self {
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let root = fs::repository_root(&directory);
        if root.join(".git").exists() {
            Self::Repository(root.to_owned())
        } else {
            Self::Directory(directory)
        }
    }

    /// Checks that a file is inside. `target` is the file's path with symbolic links resolved.
    fn check(&self, target: &Path, path: &Path) -> Result<(), FilesProblem> {
        let path = || path.to_owned();
        match self {
            Self::Repository(root) if !target.starts_with(root) => {
                Err(FilesProblem::Outside { path: path(), repository: root.clone() })
            }
            Self::Directory(root) if !target.starts_with(root) => {
                Err(FilesProblem::OutsideDirectory { path: path(), directory: root.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Resolves symbolic links in a file path. Returns `None` for stdin and pipes because they are not in a directory.
///
/// The command line accepts pipes because shells pass process substitutions as paths such as `/dev/fd/63`.
fn regular_file(path: &Path, file: &Path, is_setting: bool) -> Result<Option<PathBuf>, FilesProblem> {
    if path == Path::new(STDIN) {
        return Ok(None);
    }
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FilesProblem::Missing(path.to_owned()),
        _ => FilesProblem::File(FileError::new("read", file, error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(FilesProblem::Directory(path.to_owned()));
    }
    match metadata.is_file() {
        true => file.canonicalize().map(Some).map_err(unreadable),
        false if is_setting => Err(FilesProblem::Irregular(path.to_owned())),
        false => Ok(None),
    }
}

/// Returns the files selected by a path or glob. A glob that is also an existing file path selects that file.
fn paths(pattern: &Path, directory: &Path, limit: Option<&Limit>) -> Result<Vec<PathBuf>, FilesProblem> {
    if selects_matches(pattern, directory) {
        matches(pattern, directory, limit)
    } else {
        Ok(vec![without_dot(pattern)])
    }
}

/// Returns whether a pattern is a glob and not an existing file path.
fn selects_matches(pattern: &Path, directory: &Path) -> bool {
    is_glob(pattern) && !directory.join(pattern).exists()
}

/// Finds the files that match a glob, sorted by path. Relative paths refer to `directory`. Does not search directories
/// outside the limit, which may contain millions of files.
fn matches(glob: &Path, directory: &Path, limit: Option<&Limit>) -> Result<Vec<PathBuf>, FilesProblem> {
    let pattern = without_dot(glob);
    let invalid = |error: globset::Error| FilesProblem::Glob {
        glob: glob.to_owned(),
        reason: error.kind().to_string(),
    };
    let matcher = GlobBuilder::new(&pattern.to_string_lossy())
        .literal_separator(true)
        .build()
        .map_err(invalid)?
        .compile_matcher();
    let (prefix, depth) = search(&pattern);
    let start = directory.join(&prefix);
    if let Some((limit, start)) = limit.zip(start.canonicalize().ok()) {
        limit.check(&start, glob)?;
    }
    let mut found = Vec::new();
    if start.is_dir() {
        let mut walker = WalkBuilder::new(&start);
        walker.max_depth(depth).ignore(false);
        fs::limit_walk(&mut walker, std::slice::from_ref(&start), |_| true);
        for entry in walker.build() {
            let entry = entry.map_err(|error| unreadable(&start, &error))?;
            let Ok(rest) = entry.path().strip_prefix(&start) else { continue };
            let path = prefix.join(rest);
            if matcher.is_match(&path) && entry.path().is_file() {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    if found.is_empty() { Err(FilesProblem::NoMatch(glob.to_owned())) } else { Ok(found) }
}

/// Returns the directory to search for glob matches and the maximum search depth. The depth is `None` if the glob
/// contains `**`.
fn search(pattern: &Path) -> (PathBuf, Option<usize>) {
    let is_literal = |component: &Component<'_>| !is_glob(component.as_ref());
    let prefix: PathBuf = pattern.components().take_while(is_literal).collect();
    let rest = pattern.components().count() - prefix.components().count();
    let is_recursive = pattern.to_string_lossy().contains("**") || pattern.to_string_lossy().contains('{');
    (prefix, (!is_recursive).then_some(rest))
}

/// Removes `.` segments, so that paths that only differ in these segments become equal.
fn without_dot(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}

fn unreadable(start: &Path, error: &ignore::Error) -> FilesProblem {
    let path = failed_path(error).unwrap_or(start).to_owned();
    // The I/O error message would repeat the path.
    let error = match error.io_error() {
        Some(error) => io::Error::from(error.kind()),
        None => io::Error::other(error.to_string()),
    };
    FilesProblem::File(FileError::new("search", &path, error))
}

/// Returns the path of the unsearchable directory.
fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => failed_path(err),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{project::ProjectFiles, test_files};

    fn tree(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        git2::Repository::init(root.join("repository")).unwrap();
        for file in files {
            test_files::write(&root, &[(file, "")]);
        }
        (folder, root)
    }

    fn found(root: &Path, patterns: &[&str]) -> Result<Vec<String>, String> {
        found_in(root, patterns, None)
    }

    fn found_in(
        root: &Path,
        patterns: &[&str],
        environment: Option<&EnvironmentName>,
    ) -> Result<Vec<String>, String> {
        let patterns: Vec<FilePattern> =
            patterns.iter().map(|path| FilePattern { path: path.into(), place: None }).collect();
        let directory = root.join("repository");
        let files = find(&patterns, &directory, environment)
            .map_err(|error| error.to_string().replace(&*directory.to_string_lossy(), "[REPOSITORY]"))?;
        Ok(files.iter().map(|file| file.path.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn globs_find_sorted_files() {
        let (_folder, root) = tree(&[
            "repository/prefect.yaml",
            "repository/s/b/prefect.yaml",
            "repository/s/a/prefect.yaml",
            "repository/s/a/deep/prefect.yaml",
            "repository/s/a/prefect.yml",
            "repository/s/a/other.yaml",
            "repository/.venv/prefect.yaml",
            "repository/build/prefect.yaml",
            "repository/.ci/prefect.yaml",
            "outside/prefect.yaml",
        ]);
        std::fs::write(root.join("repository/.gitignore"), "/build\n").unwrap();
        for (patterns, expected) in [
            (&["s/*/prefect.yaml"][..], Ok(&["s/a/prefect.yaml", "s/b/prefect.yaml"][..])),
            (
                &["./s/b/prefect.yaml", "s/a/*.yaml"],
                Ok(&["s/b/prefect.yaml", "s/a/other.yaml", "s/a/prefect.yaml"]),
            ),
            (
                &["**/prefect.yaml"],
                Ok(&["prefect.yaml", "s/a/deep/prefect.yaml", "s/a/prefect.yaml", "s/b/prefect.yaml"]),
            ),
            (&["s/{a,b}/prefect.yaml"], Ok(&["s/a/prefect.yaml", "s/b/prefect.yaml"])),
            (&["*.yaml"], Ok(&["prefect.yaml"])),
            (&[".ci/*.yaml"], Ok(&[".ci/prefect.yaml"])),
            (&["build/prefect.yaml", "-"], Ok(&["build/prefect.yaml", "-"])),
            (&["s/a/prefect.yaml", "missing.yaml"], Err("the project file 'missing.yaml' does not exist")),
            (&["s/prefect.yaml/x", "-"], Err("the project file 's/prefect.yaml/x' does not exist")),
            (&["x/**/prefect.yaml"], Err("no project file matches 'x/**/prefect.yaml'")),
            (
                &["s/[a/prefect.yaml"],
                Err("invalid glob 's/[a/prefect.yaml': unclosed character class; missing ']'"),
            ),
            (
                &["s/a/prefect.yaml", "s/*/prefect.yaml"],
                Err("the project file 's/a/prefect.yaml' is selected twice"),
            ),
            (&["-", "-"], Err("the project file '-' is selected twice")),
            (
                &["../*/prefect.yaml"],
                Err("the project file '../outside/prefect.yaml' is outside the repository [REPOSITORY]"),
            ),
        ] {
            let expected = expected
                .map(|paths| paths.iter().map(ToString::to_string).collect::<Vec<_>>())
                .map_err(ToString::to_string);
            assert_eq!(found(&root, patterns), expected, "{patterns:?}");
        }
    }

    #[test]
    fn globs_skip_overlay_files_of_selected_files() {
        let (_folder, root) = tree(&[
            "repository/a/prefect.yaml",
            "repository/a/prefect.dev.yaml",
            "repository/a/prefect.prod.yaml",
            "repository/a/prefect.docker.yaml",
            "repository/b/prefect.prod.yaml",
        ]);
        let write =
            |file: &str, text: &str| std::fs::write(root.join("repository/a").join(file), text).unwrap();
        write("prefect.prod.yaml", "deployments: {x: {tags: !append [a]}}\n");
        write("prefect.docker.yaml", "deployments: [{name: x, entrypoint: 'flow.py:main'}]\n");
        let docker = "docker".parse().unwrap();
        for (patterns, environment, expected) in [
            (&["a/*.yaml"][..], None, Ok(&["a/prefect.docker.yaml", "a/prefect.yaml"][..])),
            (&["a/*.yaml"], Some(&docker), Ok(&["a/prefect.yaml"])),
            (&["a/prefect.yaml", "*/*.prod.yaml"], None, Ok(&["a/prefect.yaml", "b/prefect.prod.yaml"])),
            (
                &["a/prefect.yaml", "a/prefect.prod.yaml"],
                None,
                Ok(&["a/prefect.yaml", "a/prefect.prod.yaml"]),
            ),
            (&["*/prefect.prod.yaml"], None, Ok(&["a/prefect.prod.yaml", "b/prefect.prod.yaml"])),
            (
                &["a/prefect.yaml", "a/*.prod.yaml"],
                None,
                Err("'a/*.prod.yaml' only matches overlay files of environments"),
            ),
        ] {
            let expected = expected
                .map(|paths| paths.iter().map(ToString::to_string).collect::<Vec<_>>())
                .map_err(ToString::to_string);
            assert_eq!(found_in(&root, patterns, environment), expected, "{patterns:?} {environment:?}");
        }
    }

    #[test]
    fn locates_files_of_the_settings_that_do_not_exist() {
        let (_folder, root) = tree(&["repository/s/prefect.yaml"]);
        let place =
            Place::new(&crate::source::Source::new("prefect.toml", "x"), crate::source::Span::new(0, 1));
        for (path, message) in [
            ("missing.yaml", "the project file 'missing.yaml' does not exist"),
            ("../missing.yaml", "the project file '../missing.yaml' does not exist"),
            ("s", "'s' is a directory, not a project file"),
            ("", "'' is a directory, not a project file"),
        ] {
            let pattern = FilePattern { path: path.into(), place: Some(place.clone()) };
            let error = find(&[pattern], &root.join("repository"), None).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.place.as_ref()), (message, Some(&place)));
        }
    }

    #[test]
    fn the_settings_list_no_files_outside_the_repository_or_their_directory() {
        let (_folder, root) =
            tree(&["repository/prefect.yaml", "other/prefect.yaml", "other/a/prefect.yaml"]);
        let place =
            Place::new(&crate::source::Source::new("prefect.toml", "x"), crate::source::Span::new(0, 1));
        let listed = |directory: &str, path: &str| {
            let pattern = FilePattern { path: path.into(), place: Some(place.clone()) };
            let found = find(&[pattern], &root.join(directory), None).map(|files| files.len());
            found.map_err(|error| error.to_string().replace(&*root.to_string_lossy(), "[ROOT]"))
        };
        for (directory, path, expected) in [
            (
                "repository",
                "/**/prefect.yaml",
                Err("'/**/prefect.yaml' is outside the repository [ROOT]/repository"),
            ),
            ("repository", "../other/*/x", Err("'../other/*/x' is outside the repository [ROOT]/repository")),
            ("other", "**/prefect.yaml", Ok(2)),
            ("other", "a/../prefect.yaml", Ok(1)),
            ("other", "../*/prefect.yaml", Err("'../*/prefect.yaml' is outside the directory [ROOT]/other")),
            (
                "other",
                "../repository/prefect.yaml",
                Err("'../repository/prefect.yaml' is outside the directory [ROOT]/other"),
            ),
        ] {
            let expected = expected.map_err(|error| format!("the project file {error}"));
            assert_eq!(listed(directory, path), expected, "{path} in {directory}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn resolves_symbolic_links() {
        use std::os::unix::fs::symlink;
        let (_folder, root) = tree(&["repository/a/prefect.yaml", "outside/prefect.yaml"]);
        symlink(root.join("outside/prefect.yaml"), root.join("repository/away.yaml")).unwrap();
        symlink(root.join("repository/a/prefect.yaml"), root.join("repository/near.yaml")).unwrap();
        symlink(root.join("outside"), root.join("repository/linked")).unwrap();
        for (patterns, expected) in [
            (&["a*.yaml"][..], "the project file 'away.yaml' is outside the repository [REPOSITORY]"),
            (
                &["a/prefect.yaml", "n*.yaml"],
                "the project files 'a/prefect.yaml' and 'near.yaml' are the same file",
            ),
            (
                &["linked/*.yaml"],
                "the project file 'linked/prefect.yaml' is outside the repository [REPOSITORY]",
            ),
        ] {
            assert_eq!(found(&root, patterns), Err(expected.to_owned()), "{patterns:?}");
        }
        assert_eq!(found(&root, &["**/prefect.yaml"]), Ok(vec!["a/prefect.yaml".to_owned()]));
    }

    #[test]
    fn only_a_single_path_has_the_directory_of_the_command_as_its_root() {
        let files = |values: &[&str]| {
            ProjectFiles::from_arguments(&values.iter().map(PathBuf::from).collect::<Vec<_>>())
        };
        assert_eq!(files(&[]), ProjectFiles::Default);
        assert_eq!(files(&["a/b.yaml"]), ProjectFiles::Single("a/b.yaml".into()));
        assert!(matches!(files(&["a/*.yaml"]), ProjectFiles::Each(_)));
        assert!(matches!(files(&["a.yaml", "b.yaml"]), ProjectFiles::Each(_)));
        let (_folder, root) = tree(&["repository/s/a/prefect.yaml"]);
        let patterns = [FilePattern { path: "s/*/prefect.yaml".into(), place: None }];
        let found = find(&patterns, &root.join("repository"), None).unwrap();
        assert_eq!(found[0].root, root.join("repository/s/a"));
    }
}
