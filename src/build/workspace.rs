//! The working directory of pull steps.

use std::path::{Path, PathBuf};

use crate::fs::{FileError, TemporaryFolder, private_folder};

/// The error returned if a workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkspaceError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the directory {} is not empty; use an empty directory, because workers start in one", .0.display())]
    NotEmpty(PathBuf),
}

/// The initial working directory of pull steps.
#[derive(Debug)]
pub(super) enum Workspace {
    /// A temporary directory that is deleted with its contents when the value is dropped.
    Temporary(TemporaryFolder),
    /// The absolute path of a directory that the user has specified.
    Kept(PathBuf),
}

impl Workspace {
    /// Creates a temporary directory.
    pub(super) fn temporary() -> Result<Self, WorkspaceError> {
        let folder = private_folder("prefectl-pull-");
        let failed = |error| FileError::new("create a directory in", &std::env::temp_dir(), error);
        Ok(Self::Temporary(folder.map_err(failed)?))
    }

    /// Uses the directory at `path`. Creates the directory if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the directory is not empty.
    pub(super) fn at(path: &Path) -> Result<Self, WorkspaceError> {
        let open = || {
            std::fs::create_dir_all(path)?;
            let is_empty = std::fs::read_dir(path)?.next().is_none();
            Ok((path.canonicalize()?, is_empty))
        };
        match open().map_err(|error| FileError::new("create", path, error))? {
            (path, true) => Ok(Self::Kept(path)),
            (_, false) => Err(WorkspaceError::NotEmpty(path.to_owned())),
        }
    }

    /// Uses the directory `into`, or a temporary directory if `into` is `None`.
    pub(super) fn new(into: Option<&Path>) -> Result<Self, WorkspaceError> {
        into.map_or_else(Self::temporary, Self::at)
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}
