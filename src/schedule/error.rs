//! Errors that occur while parsing schedules.

use super::{CronError, RruleError, ZoneError, duration::DurationError};

/// An error in a schedule. The key is `None` if the error concerns the whole schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct ScheduleError {
    pub(crate) key: Option<String>,
    pub(crate) problem: Problem,
}

/// The problem with an invalid schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("unknown key `{key}`")]
    UnknownKey { key: String, suggestion: Option<String> },
    /// The schedule is not a cron expression, interval or rule.
    ///
    /// Scripts match this Prefect message, so it contains the schedule as printed by Python.
    #[error("Unknown schedule type. Please provide a valid schedule. schedule={0}")]
    NoKind(String),
    #[error("Exactly one of 'cron', 'interval', or 'rrule' must be provided")]
    SeveralKinds,
    #[error("expected {expected}, found {found}")]
    Type { expected: &'static str, found: &'static str },
    #[error(transparent)]
    Cron(#[from] CronError),
    #[error(transparent)]
    Duration(#[from] DurationError),
    #[error("an interval must be greater than 0 seconds")]
    NotPositive,
    #[error("`{0}` is not an ISO 8601 date such as 2024-01-31 or 2024-01-31T12:00:00+01:00")]
    Anchor(String),
    #[error(transparent)]
    Zone(#[from] ZoneError),
    #[error(transparent)]
    Rrule(#[from] RruleError),
    #[error("unknown key `{0}` in the JSON object of an rrule")]
    RruleJsonKey(String),
    #[error("the JSON object of an rrule requires a string under the key `rrule`")]
    RruleJsonRule,
}

impl ScheduleError {
    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        match &self.problem {
            Problem::UnknownKey { suggestion: Some(meant), .. }
            | Problem::Zone(ZoneError { suggestion: Some(meant), .. }) => {
                Some(format!("did you mean `{meant}`?"))
            }
            Problem::NoKind(_) => Some("use one of `cron`, `interval` and `rrule`".to_owned()),
            _ => None,
        }
    }
}

/// The error for a deployment with both `schedule` and `schedules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Both 'schedule' and 'schedules' keys are present in the deployment configuration. Please use only use \
     `schedules`."
)]
pub(crate) struct BothKeys;
