//! Finds the project files of a command.

use std::{
    collections::HashMap,
    fmt,
    path::{Component, Path, PathBuf},
};

use globset::GlobBuilder;
use ignore::WalkBuilder;

use crate::{diagnostics::Place, fs::FileError, git};

/// The value of `-f` that stands for stdin.
pub(crate) const STDIN: &str = "-";

/// Characters that make a path a glob.
const GLOB_CHARACTERS: [char; 4] = ['*', '?', '[', '{'];

/// The project files that the user has specified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ProjectFiles {
    /// `prefect.yaml` in the directory of the command.
    #[default]
    Default,
    /// A single path. Relative paths in the file refer to the directory of the command, as in Prefect.
    Single(PathBuf),
    /// Paths and globs. Relative paths in a file refer to the directory that contains the file.
    Each(Vec<FilePattern>),
}

/// A path or a glob that selects project files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePattern {
    pub(crate) path: PathBuf,
    /// Location of the pattern. `None` if the pattern is from the command line.
    pub(crate) place: Option<Place>,
}

/// A project file of a command that has several of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectFile {
    /// The path as shown to the user. Relative paths refer to the directory of the command.
    pub(crate) path: PathBuf,
    /// Absolute path of the directory to which relative paths in the file refer.
    pub(crate) root: PathBuf,
}

/// The reason why project files cannot be found.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct FilesError {
    /// Location of the pattern that causes the error. `None` if the pattern is from the command line.
    pub(crate) place: Option<Place>,
    pub(crate) reason: FilesProblem,
}

/// A problem with a pattern.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesProblem {
    #[error("no project file matches '{}'", .0.display())]
    NoMatch(PathBuf),
    /// A file that the settings list.
    #[error("the project file '{}' does not exist", .0.display())]
    Missing(PathBuf),
    #[error("'{}' is a directory, not a project file", .0.display())]
    Directory(PathBuf),
    #[error("invalid glob '{}': {reason}", glob.display())]
    Glob { glob: PathBuf, reason: String },
    #[error("the project file '{}' is outside of the repository {}", path.display(), repository.display())]
    Outside { path: PathBuf, repository: PathBuf },
    /// A file that is selected more than once, with the paths under which it is selected.
    #[error("{}", repeated(first, second))]
    Repeated { first: PathBuf, second: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
}

impl FilesProblem {
    /// Returns advice on how to solve the problem, if there is any.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoMatch(_) => Some(
                "globs are relative to the directory of the command, `**` matches any number of directories, and \
                 files that Git ignores are skipped",
            ),
            Self::Outside { .. } => Some("use --project-dir to run the command in another repository"),
            Self::Repeated { .. } => Some("select each project file only once"),
            Self::Directory(_) => Some("select the files in the directory, such as `DIRECTORY/prefect.yaml`"),
            Self::Missing(_) | Self::Glob { .. } | Self::File(_) => None,
        }
    }
}

impl ProjectFiles {
    /// Returns whether the command has all project files of the project, because none are given on the command line.
    pub(crate) fn are_complete(&self) -> bool {
        match self {
            Self::Default => true,
            Self::Single(_) => false,
            Self::Each(patterns) => patterns.iter().all(|pattern| pattern.place.is_some()),
        }
    }

    /// Returns the project files that the values of `-f` specify.
    pub(crate) fn from_arguments(values: &[PathBuf]) -> Self {
        match values {
            [] => Self::Default,
            [path] if !is_glob(path) => Self::Single(path.clone()),
            values => Self::from_patterns(values),
        }
    }

    /// Returns the project files that paths and globs specify, each with its own root.
    fn from_patterns(patterns: &[PathBuf]) -> Self {
        Self::Each(patterns.iter().map(|path| FilePattern { path: path.clone(), place: None }).collect())
    }

    /// Restores the project files from the path and the patterns in a document.
    pub(crate) fn restore(single: Option<PathBuf>, patterns: &[PathBuf]) -> Self {
        match (single, patterns) {
            (Some(path), _) => Self::Single(path),
            (None, []) => Self::Default,
            (None, patterns) => Self::from_patterns(patterns),
        }
    }

