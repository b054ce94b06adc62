//! Properties of a Git repository and its current commit, read with libgit2.

use std::path::{Path, PathBuf};

use git2::{IndexEntryExtendedFlag, Repository, StatusOptions};

use super::time_limit::{ALL_FILES, FEW_FILES, LimitError, within};

/// Length of an abbreviated commit ID.
const SHORT_LENGTH: usize = 8;

/// Properties of a repository that has at least one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The root directory of the working tree.
    pub(crate) root: PathBuf,
    pub(crate) sha: String,
    /// The name of the current branch. `None` if `HEAD` is detached.
    pub(crate) branch: Option<String>,
    /// The URL of the remote `origin`, as configured in the repository.
    pub(crate) remote: Option<String>,
    /// The first line of the commit message. `None` if the message is empty.
    pub(crate) message: Option<String>,
}

/// Returns the root of the Git working tree that contains a directory, with symbolic links resolved.
///
/// Returns `None` if there is no repository, or if the repository has no working tree, belongs to another user or
/// cannot be read.
pub(crate) fn work_tree(directory: &Path) -> Option<PathBuf> {
    let directory = directory.to_owned();
    within(FEW_FILES, move || Repository::discover(directory).ok()?.workdir()?.canonicalize().ok()).ok()?
}

/// Returns whether a sparse checkout excludes a file, or may exclude it because the index cannot be read. `path` is
/// relative to the root of the working tree.
pub(crate) fn may_be_outside_of_sparse_checkout(root: &Path, path: &Path) -> bool {
    let (root, path) = (root.to_owned(), path.to_owned());
    let is_outside = move || -> Result<bool, GitError> {
        let entry = Repository::open(root)?.index()?.get_path(&path, 0);
        Ok(entry.is_some_and(|entry| {
            IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree()
        }))
    };
    within(FEW_FILES, is_outside).map_err(GitError::from).flatten().unwrap_or(true)
}

/// Finds the repository that contains a directory.
///
/// Returns `None` if there is no repository, or if the repository has no commit or no working tree, belongs to another
/// user or cannot be read.
pub(crate) fn discover(directory: &Path) -> Option<Facts> {
    let directory = directory.to_owned();
    within(FEW_FILES, move || Facts::read(&directory)).ok()?
}

impl Facts {
    fn read(directory: &Path) -> Option<Self> {
        let repository = Repository::discover(directory).ok()?;
        let head = repository.head().ok()?;
        let commit = head.peel_to_commit().ok()?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let branch = head.is_branch().then(|| String::from_utf8_lossy(head.shorthand_bytes()).into_owned());
        let config = repository.config().and_then(|mut config| config.snapshot()).ok()?;
        let remote = config.get_string("remote.origin.url").ok();
        Some(Self {
            root: repository.workdir()?.to_owned(),
            sha: commit.id().to_string(),
            branch,
            remote: remote.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()),
            message: message.trim().lines().next().map(str::to_owned),
        })
    }

    /// Returns the abbreviated ID of the current commit.
    pub(crate) fn short_sha(&self) -> &str {
        self.sha.get(..SHORT_LENGTH).unwrap_or(&self.sha)
    }

    /// Returns the current commit's tag, or `None` if the commit has no tag or the tags cannot be read. If the commit
    /// has multiple tags, returns the alphabetically last tag, which is usually the newest version.
    ///
    /// This method and [`Facts::is_dirty`] compute their results on each call. Both can be slow, and most callers need
    /// neither.
    pub(crate) fn tag(&self) -> Option<String> {
        let (root, sha) = (self.root.clone(), self.sha.clone());
        let last_tag = move || {
            let repository = Repository::open(root).ok()?;
            let mut tags: Vec<String> = Vec::new();
            for reference in repository.references_glob("refs/tags/*").ok()?.flatten() {
                let is_here = reference.peel_to_commit().is_ok_and(|commit| commit.id().to_string() == sha);
                if is_here {
                    tags.push(String::from_utf8_lossy(reference.shorthand_bytes()).into_owned());
                }
            }
            tags.into_iter().max()
        };
        within(ALL_FILES, last_tag).ok()?
    }

    /// Checks whether tracked files differ from the current commit. Ignores untracked files, like
    /// `git describe --dirty`.
    pub(crate) fn is_dirty(&self) -> Result<bool, GitError> {
        let root = self.root.clone();
        let has_changes = move || -> Result<bool, GitError> {
            let repository = Repository::open(root)?;
            let mut options = StatusOptions::new();
            options.include_untracked(false).include_ignored(false);
            Ok(!repository.statuses(Some(&mut options))?.is_empty())
        };
        within(ALL_FILES, has_changes)?
    }
}

