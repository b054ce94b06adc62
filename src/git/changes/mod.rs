//! Files that differ between two commits, or between a commit and the working tree.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use git2::{
    Delta, Diff, DiffDelta, DiffOptions, ErrorCode, FileMode, Index, IndexEntryExtendedFlag, ObjectType, Oid,
    Repository, Tree,
};

use super::time_limit::{ALL_FILES, FEW_FILES, LimitError, within};

/// Maximum size of an old version of a file in bytes. A compressed object of one megabyte may expand to a gigabyte.
const LARGEST_FILE: usize = 64 << 20;

/// Default revision for an omitted side of a range.
const HEAD: &str = "HEAD";

/// The old and the new repository state to compare, in Git's notation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RevisionRange {
    /// `A...B`: the merge base of both revisions, and the second revision.
    MergeBase { from: String, to: String },
    /// `A..B`: the two revisions.
    Revisions { from: String, to: String },
    /// `A`: the revision, and the working tree including uncommitted changes.
    WorkingTree { from: String },
}

/// Error for a string that is not a valid revision range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `A...B`, `A..B` or `A`, where A and B are revisions")]
pub(crate) struct InvalidRange;

impl FromStr for RevisionRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let revision = |text: &str| match text.trim() {
            "" => HEAD.to_owned(),
            text => text.to_owned(),
        };
        if text.trim_matches([' ', '.']).is_empty() {
            return Err(InvalidRange);
        }
        if let Some((from, to)) = text.split_once("...") {
            return Ok(Self::MergeBase { from: revision(from), to: revision(to) });
        }
        match text.split_once("..") {
            Some((from, to)) => Ok(Self::Revisions { from: revision(from), to: revision(to) }),
            None => Ok(Self::WorkingTree { from: revision(text) }),
        }
    }
}

impl fmt::Display for RevisionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MergeBase { from, to } => write!(f, "{from}...{to}"),
            Self::Revisions { from, to } => write!(f, "{from}..{to}"),
            Self::WorkingTree { from } => f.write_str(from),
        }
    }
}

/// The error returned if changes cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangesError {
    #[error("'{}' is not in a Git repository", .0.display())]
    NoRepository(PathBuf),
    #[error("the Git repository of '{}' has no working tree", .0.display())]
    NoWorkingTree(PathBuf),
    #[error("the Git repository of '{}' belongs to another user", .0.display())]
    Owner(PathBuf),
    #[error("unknown revision '{revision}'")]
    UnknownRevision { revision: String, is_shallow: bool },
    #[error("'{from}' and '{to}' have no merge base{}", if *.is_shallow { " in this shallow clone" } else { "" })]
    NoMergeBase { from: String, to: String, is_shallow: bool },
    #[error("'{}' is outside the Git repository {}", path.display(), root.display())]
    Outside { path: PathBuf, root: PathBuf },
    #[error("the old version of '{path}' is larger than {} MiB", LARGEST_FILE >> 20)]
    TooLarge { path: String },
    #[error("cannot read the Git repository: {0}")]
    Git(String),
}

impl ChangesError {
    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        const DEPTH: &str =
            "fetch the history with `git fetch --unshallow`, or with `fetch-depth: 0` of actions/checkout";
        match self {
            Self::NoRepository(_) | Self::NoWorkingTree(_) => {
                Some("run the command in a clone, or select deployments without `changed`".to_owned())
            }
            Self::Owner(directory) => {
                Some(format!("run `git config --global --add safe.directory {}`", directory.display()))
            }
            Self::UnknownRevision { is_shallow: true, .. } | Self::NoMergeBase { is_shallow: true, .. } => {
                Some(DEPTH.to_owned())
            }
            Self::UnknownRevision { revision, .. } => Some(match revision.split_once('/') {
                Some((remote, branch)) => format!("fetch it, for example with `git fetch {remote} {branch}`"),
                None => "pass a branch, a tag or a commit that exists in this clone".to_owned(),
            }),
            Self::NoMergeBase { from, to, .. } => {
                Some(format!("the histories are unrelated; compare both revisions with `{from}..{to}`"))
            }
            Self::Outside { .. } | Self::TooLarge { .. } | Self::Git(_) => None,
        }
    }
}

impl From<git2::Error> for ChangesError {
    fn from(error: git2::Error) -> Self {
        Self::Git(error.message().to_owned())
    }
}

impl From<LimitError> for ChangesError {
    fn from(error: LimitError) -> Self {
        Self::Git(error.to_string())
    }
}

