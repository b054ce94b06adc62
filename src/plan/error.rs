//! Planning errors.

use crate::{
    api::ApiError,
    build::BuildError,
    plan::{prune::TooManyDeletes, schedules::MissingSlugs},
    records::{RecordError, previews::PreviewError},
    validate::PreparationError,
};

/// The error returned if a live deployment cannot be updated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpdateError {
    #[error(transparent)]
    MissingSlugs(#[from] MissingSlugs),
    #[error(
        "the server rejects null for job variables with a default value in work pool '{pool}': {}",
        .job_variables.join(", ")
    )]
    NullJobVariables { job_variables: Vec<String>, pool: String },
}

/// The error returned if a plan cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("deployment '{name}': {error}")]
    Update { name: String, error: UpdateError },
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
