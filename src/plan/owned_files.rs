//! The project files whose deployments a command may prune.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    deployment::DeployContext,
    git,
    project::{self, ProjectFiles, STDIN},
};

/// A command's project files, with their paths in the project record.
///
/// In a Git repository, paths are relative to the repository root, so they are the same on all machines and in all
/// working directories. Outside a repository, paths are absolute.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedFiles {
    /// Recorded paths, keyed by the command's name for each file. `None` is the name of a single file.
    paths: HashMap<Option<Arc<str>>, String>,
    repository: Option<PathBuf>,
    directory: PathBuf,
    /// Whether the command has a single project file.
    is_single: bool,
}

impl OwnedFiles {
    /// Finds the command's project files. Skips files that cannot be found.
    pub(crate) fn read(ctx: &DeployContext<'_>) -> Self {
        let default = Path::new(project::DEFAULT_FILE);
        let files = match &ctx.options.files {
            ProjectFiles::Each(patterns) => {
                let found = project::find(patterns, ctx.directory, ctx.options.environment_name())
                    .unwrap_or_default();
                found.into_iter().map(|file| file.path).collect()
            }
            files => vec![files.single().unwrap_or(default).to_owned()],
        };
        Self::new(files, ctx.directory)
    }

    fn new(files: Vec<PathBuf>, directory: &Path) -> Self {
        let is_single = files.len() == 1;
        let first = files.first().and_then(|file| directory.join(file).parent().map(Path::to_owned));
        let repository = git::work_tree(first.as_deref().unwrap_or(directory));
        let entry = |file: PathBuf| {
            let name = (!is_single).then(|| file.to_string_lossy().into());
            Some((name, recorded_path(&file, directory)?))
        };
        let paths = files.into_iter().filter_map(entry).collect();
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        Self { paths, repository, directory, is_single }
    }

    /// Returns the recorded path of a file. `name` is the command's name for the file. Returns `None` for stdin.
    pub(super) fn path(&self, name: Option<&Arc<str>>) -> Option<String> {
        self.paths.get(&name.cloned()).cloned()
    }

    /// Returns whether the command is allowed to prune the deployments recorded for a file: the command reads the file,
    /// or the file no longer exists. Deployments recorded without a file belong to the command's only file.
    pub(super) fn own(&self, recorded: Option<&String>) -> bool {
        let Some(recorded) = recorded else { return self.is_single };
        self.paths.values().any(|path| path == recorded) || self.is_removed(Path::new(recorded))
    }

    fn is_removed(&self, recorded: &Path) -> bool {
        match &self.repository {
            Some(root) if recorded.is_relative() => {
                is_missing(&root.join(recorded)) && !git::may_be_outside_of_sparse_checkout(root, recorded)
            }
            // On another machine, the directory of the file may not exist.
            None if recorded.is_absolute() => {
                let is_here =
                    recorded.starts_with(&self.directory) || recorded.parent().is_some_and(Path::exists);
                is_here && is_missing(recorded)
            }
            _ => false,
        }
    }
}

/// Returns whether a file is known not to exist. Returns `false` on an I/O error.
fn is_missing(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}

/// Returns the path to record for a file, or `None` for stdin and for paths that are not valid UTF-8.
fn recorded_path(file: &Path, directory: &Path) -> Option<String> {
    if file == Path::new(STDIN) {
        return None;
    }
    let file = directory.join(file);
    let folder = file.parent()?;
    let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let path = root.join(file.file_name()?);
    let path = match git::work_tree(&root) {
        Some(repository) => path.strip_prefix(repository).ok()?,
        None => &path,
    };
    path.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(is_repository: bool) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        if is_repository {
            git2::Repository::init(folder.path()).unwrap();
        }
        for service in ["a", "b"] {
            std::fs::create_dir_all(folder.path().join(service)).unwrap();
            std::fs::write(folder.path().join(service).join("prefect.yaml"), "").unwrap();
        }
        folder
    }

    #[test]
    fn command_owns_its_files_and_removed_files() {
        for is_repository in [true, false] {
            let folder = tree(is_repository);
            let root = folder.path().canonicalize().unwrap();
            let all = OwnedFiles::new(vec!["a/prefect.yaml".into(), "b/prefect.yaml".into()], &root);
            let [a, b] =
                ["a/prefect.yaml", "b/prefect.yaml"].map(|file| all.path(Some(&file.into())).unwrap());
            assert!(all.own(Some(&a)) && all.own(Some(&b)));
            assert!(!all.own(None), "deployments without a file belong to one of several files");
            let alone = [
                OwnedFiles::new(vec!["prefect.yaml".into()], &root.join("a")),
                OwnedFiles::new(vec!["../a/prefect.yaml".into()], &root.join("b")),
                OwnedFiles::new(vec!["a/prefect.yaml".into()], &root),
            ];
            for files in &alone {
                assert_eq!(files.path(None), Some(a.clone()));
                assert!(files.own(Some(&a)) && !files.own(Some(&b)) && files.own(None));
            }
            std::fs::remove_file(root.join("b/prefect.yaml")).unwrap();
            assert!(alone.iter().all(|files| files.own(Some(&b))), "the file no longer exists");
        }
    }

    #[test]
    fn paths_of_other_machines_are_not_removed_files() {
        let folder = tree(false);
        let files = OwnedFiles::new(vec!["prefect.yaml".into()], &folder.path().join("a"));
        for path in ["/other-machine/project/prefect.yaml", "b/prefect.yaml"] {
            assert!(!files.own(Some(&path.to_owned())), "{path}");
        }
        let stdin = OwnedFiles::new(vec![STDIN.into()], folder.path());
        assert_eq!(stdin.path(None), None);
    }
}
