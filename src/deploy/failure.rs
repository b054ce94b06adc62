//! Errors that end a deploy before it writes anything to the server.

use crate::{
    api::ApiError,
    apply::journal::JournalError,
    build::{BuildError, UnwrittenLock},
    diagnostics::{Diagnostic, Place},
    plan::{PlanError, UpdateError, prune::TooManyDeletes},
    project::ProjectError,
    questions::NoAnswer,
    records::{RecordError, previews::PreviewError},
    steps::StepFailure,
    target::{OptionError, SelectError, TargetError},
    template::ResolveError,
    validate::PreparationError,
};

/// The error that ended a deploy before its first write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Select(#[from] SelectError),
    #[error(transparent)]
    Option(#[from] OptionError),
    /// Findings that include at least one error.
    #[error("{} finding(s)", .0.len())]
    Findings(Vec<Diagnostic>),
    #[error("{error}")]
    Resolve { error: Box<ResolveError>, place: Option<Place> },
    #[error("{failure}")]
    Step { failure: Box<StepFailure>, place: Option<Place> },
    #[error("deployment '{name}': {error}")]
    Update { name: String, error: UpdateError },
    #[error(transparent)]
    ImageLock(#[from] UnwrittenLock),
    /// The saved plan is out of date, for the given reasons.
    #[error("the saved plan is out of date: {}", .0.join("; "))]
    StalePlan(Vec<String>),
    #[error("nothing to resume: the last deploy from this directory to this server is complete")]
    NothingToResume,
    #[error("nothing to roll back: the last deploy from this directory to this server is complete")]
    NothingToRollBack,
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("cannot resume: the last deploy used options that its journal does not contain")]
    NotResumable,
    #[error(transparent)]
    TooManyDeletes(#[from] TooManyDeletes),
    #[error(transparent)]
    Preview(#[from] PreviewError),
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The user did not answer a question.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// An answer with which a deploy is impossible. `help` describes how to proceed.
    #[error("{message}")]
    Declined { message: &'static str, help: &'static str },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl From<PreparationError> for Failure {
    fn from(error: PreparationError) -> Self {
        match error {
            PreparationError::Project(error) => Self::Project(error),
            PreparationError::Target(error) => error.into(),
            PreparationError::Findings(findings) => Self::Findings(findings),
            PreparationError::Resolve { error, place } => Self::Resolve { error, place },
            PreparationError::Api(error) => Self::Api(error),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Preparation(error) => error.into(),
            BuildError::Step { failure, place } => Self::Step { failure, place },
            BuildError::ImageLock(error) => Self::ImageLock(error),
            BuildError::Api(error) => Self::Api(error),
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Build(error) => error.into(),
            PlanError::Update { name, error } => Self::Update { name, error },
            PlanError::Record(error) => Self::Record(error),
            PlanError::Preview(error) => Self::Preview(error),
            PlanError::TooManyDeletes(error) => Self::TooManyDeletes(error),
            PlanError::Api(error) => Self::Api(error),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Select(error) => Self::Select(error),
            TargetError::Option(error) => Self::Option(error),
            TargetError::NoAnswer(error) => Self::NoAnswer(error),
            TargetError::Declined { message, help } => Self::Declined { message, help },
            TargetError::Api(error) => Self::Api(error),
        }
    }
}
