//! Step errors.

use super::{StepError, short_name};
use crate::{
    docker::image_lock::NotLocked,
    escape,
    pointer::Pointer,
    template::{ResolveError, expression::ExpressionError},
};

/// A failed step and its location.
#[derive(Debug, thiserror::Error)]
#[error("{} failed: {error}", short_name(.name))]
pub(crate) struct StepFailure {
    /// Name of the step as written in the project file.
    pub(crate) name: String,
    pub(crate) pointer: Pointer,
    #[source]
    pub(crate) error: RunError,
}

impl StepFailure {
    /// Creates the failure for the step at `pointer`. If an input is invalid, the failure refers to that input instead.
    pub(super) fn new(name: &str, pointer: Pointer, error: RunError) -> Self {
        let pointer = match &error {
            RunError::Expressions(errors) => {
                errors.first().map_or_else(|| pointer.clone(), |error| pointer.join_all(&error.path))
            }
            RunError::Step(StepError::Input { key: Some(key), .. }) => pointer.join(key.as_str()),
            RunError::Step(StepError::NotLocked(error)) => match **error {
                NotLocked::OtherTag { .. } => pointer.join("tag"),
                NotLocked::Missing { .. } | NotLocked::Ambiguous { .. } => pointer.join("image_name"),
            },
            _ => pointer,
        };
        Self { name: name.to_owned(), pointer, error }
    }
}

/// The cause of a failed step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("Step has unexpected additional keys: {0}")]
    SeveralKeys(String),
    #[error("a step must be a name with a mapping of inputs, not {0}")]
    NoInputs(&'static str),
    #[error("step '{name}' does not exist{}", .doubt.as_ref().map(|doubt| format!("; {doubt}")).unwrap_or_default())]
    Unknown { name: String, doubt: Option<String> },
    /// Invalid expressions in the inputs.
    #[error("{}", escape::message_lines(.0.iter().map(ToString::to_string)))]
    Expressions(Vec<ExpressionError>),
    /// In strict mode, placeholders that values have injected into the inputs. Contains a message for each placeholder.
    #[error("{}", escape::message_lines(.0))]
    Injected(Vec<String>),
    #[error(transparent)]
    Template(#[from] ResolveError),
    #[error(transparent)]
    Step(#[from] StepError),
}