/// Files that differ between two repository states.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Absolute path of the working tree, with symbolic links resolved.
    root: PathBuf,
    /// Paths of files that were added, modified or deleted, relative to the root and with `/` as the separator.
    pub(crate) paths: BTreeSet<String>,
    /// The paths of files that do not exist in the new state.
    pub(crate) deleted: BTreeSet<String>,
    /// The commit of the old state.
    old: Option<Oid>,
    /// Whether the new state is the working tree or the checked-out commit.
    pub(crate) is_checked_out: bool,
}

impl Changes {
    /// Compares two states of the repository that contains `directory`.
    ///
    /// Untracked files belong to the working tree unless they are ignored.
    ///
    /// # Errors
    ///
    /// Fails if there is no repository, if a revision or the merge base does not exist, or if the repository cannot be
    /// read in time.
    pub(crate) fn between(range: &RevisionRange, directory: &Path) -> Result<Self, ChangesError> {
        let (range, directory) = (range.clone(), directory.to_owned());
        within(ALL_FILES, move || Self::compare(&range, &directory))?
    }

    fn compare(range: &RevisionRange, directory: &Path) -> Result<Self, ChangesError> {
        let repository = open(directory)?;
        let root = repository.workdir().ok_or_else(|| ChangesError::NoWorkingTree(directory.to_owned()))?;
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let mut options = DiffOptions::new();
        options.include_typechange(true);
        let old = first_commit(&repository, range)?;
        let old_tree = repository.find_commit(old)?.tree()?;
        let mut is_checked_out = true;
        let diff = match range {
            RevisionRange::WorkingTree { .. } => {
                options.include_untracked(true).recurse_untracked_dirs(true);
                repository.diff_tree_to_workdir_with_index(Some(&old_tree), Some(&mut options))?
            }
            RevisionRange::MergeBase { to, .. } | RevisionRange::Revisions { to, .. } => {
                let new = commit(&repository, to)?;
                is_checked_out = commit(&repository, HEAD).is_ok_and(|head| head == new);
                let new_tree = repository.find_commit(new)?.tree()?;
                repository.diff_tree_to_tree(Some(&old_tree), Some(&new_tree), Some(&mut options))?
            }
        };
        let index = repository.index().ok();
        let is_reverted = |delta: &DiffDelta<'_>| {
            matches!(range, RevisionRange::WorkingTree { .. })
                && (is_unmodified(delta, &old_tree, &root) || is_sparse(delta, &old_tree, index.as_ref()))
        };
        let (paths, deleted) = changed_paths(&diff, is_reverted);
        Ok(Self { root, paths, deleted, old: Some(old), is_checked_out })
    }

    /// Returns the absolute path of the working tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of a file relative to the root, with `/` as the separator, or `None` for a file outside the
    /// repository.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let mut names: Vec<&OsStr> = Vec::new();
        for component in path.strip_prefix(&self.root).ok()?.components() {
            match component {
                Component::Normal(name) => names.push(name),
                Component::ParentDir => drop(names.pop()?),
                _ => {}
            }
        }
        let names: Vec<_> = names.into_iter().map(OsStr::to_string_lossy).collect();
        Some(names.join("/"))
    }

    /// Returns whether a file, or a submodule or symbolic link that contains the file, has changed.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.containing(path).is_some()
    }

    /// Returns the changed path that matches or contains the file at an absolute path, or `None` if no changed path
    /// does.
    pub(crate) fn find(&self, path: &Path) -> Option<&str> {
        self.containing(&self.relative(path)?)
    }

    fn containing(&self, path: &str) -> Option<&str> {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.chain([path]).find_map(|path| self.paths.get(path)).map(String::as_str)
    }

    /// Returns the changed files in `directory`, a path relative to the root. An empty string refers to the root.
    pub(crate) fn below(&self, directory: &str) -> impl Iterator<Item = &str> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let start = prefix.clone();
        self.paths.range(start..).map(String::as_str).take_while(move |path| path.starts_with(&prefix))
    }

    /// Reads the old version of a file. Returns `None` if the file did not exist, or if a partial clone does not have
    /// its content.
    ///
    /// # Errors
    ///
    /// Fails if the repository cannot be read.
    pub(crate) fn old_content(&self, path: &str) -> Result<Option<Vec<u8>>, ChangesError> {
        let Some(old) = self.old else { return Ok(None) };
        let (root, path) = (self.root.clone(), path.to_owned());
        within(FEW_FILES, move || content(old, path, &root))?
    }

    /// Creates changes in a repository at `root` for tests. `paths` may omit the paths in `deleted`.
    #[cfg(test)]
    pub(crate) fn of(root: &Path, paths: &[&str], deleted: &[&str]) -> Self {
        let set = |paths: &[&str]| paths.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let deleted = set(deleted);
        Self {
            root: root.to_owned(),
            paths: &set(paths) | &deleted,
            deleted,
            old: None,
            is_checked_out: true,
        }
    }
}

