//! Errors that occur while finding project files.

use std::path::{Path, PathBuf};

use crate::{diagnostics::Place, fs::FileError};

/// The error returned if project files cannot be found.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct FilesError {
    /// Location of the invalid pattern. `None` if the pattern is from the command line.
    pub(crate) place: Option<Place>,
    pub(crate) reason: FilesProblem,
}

/// A problem with a pattern.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesProblem {
    #[error("no project file matches '{}'", .0.display())]
    NoMatch(PathBuf),
    /// A glob that only matches overlay files of other selected files.
    #[error("'{}' only matches overlay files of environments", .0.display())]
    OnlyOverlays(PathBuf),
    #[error("the project file '{}' does not exist", .0.display())]
    Missing(PathBuf),
    /// A pipe, a socket or a device.
    #[error("'{}' is not a regular file", .0.display())]
    Irregular(PathBuf),
    #[error("'{}' is a directory, not a project file", .0.display())]
    Directory(PathBuf),
    #[error("invalid glob '{}': {reason}", glob.display())]
    Glob { glob: PathBuf, reason: String },
    #[error("the project file '{}' is outside the repository {}", path.display(), repository.display())]
    Outside { path: PathBuf, repository: PathBuf },
    #[error("the project file '{}' is outside the directory {}", path.display(), directory.display())]
    OutsideDirectory { path: PathBuf, directory: PathBuf },
    /// A file that is selected more than once, with the paths that select it.
    #[error("{}", repeated(first, second))]
    Repeated { first: PathBuf, second: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
}

impl FilesProblem {
    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoMatch(glob) if glob.to_string_lossy().contains('\\') && cfg!(unix) => {
                Some("separate directories with `/`; in a glob, `\\` escapes the next character")
            }
            Self::NoMatch(_) => Some(
                "globs are relative to the working directory, `**` matches any number of directories, and \
                 files that Git ignores are skipped",
            ),
            Self::Outside { .. } => Some("use --project-dir to run the command in another repository"),
            Self::OutsideDirectory { .. } => Some("select the file with --prefect-file"),
            Self::Repeated { .. } => Some("select each project file only once"),
            Self::Directory(_) => Some("select the files in the directory, such as `DIRECTORY/prefect.yaml`"),
            Self::OnlyOverlays(_) => Some("select the environment with --env"),
            Self::Irregular(_) => Some("list regular files; a pipe can only be selected with --prefect-file"),
            Self::Missing(_) | Self::Glob { .. } | Self::File(_) => None,
        }
    }
}

/// Describes a file that is selected more than once.
fn repeated(first: &Path, second: &Path) -> String {
    if first == second {
        return format!("the project file '{}' is selected twice", first.display());
    }
    format!("the project files '{}' and '{}' are the same file", first.display(), second.display())
}
