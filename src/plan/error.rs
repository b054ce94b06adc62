//! Errors of planning.

use crate::{
    api::ApiError,
    build::BuildError,
    plan::{
        ScheduleError,
        ownership::{OwnershipError, UnreadableRecord},
        previews::PreviewError,
        prune::TooManyDeletes,
    },
    validate::PreparationError,
};

/// The reason why a plan cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("deployment '{name}': {error}")]
    Schedules { name: String, error: ScheduleError },
    #[error(transparent)]
    UnreadableRecord(#[from] UnreadableRecord),
    #[error(transparent)]
    Preview(#[from] PreviewError),
    #[error(transparent)]
    TooManyDeletes(#[from] TooManyDeletes),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl From<PreparationError> for PlanError {
    fn from(error: PreparationError) -> Self {
        Self::Build(error.into())
    }
}

impl From<OwnershipError> for PlanError {
    fn from(error: OwnershipError) -> Self {
        match error {
            OwnershipError::Unreadable(error) => Self::UnreadableRecord(error),
            OwnershipError::Api(error) => Self::Api(error),
        }
    }
}
