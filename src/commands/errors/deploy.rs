//! Converts the errors of deploys and plans to exit codes, messages and help texts.

use super::exit_of;
use crate::{
    apply::{WriteError, journal::JournalError},
    build::{BuildError, UnwrittenLock},
    deploy::DeployError,
    diagnostics::{Code, Diagnostic, Place},
    docker::image_lock::NotLocked,
    error::{CommandError, Exit},
    names::counted,
    plan::{OtherEnvironment, PlanError, UpdateError},
    steps::{RunError, StepError, StepFailure},
    validate::PreparationError,
};

/// Codes of errors about missing values that the wizard would ask for.
const MISSING_INPUT: [Code; 3] = [Code::NO_ENTRYPOINT, Code::NO_NAME, Code::NO_WORK_POOL];

/// Codes of errors that the work pool, the pulled code or the command's environment causes, rather than the project
/// file.
const SERVER_FINDINGS: [Code; 7] = [
    Code::AGENT_WORK_POOL,
    Code::JOB_VARIABLE_TYPE,
    Code::OPTIONS,
    Code::PULLED_CODE,
    Code::UNKNOWN_JOB_VARIABLE,
    Code::UNKNOWN_WORK_POOL,
    Code::UNSUPPORTED_BY_SERVER,
];

/// Converts the error of a read-only command. `missing` names the result that could not be produced, such as `plan`.
pub(in crate::commands) fn without_result(error: impl Into<PlanError>, missing: &str) -> CommandError {
    let error = error.into();
    let has_findings = match &error {
        PlanError::Build(BuildError::Preparation(PreparationError::Findings(_))) => true,
        PlanError::Build(BuildError::Step { failure, .. }) => {
            matches!(failure.error, RunError::Step(StepError::NotLocked(_)))
        }
        _ => false,
    };
    let error = CommandError::from(error);
    if !has_findings {
        return error;
    }
    let errors = error.diagnostics.iter().filter(|finding| finding.is_error()).count();
    CommandError { message: format!("no {missing}: {}", counted(errors, "error")), ..error }
}

/// Returns the exit code for the failure of the first write.
pub(in crate::commands) fn exit_of_write(error: &WriteError) -> Exit {
    match error {
        WriteError::Api(error) => exit_of(error),
        WriteError::Record(_) | WriteError::InUse(_) | WriteError::Skipped(_) | WriteError::NotRestored => {
            Exit::Failed
        }
    }
}

impl From<OtherEnvironment> for CommandError {
    fn from(error: OtherEnvironment) -> Self {
        let help = match (&error.planned, &error.selected) {
            (Some(planned), _) => format!("pass --env {planned}, or create a plan for the other environment"),
            (None, Some(selected)) => {
                format!("create a plan with `prefectl plan --env {selected} --out`, or deploy without --env")
            }
            (None, None) => "create a new plan with `prefectl plan --out`".to_owned(),
        };
        Self::usage(error).help(help)
    }
}

impl From<PreparationError> for CommandError {
    fn from(error: PreparationError) -> Self {
        match error {
            PreparationError::Project(error) => error.into(),
            PreparationError::Target(error) => error.into(),
            PreparationError::Findings(diagnostics) => {
                let exit = exit_of_findings(&diagnostics);
                Self { message: "nothing was registered".into(), ..Self::findings(exit, diagnostics) }
            }
            PreparationError::Resolve { error, place } => Self::findings(
                Exit::Failed,
                vec![Diagnostic::error(Code::REFERENCE, error.to_string()).at(place)],
            ),
            PreparationError::Api(error) => error.into(),
        }
    }
}

fn exit_of_findings(diagnostics: &[Diagnostic]) -> Exit {
    let is_missing_input = |finding: &Diagnostic| MISSING_INPUT.contains(&finding.code);
    let is_known_by_server =
        |finding: &Diagnostic| !finding.is_error() || SERVER_FINDINGS.contains(&finding.code);
    if diagnostics.iter().all(is_missing_input) {
        Exit::NeedsAnswer
    } else if diagnostics.iter().all(is_known_by_server) {
        Exit::Failed
    } else {
        Exit::Usage
    }
}

impl From<BuildError> for CommandError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Preparation(error) => error.into(),
            BuildError::Step { failure, place } => step(*failure, place),
            BuildError::ImageLock(error) => error.into(),
            BuildError::Api(error) => error.into(),
        }
    }
}

