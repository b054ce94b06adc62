//! Converts the errors of all operations to exit codes, messages and help texts.

mod deploy;
mod project;
mod selection;

pub(super) use deploy::{exit_of_write, without_result};

use crate::{
    api::ApiError,
    cloud::CloudError,
    deployment::DeploymentError,
    error::{CommandError, Exit},
    flow_run::{CreateRunError, runs::FlowRunError},
    fs::FileError,
    local_server::LocalServerError,
    names::{SHOWN, first_of},
    questions::NoAnswer,
    records::RecordError,
    schedule::when::WhenError,
    settings::SettingsError,
    work_pool::WorkPoolError,
};

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::UnknownProfile { similar, .. } => Self::usage(&error).suggest(similar.as_deref()),
            error => Self::usage(error),
        }
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

/// Returns the exit code for an API error that occurred before anything was written.
fn exit_of(error: &ApiError) -> Exit {
    match error {
        ApiError::Unreachable { .. }
        | ApiError::ProxyUnreachable { .. }
        | ApiError::ProxyRefused { .. }
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
            .then(|| "check that the server is running and that PREFECT_API_URL is correct".to_owned());
        Self { help, ..Self::new(exit, error) }
    }
}

impl From<FileError> for CommandError {
    fn from(error: FileError) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl From<RecordError> for CommandError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Api(error) => error.into(),
            RecordError::Contended(_) => Self::new(Exit::Failed, error).help("run the command again"),
            RecordError::Unreadable(ref unreadable) => {
                let help = format!(
                    "correct the variable, or delete it with `prefectl variable delete {}` and deploy the \
                     project again",
                    unreadable.variable
                );
                Self::new(Exit::Failed, error).help(help)
            }
        }
    }
}

impl From<WhenError> for CommandError {
    fn from(error: WhenError) -> Self {
        Self::usage(error)
    }
}

impl From<CreateRunError> for CommandError {
    fn from(error: CreateRunError) -> Self {
        match error {
            CreateRunError::Api(error) => error.into(),
            CreateRunError::Deployment(error) => error.into(),
            error @ (CreateRunError::NoDeployment
            | CreateRunError::NameAndId
            | CreateRunError::Argument(_)
            | CreateRunError::Parameters(_)
            | CreateRunError::RunName(_)) => Self::usage(error),
        }
    }
}

impl From<DeploymentError> for CommandError {
    fn from(error: DeploymentError) -> Self {
        match error {
            DeploymentError::Api(error) => error.into(),
            error @ DeploymentError::NameFormat(_) => Self::usage(error),
            DeploymentError::NotFound { ref similar, .. } => {
                Self::new(Exit::Failed, &error).suggest(similar.as_deref())
            }
            error => Self::new(Exit::Failed, error),
        }
    }
}

impl From<FlowRunError> for CommandError {
    fn from(error: FlowRunError) -> Self {
        match error {
            FlowRunError::Api(error) => error.into(),
            FlowRunError::NotFound { ref similar, .. } => {
                Self::new(Exit::Failed, &error).suggest(similar.as_deref())
            }
            error => Self::new(Exit::Failed, error),
        }
    }
}

impl From<WorkPoolError> for CommandError {
    fn from(error: WorkPoolError) -> Self {
        match error {
            WorkPoolError::Api(error) => error.into(),
            error @ WorkPoolError::NoType => Self::new(Exit::NeedsAnswer, error),
            error @ WorkPoolError::Exists(_) => Self::new(Exit::Failed, error),
            WorkPoolError::NotFound { ref similar, .. } | WorkPoolError::NoQueue { ref similar, .. } => {
                Self::new(Exit::Failed, &error).suggest(similar.as_deref())
            }
            error => Self::usage(error),
        }
    }
}

impl From<LocalServerError> for CommandError {
    fn from(error: LocalServerError) -> Self {
        match error {
            LocalServerError::Api(error) => error.into(),
            LocalServerError::NoPython(_) => Self::usage(error)
                .help("set PREFECT_API_URL to the URL of a running server, or PREFECTL_PYTHON to a Python interpreter with Prefect installed"),
            error => Self::new(Exit::Unreachable, error),
        }
    }
}

impl From<CloudError> for CommandError {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::Api(error) => error.into(),
            CloudError::Settings(error) => error.into(),
            error @ CloudError::Rejected { .. } => Self::new(Exit::Unauthorized, error),
            error @ CloudError::NoKey => Self::usage(error).help("pass --key, or set PREFECT_API_KEY"),
            CloudError::SeveralWorkspaces { ref handles } => {
                let help = format!("choose one with --workspace: {}", first_of(handles, SHOWN));
                Self::usage(error).help(help)
            }
            error => Self::usage(error),
        }
    }
}
