//! Errors of selecting and completing deployments.

use super::{OptionError, SelectError};
use crate::{api::ApiError, diagnostics::Place, questions::NoAnswer};

/// Error of selecting deployments or of the wizard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error(transparent)]
    Select(#[from] SelectError),
    /// An invalid option, or contradictory keys in the file.
    #[error("{error}")]
    Option { error: Box<OptionError>, place: Option<Place> },
    /// A question without an answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// An answer that makes deploying impossible, and how to proceed.
    #[error("{message}")]
    Declined { message: &'static str, help: &'static str },
    #[error(transparent)]
    Api(#[from] ApiError),
}