    /// Returns the path if the files are specified as a single path.
    pub(crate) fn single(&self) -> Option<&Path> {
        match self {
            Self::Single(path) => Some(path),
            Self::Default | Self::Each(_) => None,
        }
    }

    /// Returns the paths and globs. The list is empty unless each file has its own root.
    pub(crate) fn patterns(&self) -> Vec<PathBuf> {
        match self {
            Self::Each(patterns) => patterns.iter().map(|pattern| pattern.path.clone()).collect(),
            Self::Default | Self::Single(_) => Vec::new(),
        }
    }

    /// Returns the options that specify the files.
    pub(crate) fn as_options(&self) -> String {
        let paths = match self {
            Self::Default => vec![super::DEFAULT_FILE.into()],
            Self::Single(path) => vec![path.clone()],
            Self::Each(_) => self.patterns(),
        };
        let option = |path: &PathBuf| format!("--prefect-file {}", in_shell(&path.to_string_lossy()));
        paths.iter().map(option).collect::<Vec<_>>().join(" ")
    }

    /// Returns whether a project file is read from stdin.
    pub(crate) fn include_stdin(&self) -> bool {
        match self {
            Self::Default => false,
            Self::Single(path) => path == Path::new(STDIN),
            Self::Each(patterns) => patterns.iter().any(|pattern| pattern.path == Path::new(STDIN)),
        }
    }
}

impl fmt::Display for ProjectFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str(super::DEFAULT_FILE),
            Self::Single(path) => path.display().fmt(f),
            Self::Each(patterns) => {
                let paths: Vec<_> = patterns.iter().map(|pattern| pattern.path.to_string_lossy()).collect();
                f.write_str(&paths.join(", "))
            }
        }
    }
}

/// Quotes a path for a shell if it contains special characters.
fn in_shell(path: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./".contains(character);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Returns whether a path contains characters that make it a glob.
fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(GLOB_CHARACTERS)
}

