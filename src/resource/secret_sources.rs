//! Reads block secrets from environment variables and files.

use std::path::{Path, PathBuf};

use crate::{
    environment::Environment,
    fs::{self, FileError},
    project::resources::ValueSource,
    secret::Secret,
};

/// Maximum size of a secret file in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The error returned if a secret value cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("environment variable '{0}' is not set")]
    Unset(String),
    #[error("environment variable '{0}' is empty")]
    Empty(String),
    #[error("file '{}' is in the repository of the project", .0.display())]
    Inside(PathBuf),
    #[error("file '{}' does not exist", .0.display())]
    Missing(PathBuf),
    #[error("'{}' is a directory", .0.display())]
    Directory(PathBuf),
    #[error("file '{}' is larger than {MAX_SIZE} bytes", .0.display())]
    TooLarge(PathBuf),
    #[error("file '{}' is empty", .0.display())]
    EmptyFile(PathBuf),
    #[error("file '{}' is not valid UTF-8", .0.display())]
    NotText(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
}

impl SourceError {
    /// Returns whether the source is missing here but might exist on the deploying machine.
    pub(super) fn depends_on_environment(&self) -> bool {
        matches!(self, Self::Unset(_) | Self::Empty(_) | Self::Missing(_))
    }

    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Unset(_) | Self::Empty(_) => "set the variable to the secret value",
            Self::Inside(_) => "move the file to another directory",
            Self::Directory(_) => "use the path of a file in the directory",
            Self::Missing(_) | Self::File(_) => "create the file, or correct its path",
            Self::TooLarge(_) | Self::NotText(_) | Self::EmptyFile(_) => {
                "use a text file that contains only the secret"
            }
        }
    }
}

/// A reader of secrets from their sources.
pub(super) struct SecretReader<'a> {
    pub(super) environment: &'a Environment,
    /// Absolute path of the project directory.
    pub(super) directory: &'a Path,
    /// Whether to read secrets. If `false`, only their sources are checked.
    pub(super) reads_secrets: bool,
}

impl SecretReader<'_> {
    /// Returns the value of a source, or `None` if secrets are not read.
    ///
    /// # Errors
    ///
    /// Fails if the variable is not set, the file does not exist, or the file belongs to the project.
    pub(super) fn read(&self, source: &ValueSource) -> Result<Option<Secret>, SourceError> {
        match source {
            ValueSource::Environment(name) => {
                let value = self.environment.get(name).ok_or_else(|| SourceError::Unset(name.clone()))?;
                if value.is_empty() {
                    return Err(SourceError::Empty(name.clone()));
                }
                Ok(self.reads_secrets.then(|| Secret::new(value)))
            }
            ValueSource::File(path) => self.file(self.absolute(path)),
        }
    }

    fn file(&self, path: PathBuf) -> Result<Option<Secret>, SourceError> {
        if fs::is_inside(&path, self.directory) {
            return Err(SourceError::Inside(path));
        }
        if path.is_dir() {
            return Err(SourceError::Directory(path));
        }
        if !path.is_file() {
            return Err(SourceError::Missing(path));
        }
        if !self.reads_secrets {
            return Ok(None);
        }
        let bytes = fs::read_bytes_up_to(&path, MAX_SIZE)?;
        let bytes = bytes.ok_or_else(|| SourceError::TooLarge(path.clone()))?;
        let text = String::from_utf8(bytes).map_err(|_| SourceError::NotText(path.clone()))?;
        match text.trim_end_matches(['\n', '\r']) {
            "" => Err(SourceError::EmptyFile(path)),
            text => Ok(Some(Secret::new(text))),
        }
    }

    /// Returns a file's absolute path. `~` is the home directory.
    fn absolute(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.environment.non_empty("HOME")) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => self.directory.join(path),
        }
    }
}
