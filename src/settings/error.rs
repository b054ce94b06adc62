//! Errors that occur while resolving settings.

use std::path::{Path, PathBuf};

use super::{dotenv::TooLarge, value::Origin};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    fs::FileError,
};

/// The error returned if settings cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("Unknown profile '{name}'.")]
    UnknownProfile { name: String, similar: Option<String> },
    #[error(
        "Failed to load Prefect settings from {}: invalid TOML ({reason}, line {})",
        place.source.name(),
        place.start().line
    )]
    Toml { reason: String, place: Place },
    #[error("{problem}")]
    ProjectFiles { problem: ListProblem, place: Place },
    /// A setting with an invalid value. The message does not contain the value because it may be a secret.
    #[error("{name} (from {origin}) must be {expected}")]
    Invalid { name: &'static str, origin: Origin, expected: &'static str },
    #[error("invalid .env: {0}")]
    DotEnv(#[from] TooLarge),
    #[error("invalid profiles in {}: each profile must be a table `[profiles.NAME]`", .0.display())]
    NoTables(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
}

impl SettingsError {
    /// Converts the error to a diagnostic. `folder` is the directory with the settings files, as shown to the user.
    pub(crate) fn diagnostic(self, folder: &Path) -> Diagnostic {
        let is_elsewhere = !folder.as_os_str().is_empty();
        match self {
            Self::Toml { reason, mut place } => {
                let name = folder.join(place.source.name()).to_string_lossy().into_owned();
                place.source = place.source.with_name(name);
                let message = format!("invalid TOML: {reason}");
                Diagnostic::error(Code::INVALID_SETTINGS, message).at(place)
            }
            Self::ProjectFiles { problem, place } => {
                let help = problem.help().map(str::to_owned);
                let diagnostic = Diagnostic::error(Code::PROJECT_FILES, problem.to_string()).at(place);
                Diagnostic { help, ..diagnostic }
            }
            other if is_elsewhere => {
                let message = format!("invalid settings in {}: {other}", folder.display());
                Diagnostic::error(Code::INVALID_SETTINGS, message)
            }
            other => Diagnostic::error(Code::INVALID_SETTINGS, other.to_string()),
        }
    }
}

/// An error in the list of project files. Type names include an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListProblem {
    #[error("`files` must be a list of paths and globs, not {0}")]
    NotAList(&'static str),
    #[error("an item of `files` must be a path or a glob, not {0}")]
    NotAPath(&'static str),
    #[error("the path of a project file is empty")]
    EmptyPath,
    #[error("`files` cannot contain `-` (stdin)")]
    Stdin,
    #[error("`files` lists no project files")]
    Empty,
}

impl ListProblem {
    fn help(self) -> Option<&'static str> {
        match self {
            Self::NotAList("a string") => {
                Some("write the path in brackets, as in `files = [\"prefect.yaml\"]`")
            }
            Self::Empty => Some("list the project files, or remove `files` to use prefect.yaml"),
            Self::Stdin => Some("use --prefect-file on the command line"),
            Self::NotAList(_) | Self::NotAPath(_) | Self::EmptyPath => None,
        }
    }
}

/// The error returned if no API URL is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "No Prefect API URL provided. Please set PREFECT_API_URL to the address of a running Prefect server."
)]
pub(crate) struct NoApiUrl;
