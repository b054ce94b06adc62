//! Errors of planning.

use crate::{
    api::ApiError,
    build::BuildError,
    plan::{ScheduleError, prune::TooManyDeletes},
    records::{RecordError, previews::PreviewError},
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
    Record(#[from] RecordError),
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
