//! Errors that occur while deployments are prepared.

use std::path::Path;

use crate::{
    api::ApiError,
    diagnostics::{Code, Diagnostic, Place},
    project::{FilesError, ProjectError},
    settings::SettingsError,
    target::TargetError,
    template::ResolveError,
};

/// The error returned if deployments cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreparationError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Findings that include at least one error.
    #[error("{} finding(s)", .0.len())]
    Findings(Vec<Diagnostic>),
    #[error("{error}")]
    Resolve { error: Box<ResolveError>, place: Option<Place> },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl PreparationError {
    /// Creates the error for project files that cannot be found.
    pub(super) fn files(error: FilesError) -> Self {
        let FilesError { place, reason } = error;
        let help = reason.help().map(str::to_owned);
        let diagnostic = Diagnostic::error(Code::PROJECT_FILES, reason.to_string()).at(place);
        Self::Findings(vec![Diagnostic { help, ..diagnostic }])
    }

    /// Creates the error for invalid settings. `folder` is the directory of the settings files, as shown to the user.
    pub(crate) fn settings(error: SettingsError, folder: &Path) -> Self {
        Self::Findings(vec![error.diagnostic(folder)])
    }

    /// Creates the error for a deployment that cannot be resolved, with the location of the deployment.
    pub(super) fn resolve(error: ResolveError, place: Option<Place>) -> Self {
        Self::Resolve { error: Box::new(error), place }
    }
}
