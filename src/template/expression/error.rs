//! What can be wrong with an expression.

use std::ops::Range;

use crate::pointer::Pointer;

/// A mistake in an expression, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct ExpressionError {
    /// Where the text with the expression stands.
    pub(crate) path: Pointer,
    /// The bytes of that text which are to blame.
    pub(crate) range: Range<usize>,
    pub(crate) problem: ExpressionProblem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionProblem {
    #[error("`{name}` is not defined")]
    Undefined { name: String, suggestion: Option<String> },
    #[error("there is no filter `{name}`")]
    UnknownFilter { name: String, suggestion: Option<String> },
    #[error("`{expression}` is not an expression: {reason}")]
    Syntax { expression: String, reason: String },
    #[error("`{expression}` cannot be evaluated: {reason}")]
    Failed { expression: String, reason: String },
    #[error("`{expression}` is {kind}, which cannot be part of a text")]
    NotText { expression: String, kind: &'static str },
}

impl ExpressionProblem {
    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Undefined { suggestion: Some(suggestion), .. }
            | Self::UnknownFilter { suggestion: Some(suggestion), .. } => {
                format!("did you mean `{suggestion}`?")
            }
            Self::Undefined { suggestion: None, .. } => {
                "`| default(\"...\")` gives a value for a name that may be missing".to_owned()
            }
            Self::Syntax { .. } => "to write `<<` itself, write `<< \"<<\" >>`".to_owned(),
            Self::UnknownFilter { suggestion: None, .. } | Self::Failed { .. } => {
                "the filters and operators are those of Jinja".to_owned()
            }
            Self::NotText { kind: "null", .. } => {
                "`| default(\"...\", true)` gives a text in the place of null".to_owned()
            }
            Self::NotText { .. } => "`| tojson` writes it as text".to_owned(),
        }
    }
}
