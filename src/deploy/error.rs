//! Errors that end a deploy before it writes anything to the server.

use crate::{
    api::ApiError,
    apply::journal::JournalError,
    build::BuildError,
    plan::{PlanError, prune::TooManyDeletes},
    records::{RecordError, previews::PreviewError},
    validate::PreparationError,
};

/// The error that ended a deploy before its first write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeployError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The saved plan is out of date, for the given reasons.
    #[error("the saved plan is out of date: {}", .0.join("; "))]
    StalePlan(Vec<String>),
    #[error("nothing to resume: the last deploy from this directory to this server is complete")]
    NothingToResume,
    #[error("nothing to roll back: the last deploy from this directory to this server is complete")]
    NothingToRollBack,
    #[error("cannot resume: the last deploy used options that its journal does not contain")]
    NotResumable,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<PreparationError> for DeployError {
    fn from(error: PreparationError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<BuildError> for DeployError {
    fn from(error: BuildError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<TooManyDeletes> for DeployError {
    fn from(error: TooManyDeletes) -> Self {
        Self::Plan(error.into())
    }
}

impl From<PreviewError> for DeployError {
    fn from(error: PreviewError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<RecordError> for DeployError {
    fn from(error: RecordError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<ApiError> for DeployError {
    fn from(error: ApiError) -> Self {
        Self::Plan(error.into())
    }
}
