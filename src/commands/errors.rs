//! From the errors of the domain to exit codes, messages and what to do: the one place that decides.

use crate::{
    api::ApiError,
    cloud::CloudError,
    deploy::{Failure, SelectError},
    deployment::DeploymentError,
    diagnostics::{Code, Diagnostic},
    error::{CommandError, Exit},
    flow_run::{self, runs::FlowRunError},
    fs::FileError,
    local_server::LocalServerError,
    names::{SHOWN, first_of},
    project::ProjectError,
    questions::NoAnswer,
    schedule::when::WhenError,
    settings::SettingsError,
    steps::{RunError, StepError, StepFailure},
    work_pool::WorkPoolError,
};

/// What a deployment lacks, and would be asked for at a terminal.
const QUESTIONS: [Code; 3] = [Code::NO_ENTRYPOINT, Code::NO_NAME, Code::NO_WORK_POOL];

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::usage(error)
    }
}

impl From<NoAnswer> for CommandError {
    fn from(error: NoAnswer) -> Self {
        match error {
            NoAnswer::Interrupted => Self::new(Exit::Interrupted, ""),
            error @ NoAnswer::NoTerminal(_) => Self::new(Exit::NeedsAnswer, error),
        }
    }
}

/// The exit code of a command that an error of the API ended before anything was written.
pub(super) fn exit_of(error: &ApiError) -> Exit {
    match error {
        ApiError::Unreachable { .. }
        | ApiError::Untrusted { .. }
        | ApiError::Timeout { .. }
        | ApiError::Broken { .. } => Exit::Unreachable,
        ApiError::Unauthorized { .. } | ApiError::Forbidden { .. } => Exit::Unauthorized,
        ApiError::InvalidUrl { .. }
        | ApiError::Setup(_)
        | ApiError::NotJson { .. }
        | ApiError::TooManyRedirects { .. } => Exit::Usage,
        _ => Exit::Failed,
    }
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        let exit = exit_of(&error);
        let help = matches!(error, ApiError::Unreachable { .. })
            .then(|| "is the server running, and is PREFECT_API_URL right?".to_owned());
        Self { help, ..Self::new(exit, error) }
    }
}

impl From<FileError> for CommandError {
    fn from(error: FileError) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl From<ProjectError> for CommandError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::File(error) => Self::usage(error)
                .help("name the file with --prefect-file, or go to the directory that has it"),
            ProjectError::Invalid { diagnostics, file } => Self {
                message: format!("{file} is invalid; nothing was registered"),
                ..Self::findings(Exit::Usage, diagnostics)
            },
        }
    }
}

impl From<SelectError> for CommandError {
    fn from(error: SelectError) -> Self {
        match &error {
            SelectError::NoName { names } => {
                let help = format!("use --all, or -n with one of: {}", first_of(names, SHOWN));
                Self::new(Exit::NeedsAnswer, error).help(help)
            }
            _ => Self::usage(error),
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Project(error) => error.into(),
            Failure::Select(error) => error.into(),
            Failure::Api(error) => error.into(),
            Failure::NoAnswer(error) => error.into(),
            Failure::Declined { message, help } => Self::new(Exit::Failed, message).help(help),
            error @ Failure::StalePlan(_) => {
                Self::new(Exit::ChangedMeanwhile, format!("{error}; nothing was registered"))
                    .help("make a new one with `prefectl plan --out`, and look at it again")
            }
            error @ Failure::TooManyDeletes { .. } => Self::new(Exit::Failed, error)
                .help("nothing was registered; is this the file of this project? If so, give a higher --max-deletes"),
            error @ Failure::NotResumable => {
                Self::usage(error).help("run the same command again: it goes on where that one stopped")
            }
            error @ Failure::NothingToResume => {
                Self::usage(error).help("deploy with --all, or with -n and the name of a deployment")
            }
            Failure::Option { error, place: None } => Self::usage(error),
            Failure::Option { error, place } => Self::findings(
                Exit::Usage,
                vec![Diagnostic::error(Code::OPTIONS, error.to_string()).at(place)],
            ),
            Failure::Findings(diagnostics) => {
                let is_question = |one: &Diagnostic| QUESTIONS.contains(&one.code);
                let exit =
                    if diagnostics.iter().all(is_question) { Exit::NeedsAnswer } else { Exit::Failed };
                Self { message: "nothing was registered".into(), ..Self::findings(exit, diagnostics) }
            }
            Failure::Resolve { error, place } => Self::findings(
                Exit::Failed,
                vec![Diagnostic::error(Code::REFERENCE, error.to_string()).at(place)],
            ),
            Failure::Step { failure, place } => step(*failure, place),
            Failure::Schedules { name, error } => {
                Self::new(Exit::Failed, format!("deployment '{name}': {error}"))
                    .help("give every schedule a `slug`, or remove the schedules from the server first")
            }
        }
    }
}

