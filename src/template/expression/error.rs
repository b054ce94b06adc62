//! Errors in template expressions.

use std::ops::Range;

use crate::pointer::Pointer;

/// An error in an expression, with its position in the project file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct ExpressionError {
    /// Path of the string that contains the expression.
    pub(crate) path: Pointer,
    /// Byte range of the error within the string.
    pub(crate) range: Range<usize>,
    pub(crate) problem: ExpressionProblem,
}

/// The problem with an invalid expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionProblem {
    #[error("`{name}` is not defined")]
    Undefined { name: String, suggestion: Option<String> },
    #[error("unknown filter `{name}`")]
    UnknownFilter { name: String, suggestion: Option<String> },
    #[error("invalid expression `{expression}`: {reason}")]
    Syntax { expression: String, reason: String },
    #[error("`{expression}` cannot be evaluated: {reason}")]
    Failed { expression: String, reason: String },
    #[error("`{expression}` is {kind}, which cannot be embedded in a string")]
    NotText { expression: String, kind: &'static str },
}

impl ExpressionProblem {
    /// Returns a hint for fixing the error.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Undefined { suggestion: Some(suggestion), .. }
            | Self::UnknownFilter { suggestion: Some(suggestion), .. } => {
                format!("did you mean `{suggestion}`?")
            }
            Self::Undefined { suggestion: None, .. } => {
                "use `| default(\"...\")` if the name may be undefined".to_owned()
            }
            Self::Syntax { .. } => "to write `<<` itself, write `<< \"<<\" >>`".to_owned(),
            Self::UnknownFilter { suggestion: None, .. } | Self::Failed { .. } => {
                "expressions support the filters and operators of Jinja".to_owned()
            }
            Self::NotText { kind: "null", .. } => {
                "use `| default(\"...\", true)` to replace null with a string".to_owned()
            }
            Self::NotText { .. } => "use `| tojson` to format the value as JSON".to_owned(),
        }
    }
}
