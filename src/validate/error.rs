//! Errors of preparing deployments.

use crate::{
    api::ApiError,
    diagnostics::{Diagnostic, Place},
    project::ProjectError,
    target::TargetError,
    template::ResolveError,
};

/// The reason why deployments cannot be prepared.
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
    /// Creates the error for a deployment that cannot be resolved, with the location of the deployment.
    pub(super) fn resolve(error: ResolveError, place: Option<Place>) -> Self {
        Self::Resolve { error: Box::new(error), place }
    }
}