fn step(failure: StepFailure, place: Option<crate::diagnostics::Place>) -> CommandError {
    let message = format!("Encountered error while running {}: {}", failure.name, failure.error);
    let help = match failure.error {
        RunError::Step(StepError::Failed { help, .. }) => help,
        _ => None,
    };
    let diagnostic = Diagnostic { help, ..Diagnostic::error(Code::STEP_FAILED, message).at(place) };
    CommandError {
        message: "a step failed; nothing was registered".into(),
        ..CommandError::findings(Exit::StepFailed, vec![diagnostic])
    }
}

impl From<WhenError> for CommandError {
    fn from(error: WhenError) -> Self {
        Self::usage(error)
    }
}

impl From<flow_run::RunError> for CommandError {
    fn from(error: flow_run::RunError) -> Self {
        use flow_run::RunError;
        match error {
            RunError::Api(error) => error.into(),
            RunError::Deployment(error) => error.into(),
            error @ (RunError::NoDeployment
            | RunError::NameAndId
            | RunError::Argument(_)
            | RunError::Parameters(_)
            | RunError::RunName(_)) => Self::usage(error),
        }
    }
}

impl From<DeploymentError> for CommandError {
    fn from(error: DeploymentError) -> Self {
        match error {
            DeploymentError::Api(error) => error.into(),
            error @ DeploymentError::NameFormat(_) => Self::usage(error),
            error => Self::new(Exit::Failed, error),
        }
    }
}

impl From<FlowRunError> for CommandError {
    fn from(error: FlowRunError) -> Self {
        match error {
            FlowRunError::Api(error) => error.into(),
            error => Self::new(Exit::Failed, error),
        }
    }
}

impl From<WorkPoolError> for CommandError {
    fn from(error: WorkPoolError) -> Self {
        match error {
            WorkPoolError::Api(error) => error.into(),
            error @ WorkPoolError::NoType => Self::new(Exit::NeedsAnswer, error),
            error @ (WorkPoolError::Exists(_)
            | WorkPoolError::NotFound(_)
            | WorkPoolError::NoQueue { .. }) => Self::new(Exit::Failed, error),
            error => Self::usage(error),
        }
    }
}

impl From<LocalServerError> for CommandError {
    fn from(error: LocalServerError) -> Self {
        match error {
            LocalServerError::Api(error) => error.into(),
            LocalServerError::NoPython(_) => Self::usage(error).help(
                "set PREFECT_API_URL to a server that is running, or PREFECTL_PYTHON to a Python that has Prefect",
            ),
            error => Self::new(Exit::Unreachable, error),
        }
    }
}

impl From<CloudError> for CommandError {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::Api(error) => error.into(),
            CloudError::Settings(error) => error.into(),
            error @ CloudError::Refused { .. } => Self::new(Exit::Unauthorized, error),
            error => Self::usage(error),
        }
    }
}
