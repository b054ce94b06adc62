//! Step execution errors.

use super::PullError;
use crate::{
    api::ApiError, build::image_lock::UnwrittenLock, diagnostics::Place, project::Project,
    steps::StepFailure, validate::PreparationError,
};

/// The error returned if deployment steps do not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(transparent)]
    Preparation(#[from] PreparationError),
    #[error("{failure}")]
    Step { failure: Box<StepFailure>, place: Option<Place> },
    #[error(transparent)]
    ImageLock(#[from] UnwrittenLock),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl BuildError {
    /// Creates the error for a failed step, including the step's location.
    pub(crate) fn step(failure: StepFailure, project: &Project) -> Self {
        let place = project.place(&failure.pointer);
        Self::Step { failure: Box::new(failure), place }
    }

    pub(crate) fn pull(error: PullError, project: &Project) -> Self {
        match error {
            PullError::Step(failure) => Self::step(failure, project),
            PullError::Findings(findings) => PreparationError::Findings(findings).into(),
        }
    }
}