impl From<PlanError> for CommandError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Build(error) => error.into(),
            PlanError::Update { name, error } => {
                let help = update_help(&error);
                Self::new(Exit::Failed, format!("deployment '{name}': {error}")).help(help)
            }
            PlanError::Record(error) => error.into(),
            PlanError::Preview(error) => error.into(),
            PlanError::TooManyDeletes(error) => Self::new(Exit::Failed, error).help(
                "nothing was registered; increase --max-deletes if these deployments should be deleted",
            ),
            PlanError::Api(error) => error.into(),
        }
    }
}

impl From<DeployError> for CommandError {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Plan(error) => error.into(),
            DeployError::Journal(error) => error.into(),
            DeployError::StalePlan(_) => {
                Self::new(Exit::ChangedMeanwhile, format!("{error}; nothing was registered"))
                    .help("create and review a new plan with `prefectl plan --out`")
            }
            DeployError::NothingToResume => {
                Self::usage(error).help("pass --all, or select a deployment with -n")
            }
            DeployError::NothingToRollBack => Self::usage(error),
            DeployError::NotResumable => Self::usage(error)
                .help("run the same command again to continue where the previous run stopped"),
        }
    }
}

fn update_help(error: &UpdateError) -> &'static str {
    match error {
        UpdateError::MissingSlugs(_) => {
            "give every schedule a `slug`, or delete the schedules on the server first"
        }
        UpdateError::NullJobVariables { .. } => "remove the keys to use the default values",
    }
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        let help = match &error {
            JournalError::NoDirectory => Some(
                "nothing was written; set XDG_STATE_HOME or HOME to a directory that later commands can read"
                    .to_owned(),
            ),
            JournalError::Write(_) => Some(
                "nothing was written; make the directory writable, or set XDG_STATE_HOME to another directory"
                    .to_owned(),
            ),
            JournalError::Read(_) => None,
            JournalError::Damaged { path, .. } | JournalError::OtherVersion(path) => Some(format!(
                "compare with `prefectl plan --all`; the next deploy replaces the journal, or delete {} \
                 to discard it",
                path.display()
            )),
            JournalError::OtherDeploy { .. } => Some(
                "run the command in the directory of the interrupted deploy, with the same server".to_owned(),
            ),
            JournalError::OtherFile { recorded, .. } => {
                Some(format!("use {}", recorded.as_options()))
            }
            JournalError::OtherEnvironment { recorded, .. } => Some(match recorded {
                Some(name) => format!("use --env {name}"),
                None => "remove --env, or unset PREFECTL_ENV".to_owned(),
            }),
            JournalError::Running => Some("wait until the other deploy ends, or stop it".to_owned()),
        };
        let exit = match error {
            JournalError::OtherDeploy { .. }
            | JournalError::OtherFile { .. }
            | JournalError::OtherEnvironment { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self { help, ..Self::new(exit, error) }
    }
}

impl From<UnwrittenLock> for CommandError {
    fn from(error: UnwrittenLock) -> Self {
        let help = match &error {
            UnwrittenLock::NotPushed { .. } => {
                "nothing was registered; add a push step for the image, with the `tag` of the build step"
            }
            UnwrittenLock::Existing(_) => {
                "nothing was registered; delete the lock file and deploy again to create a new one"
            }
            UnwrittenLock::File(_) => "nothing was registered",
        };
        Self::usage(error).help(help)
    }
}

fn not_locked(error: &NotLocked, place: Option<Place>) -> CommandError {
    let diagnostic = Diagnostic::error(Code::NOT_LOCKED, error.to_string()).help(error.help()).at(place);
    CommandError {
        message: "nothing was registered".into(),
        ..CommandError::findings(Exit::Usage, vec![diagnostic])
    }
}

fn step(failure: StepFailure, place: Option<Place>) -> CommandError {
    if let RunError::Step(StepError::NotLocked(error)) = &failure.error {
        return not_locked(error, place);
    }
    let message = format!("Encountered error while running {}: {}", failure.name, failure.error);
    let help = match failure.error {
        RunError::Step(StepError::Failed { help, .. }) => help,
        _ => None,
    };
    let diagnostic = Diagnostic { help, ..Diagnostic::long_error(Code::STEP_FAILED, &message).at(place) };
    CommandError {
        message: "a step failed; nothing was registered".into(),
        ..CommandError::findings(Exit::StepFailed, vec![diagnostic])
    }
}
