//! Record errors.

use crate::api::ApiError;

/// The error for a record that is not a list of deployments or resources.
///
/// If the record were ignored, a command could delete objects of other projects or lose track of the
/// project's own objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the project record in variable '{variable}' is unreadable: {reason}")]
pub(crate) struct UnreadableRecord {
    pub(crate) variable: String,
    reason: String,
}

impl UnreadableRecord {
    pub(super) fn new(variable: &str, error: &serde_json::Error) -> Self {
        Self { variable: variable.to_owned(), reason: error.to_string() }
    }
}

/// The error for an incomplete record. Other commands changed the record during every attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record is incomplete, because other commands keep changing it")]
pub(crate) struct Contended;

/// The error returned if project records cannot be read or updated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Api(#[from] ApiError),
}
