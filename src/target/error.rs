//! Errors that occur while deployments are selected and completed.

use super::{OptionError, SelectError};
use crate::{api::ApiError, questions::NoAnswer};

/// The error returned if deployments cannot be selected or if the wizard fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error(transparent)]
    Select(#[from] SelectError),
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A question without an answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// An answer with which a deploy is impossible. `help` describes how to proceed.
    #[error("{message}")]
    Declined { message: &'static str, help: &'static str },
    #[error(transparent)]
    Api(#[from] ApiError),
}
