//! Errors that occur while settings are resolved.

use std::path::{Path, PathBuf};

use super::value::Origin;
use crate::fs::FileError;

/// The error returned if settings cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("Unknown profile '{name}'.")]
    UnknownProfile { name: String, similar: Option<String> },
    #[error("Failed to load Prefect settings from {file}: invalid TOML ({reason}, line {line})")]
    Toml { file: String, reason: String, line: usize },
    /// A setting with an invalid value. The message does not contain the value because it may be a secret.
    #[error("{name} (from {origin}) must be {expected}")]
    Invalid { name: &'static str, origin: Origin, expected: &'static str },
    #[error("invalid profiles in {}: each profile must be a table `[profiles.NAME]`", .0.display())]
    NoTables(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
}

impl SettingsError {
    /// Adds a folder to the name of the invalid file.
    pub(crate) fn in_folder(self, folder: &Path) -> Self {
        match self {
            Self::Toml { file, reason, line } => {
                Self::Toml { file: folder.join(file).to_string_lossy().into_owned(), reason, line }
            }
            other => other,
        }
    }
}

/// The error returned if no API URL is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "No Prefect API URL provided. Please set PREFECT_API_URL to the address of a running Prefect server."
)]
pub(crate) struct NoApiUrl;