/// Reads a file of a commit, like [`Changes::old_content`].
fn content(id: Oid, path: String, root: &Path) -> Result<Option<Vec<u8>>, ChangesError> {
    let repository = open(root)?;
    let tree = repository.find_commit(id)?.tree()?;
    match tree.get_path(Path::new(&path)) {
        Ok(entry) => {
            // Reading the header does not load the object.
            let header = repository.odb()?.read_header(entry.id());
            if header.is_ok_and(|(size, _)| size > LARGEST_FILE) {
                return Err(ChangesError::TooLarge { path });
            }
            let object = entry.to_object(&repository).ok();
            Ok(object.and_then(|object| Some(object.as_blob()?.content().to_vec())))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn open(directory: &Path) -> Result<Repository, ChangesError> {
    Repository::discover(directory).map_err(|error| match error.code() {
        ErrorCode::NotFound => ChangesError::NoRepository(directory.to_owned()),
        ErrorCode::Owner => ChangesError::Owner(directory.to_owned()),
        _ => error.into(),
    })
}

fn commit(repository: &Repository, revision: &str) -> Result<Oid, ChangesError> {
    let found = repository.revparse_single(revision).and_then(|object| object.peel_to_commit());
    found.map(|commit| commit.id()).map_err(|_| ChangesError::UnknownRevision {
        revision: revision.to_owned(),
        is_shallow: repository.is_shallow(),
    })
}

/// Returns the commit of the old state.
fn first_commit(repository: &Repository, range: &RevisionRange) -> Result<Oid, ChangesError> {
    match range {
        RevisionRange::Revisions { from, .. } | RevisionRange::WorkingTree { from } => {
            commit(repository, from)
        }
        RevisionRange::MergeBase { from, to } => {
            let (first, second) = (commit(repository, from)?, commit(repository, to)?);
            repository.merge_base(first, second).map_err(|_| ChangesError::NoMergeBase {
                from: from.clone(),
                to: to.clone(),
                is_shallow: repository.is_shallow(),
            })
        }
    }
}

/// Returns whether a working tree file has the same content and mode as its entry in `tree`.
///
/// Used to exclude files that were staged and then reverted, because a diff that includes the index lists
/// them.
fn is_unmodified(delta: &DiffDelta<'_>, tree: &Tree<'_>, root: &Path) -> bool {
    let [old, new] = [delta.old_file(), delta.new_file()];
    let Some(path) = new.path().filter(|_| delta.status() == Delta::Modified && old.mode() == new.mode())
    else {
        return false;
    };
    let is_file = matches!(new.mode(), FileMode::Blob | FileMode::BlobExecutable);
    let content = || Oid::hash_file(ObjectType::Blob, root.join(path)).ok();
    is_file && tree.get_path(path).is_ok_and(|entry| content() == Some(entry.id()))
}

/// Returns whether a file is missing in the working tree only because a sparse checkout excludes it.
fn is_sparse(delta: &DiffDelta<'_>, tree: &Tree<'_>, index: Option<&Index>) -> bool {
    let path = delta.old_file().path().filter(|_| delta.status() == Delta::Deleted);
    let Some((path, index)) = path.zip(index) else { return false };
    let Some(entry) = index.get_path(path, 0) else { return false };
    IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree()
        && tree.get_path(path).is_ok_and(|old| old.id() == entry.id)
}

/// Returns all paths in a diff, and the paths that exist only in its old state. Skips deltas for which `is_same`
/// returns true.
fn changed_paths(
    diff: &Diff<'_>,
    is_same: impl Fn(&DiffDelta<'_>) -> bool,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut paths = BTreeSet::new();
    let mut deleted = BTreeSet::new();
    for delta in diff.deltas().filter(|delta| !is_same(delta)) {
        let path = |file: git2::DiffFile<'_>| {
            let path = String::from_utf8_lossy(file.path_bytes()?).into_owned();
            // The path of an untracked repository ends with a slash.
            Some(path.trim_end_matches('/').to_owned())
        };
        if delta.status() == Delta::Deleted {
            deleted.extend(path(delta.old_file()));
        }
        paths.extend([delta.old_file(), delta.new_file()].into_iter().filter_map(path));
    }
    (paths, deleted)
}

#[cfg(test)]
mod tests;
