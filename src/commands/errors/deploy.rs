//! Converts the errors of deploys and plans to exit codes, messages and help texts.

use super::exit_of;
use crate::{
    apply::{WriteError, journal::JournalError},
    build::{BuildError, UnwrittenLock},
    deploy::Failure,
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

/// Converts a read-only command's failure to an error. `missing` names the result that could not be produced, such as
/// `plan`.
pub(in crate::commands) fn without_result(failure: Failure, missing: &str) -> CommandError {
    let has_findings = match &failure {
        Failure::Findings(_) => true,
        Failure::Step { failure, .. } => matches!(failure.error, RunError::Step(StepError::NotLocked(_))),
        _ => false,
    };
    let error = CommandError::from(failure);
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
        Failure::from(error).into()
    }
}

impl From<PlanError> for CommandError {
    fn from(error: PlanError) -> Self {
        Failure::from(error).into()
    }
}

impl From<BuildError> for CommandError {
    fn from(error: BuildError) -> Self {
        Failure::from(error).into()
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
                    .help("create and review a new plan with `prefectl plan --out`")
            }
            error @ Failure::TooManyDeletes { .. } => Self::new(Exit::Failed, error).help(
                "nothing was registered; increase --max-deletes if these deployments should be deleted",
            ),
            error @ Failure::NotResumable => Self::usage(error)
                .help("run the same command again to continue where the previous run stopped"),
            error @ Failure::NothingToRollBack => Self::usage(error),
            Failure::Journal(error) => error.into(),
            error @ Failure::NothingToResume => {
                Self::usage(error).help("pass --all, or select a deployment with -n")
            }
            Failure::Preview(error) => error.into(),
            Failure::Record(error) => error.into(),
            Failure::Option(error) => {
                let help = error.option().map(|option| format!("correct the value of {option}"));
                Self { help, ..Self::usage(error) }
            }
            Failure::Findings(diagnostics) => {
                let is_missing_input = |finding: &Diagnostic| MISSING_INPUT.contains(&finding.code);
                let is_known_by_server =
                    |finding: &Diagnostic| !finding.is_error() || SERVER_FINDINGS.contains(&finding.code);
                let exit = if diagnostics.iter().all(is_missing_input) {
                    Exit::NeedsAnswer
                } else if diagnostics.iter().all(is_known_by_server) {
                    Exit::Failed
                } else {
                    Exit::Usage
                };
                Self { message: "nothing was registered".into(), ..Self::findings(exit, diagnostics) }
            }
            Failure::Resolve { error, place } => Self::findings(
                Exit::Failed,
                vec![Diagnostic::error(Code::REFERENCE, error.to_string()).at(place)],
            ),
            Failure::Step { failure, place } => step(*failure, place),
            Failure::ImageLock(error) => error.into(),
            Failure::Update { name, error } => {
                let help = update_help(&error);
                Self::new(Exit::Failed, format!("deployment '{name}': {error}")).help(help)
            }
        }
    }
}

fn update_help(error: &UpdateError) -> &'static str {
    match error {
        UpdateError::Schedules(_) => {
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
