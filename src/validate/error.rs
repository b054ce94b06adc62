//! Errors of preparing deployments.

use crate::{
    api::ApiError,
    diagnostics::{Diagnostic, Place},
    project::ProjectError,
    target::TargetError,
    template::ResolveError,
};

/// Reason why deployments cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreparationError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Target(#[from] TargetError),
    /// All errors found in the file.
    #[error("{} finding(s)", .0.len())]
    Findings(Vec<Diagnostic>),
    #[error("{error}")]
    Resolve { error: Box<ResolveError>, place: Option<Place> },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl PreparationError {
    /// Adds the location of the deployment to an error of resolving it.
    pub(super) fn resolve(error: ResolveError, place: Option<Place>) -> Self {
        Self::Resolve { error: Box::new(error), place }
    }
}
