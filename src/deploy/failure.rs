//! Why a deploy registered nothing.

use crate::{
    api::ApiError,
    build::PullError,
    diagnostics::{Diagnostic, Place},
    plan::{ScheduleError, prune::TooManyDeletes},
    project::{Project, ProjectError},
    questions::NoAnswer,
    steps::StepFailure,
    target::{OptionError, SelectError, TargetError},
    template::ResolveError,
};

/// The end of a deploy before its first write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Select(#[from] SelectError),
    /// An option, or the file where it contradicts itself.
    #[error("{error}")]
    Option { error: Box<OptionError>, place: Option<Place> },
    /// Everything that is wrong.
    #[error("{} finding(s)", .0.len())]
    Findings(Vec<Diagnostic>),
    #[error("{error}")]
    Resolve { error: Box<ResolveError>, place: Option<Place> },
    #[error("{failure}")]
    Step { failure: Box<StepFailure>, place: Option<Place> },
    #[error("deployment '{name}': {error}")]
    Schedules { name: String, error: ScheduleError },
    /// What is no longer as a saved plan has it.
    #[error("the plan does not hold any more: {}", .0.join("; "))]
    StalePlan(Vec<String>),
    #[error("there is nothing to resume: the last deploy from this directory to this server was finished")]
    NothingToResume,
    #[error("the last deploy had options for what it deployed, which were not kept")]
    NotResumable,
    #[error(transparent)]
    TooManyDeletes(#[from] TooManyDeletes),
    /// A question that nobody answered.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// An answer with which nothing can be deployed, and what to do.
    #[error("{message}")]
    Declined { message: &'static str, help: &'static str },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Failure {
    /// A failed lookup of the server is the server's failure.
    pub(super) fn resolve(error: ResolveError, place: Option<Place>) -> Self {
        Self::Resolve { error: Box::new(error), place }
    }

    pub(super) fn step(failure: StepFailure, project: &Project) -> Self {
        let place = project.place(&failure.pointer);
        Self::Step { failure: Box::new(failure), place }
    }

    pub(super) fn pull(error: PullError, project: &Project) -> Self {
        match error {
            PullError::Step(failure) => Self::step(failure, project),
            PullError::Findings(findings) => Self::Findings(findings),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Select(error) => Self::Select(error),
            TargetError::Option { error, place } => Self::Option { error, place },
            TargetError::NoAnswer(error) => Self::NoAnswer(error),
            TargetError::Declined { message, help } => Self::Declined { message, help },
            TargetError::Api(error) => Self::Api(error),
        }
    }
}