/// Error for a repository that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the Git repository: {0}")]
pub(crate) enum GitError {
    Git(#[from] git2::Error),
    Limit(#[from] LimitError),
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Creates a repository with a single commit on the branch `main`, in a new temporary directory.
    pub(crate) fn repository(message: &str, remote: Option<&str>) -> (tempfile::TempDir, Repository) {
        let directory = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        let repository = Repository::init_opts(directory.path(), options.initial_head("main")).unwrap();
        std::fs::write(directory.path().join("flow.py"), "print()\n").unwrap();
        let tree = {
            let mut index = repository.index().unwrap();
            index.add_path(Path::new("flow.py")).unwrap();
            index.write().unwrap();
            index.write_tree().unwrap()
        };
        let author = git2::Signature::new("A", "a@example.com", &git2::Time::new(0, 0)).unwrap();
        {
            let tree = repository.find_tree(tree).unwrap();
            repository.commit(Some("HEAD"), &author, &author, message, &tree, &[]).unwrap();
        }
        if let Some(url) = remote {
            repository.remote("origin", url).unwrap();
        }
        (directory, repository)
    }

    #[test]
    fn reads_facts_of_the_current_commit() {
        let (directory, repository) =
            repository("\nAdd the flow\n\nIt greets.\n", Some("https://github.com/acme/etl.git"));
        let inside = directory.path().join("flows");
        std::fs::create_dir(&inside).unwrap();
        let facts = discover(&inside).unwrap();
        let sha = repository.head().unwrap().peel_to_commit().unwrap().id().to_string();
        assert_eq!(facts.root.canonicalize().unwrap(), directory.path().canonicalize().unwrap());
        assert_eq!((facts.sha.as_str(), facts.short_sha()), (sha.as_str(), &sha[..8]));
        assert_eq!(facts.branch.as_deref(), Some("main"));
        assert_eq!(facts.remote.as_deref(), Some("https://github.com/acme/etl.git"));
        assert_eq!(facts.message.as_deref(), Some("Add the flow"));
        assert_eq!(facts.tag(), None);
    }

    #[test]
    fn reports_no_branch_for_a_detached_head() {
        let (directory, repository) = repository("one", None);
        let id = repository.head().unwrap().peel_to_commit().unwrap().id();
        repository.set_head_detached(id).unwrap();
        let facts = discover(directory.path()).unwrap();
        assert_eq!((facts.branch, facts.remote), (None, None));
    }

    #[test]
    fn finds_lightweight_and_annotated_tags() {
        let (directory, repository) = repository("one", None);
        let commit = repository.head().unwrap().peel_to_commit().unwrap();
        repository.tag_lightweight("v1.0", commit.as_object(), false).unwrap();
        let facts = discover(directory.path()).unwrap();
        assert_eq!(facts.tag().as_deref(), Some("v1.0"));
        repository.tag("v1.1", commit.as_object(), &commit.author(), "release", false).unwrap();
        assert_eq!(facts.tag().as_deref(), Some("v1.1"));
    }

    #[test]
    fn only_tracked_files_make_a_repository_dirty() {
        let (directory, _repository) = repository("one", None);
        let facts = discover(directory.path()).unwrap();
        std::fs::write(directory.path().join("new.py"), "").unwrap();
        assert!(!facts.is_dirty().unwrap());
        std::fs::write(directory.path().join("flow.py"), "print(1)\n").unwrap();
        assert!(facts.is_dirty().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_a_repository_does_not_block() {
        let (directory, _repository) = repository("one", None);
        let config = directory.path().join(".git/config");
        std::fs::remove_file(&config).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(config).status().unwrap().success());
        assert_eq!(discover(directory.path()), None);
    }

    #[test]
    fn may_be_outside_of_a_sparse_checkout_only_if_the_index_says_so_or_is_invalid() {
        let (directory, _repository) = repository("one", None);
        let may_be_outside = || may_be_outside_of_sparse_checkout(directory.path(), Path::new("flow.py"));
        assert!(!may_be_outside());
        std::fs::write(directory.path().join(".git/index"), "no index").unwrap();
        assert!(may_be_outside());
    }

    #[test]
    fn finds_nothing_in_a_repository_without_commits() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(discover(directory.path()), None);
        Repository::init(directory.path()).unwrap();
        assert_eq!(discover(directory.path()), None);
    }
}