/// Finds the files that match the patterns, in the order of the patterns. The matches of a glob are sorted by
/// path. `directory` is the directory of the command.
///
/// Globs skip hidden files and files that Git ignores, and they do not follow symbolic links to directories.
///
/// # Errors
///
/// Fails if a glob matches nothing, if a file that the settings list does not exist, if a path is a directory, if a file is outside of the repository that contains `directory`, or if a
/// file is selected more than once.
pub(crate) fn find(patterns: &[FilePattern], directory: &Path) -> Result<Vec<ProjectFile>, FilesError> {
    let repository = git::work_tree(directory);
    let mut files = Vec::new();
    let mut seen: HashMap<PathBuf, PathBuf> = HashMap::new();
    for FilePattern { path, place } in patterns {
        let failed = |reason| FilesError { place: place.clone(), reason };
        for path in paths(path, directory).map_err(failed)? {
            let file = directory.join(&path);
            if file.is_dir() {
                return Err(failed(FilesProblem::Directory(path)));
            }
            // Another missing file is reported when it is read.
            if place.is_some() && path != Path::new(STDIN) && !file.exists() {
                return Err(failed(FilesProblem::Missing(path)));
            }
            let target = file.canonicalize().unwrap_or_else(|_| file.clone());
            let is_outside = |repository: &&Path| !target.starts_with(repository);
            if let Some(repository) = repository.as_deref().filter(is_outside) {
                return Err(failed(FilesProblem::Outside { path, repository: repository.to_owned() }));
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

/// Returns the files that a path or a glob selects. A glob that is the path of an existing file selects this file.
fn paths(pattern: &Path, directory: &Path) -> Result<Vec<PathBuf>, FilesProblem> {
    if is_glob(pattern) && !directory.join(pattern).exists() {
        matches(pattern, directory)
    } else {
        Ok(vec![without_dot(pattern)])
    }
}

/// Finds the files that match a glob, sorted by path. Relative paths refer to `directory`.
fn matches(glob: &Path, directory: &Path) -> Result<Vec<PathBuf>, FilesProblem> {
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
    let mut found = Vec::new();
    if start.is_dir() {
        let walk = WalkBuilder::new(&start).max_depth(depth).ignore(false).build();
        for entry in walk {
            let entry = entry.map_err(|error| unreadable(&start, error))?;
            let Ok(rest) = entry.path().strip_prefix(&start) else { continue };
            let path = prefix.join(rest);
            if matcher.is_match(&path) && entry.path().is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(FilesProblem::NoMatch(glob.to_owned())) } else { Ok(found) }
}

/// Returns the directory from which the matches of a glob are searched, and the maximum depth of the search.
/// The depth is `None` if the glob contains `**`.
fn search(pattern: &Path) -> (PathBuf, Option<usize>) {
    let is_literal = |component: &Component<'_>| !is_glob(component.as_ref());
    let prefix: PathBuf = pattern.components().take_while(is_literal).collect();
    let rest = pattern.components().count() - prefix.components().count();
    let is_recursive = pattern.to_string_lossy().contains("**") || pattern.to_string_lossy().contains('{');
    (prefix, (!is_recursive).then_some(rest))
}

/// Describes a file that is selected more than once.
fn repeated(first: &Path, second: &Path) -> String {
    if first == second {
        return format!("the project file '{}' is selected twice", first.display());
    }
    format!("the project files '{}' and '{}' are the same file", first.display(), second.display())
}

/// Removes `.` from a path, so that equal files have equal paths.
fn without_dot(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}

fn unreadable(start: &Path, error: ignore::Error) -> FilesProblem {
    let message = error.to_string();
    let error = error.into_io_error().unwrap_or_else(|| std::io::Error::other(message));
    FilesProblem::File(FileError::new("search", start, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        git2::Repository::init(root.join("repository")).unwrap();
        for file in files {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        (folder, root)
    }

    fn found(root: &Path, patterns: &[&str]) -> Result<Vec<String>, String> {
        let patterns: Vec<FilePattern> =
            patterns.iter().map(|path| FilePattern { path: path.into(), place: None }).collect();
        let directory = root.join("repository");
        let files = find(&patterns, &directory)
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
            (&["missing.yaml", "s/a/prefect.yaml"], Ok(&["missing.yaml", "s/a/prefect.yaml"])),
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
                Err("the project file '../outside/prefect.yaml' is outside of the repository [REPOSITORY]"),
            ),
        ] {
            let expected = expected
                .map(|paths| paths.iter().map(ToString::to_string).collect::<Vec<_>>())
                .map_err(ToString::to_string);
            assert_eq!(found(&root, patterns), expected, "{patterns:?}");
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
            let error = find(&[pattern], &root.join("repository")).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.place.as_ref()), (message, Some(&place)));
        }
    }

    #[test]
    fn options_are_quoted_for_a_shell() {
        let options = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            ProjectFiles::from_arguments(&paths).as_options()
        };
        assert_eq!(options(&["a/prefect.yaml"]), "--prefect-file a/prefect.yaml");
        assert_eq!(options(&["*/x.yaml", "b c.yaml"]), "--prefect-file '*/x.yaml' --prefect-file 'b c.yaml'");
        assert_eq!(options(&["it's*"]), r"--prefect-file 'it'\''s*'");
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
            (&["a*.yaml"][..], "the project file 'away.yaml' is outside of the repository [REPOSITORY]"),
            (
                &["a/prefect.yaml", "n*.yaml"],
                "the project files 'a/prefect.yaml' and 'near.yaml' are the same file",
            ),
            (
                &["linked/*.yaml"],
                "the project file 'linked/prefect.yaml' is outside of the repository [REPOSITORY]",
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
        let found = find(&patterns, &root.join("repository")).unwrap();
        assert_eq!(found[0].root, root.join("repository/s/a"));
    }
}
