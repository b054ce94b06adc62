//! Errors from editing a base job template.

use serde_json::Value;

use crate::diagnostics::did_you_mean;

/// The error returned if no template is bundled for a work pool type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown work pool type '{pool_type}'; {}", alternatives(.suggestion.as_deref(), .known, "known types are"))]
pub(crate) struct UnknownPoolType {
    pub(crate) pool_type: String,
    /// The known type with the most similar name.
    pub(crate) suggestion: Option<String>,
    pub(crate) known: Vec<String>,
}

impl UnknownPoolType {
    pub(super) fn new(pool_type: &str, known: impl Iterator<Item = String>) -> Self {
        let known: Vec<String> = known.collect();
        let suggestion = did_you_mean(pool_type, known.iter().map(String::as_str)).map(str::to_owned);
        Self { pool_type: pool_type.to_owned(), suggestion, known }
    }
}

/// The error returned if an edit cannot be applied to a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("the base job template has no variable '{name}'; {}", alternatives(.suggestion.as_deref(), .known, "it has"))]
    UnknownVariable {
        name: String,
        /// The variable with the most similar name.
        suggestion: Option<String>,
        known: Vec<String>,
    },
    #[error("invalid value {value} for variable '{name}': {reason}")]
    InvalidDefault { name: String, value: Value, reason: String },
    #[error("the base job template already has a variable '{name}' of type {existing}")]
    OtherType { name: String, existing: String },
    #[error("the job does not use the variable '{0}'")]
    NoPlace(String),
    #[error("invalid location '{place}' for variable '{variable}': {reason}")]
    Place { variable: String, place: String, reason: Box<PlaceError> },
    #[error("the base job template does not contain `{0}`")]
    Incomplete(&'static str),
}

/// The error returned if a variable cannot be inserted into the job configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("the path has an empty segment")]
    EmptySegment,
    #[error("'{key}' does not exist; {}", alternatives(.suggestion.as_deref(), .known, "the job configuration has"))]
    Unknown {
        key: String,
        /// The key with the most similar name.
        suggestion: Option<String>,
        known: Vec<String>,
    },
    #[error("'{index}' is not a valid index for a list of length {length}")]
    Index { index: String, length: usize },
    #[error("the list '{0}' does not exist")]
    MissingList(String),
    #[error("{0} is not an object or a list")]
    Scalar(Value),
    #[error("the location contains other values: {}", .0.join(", "))]
    Occupied(Vec<String>),
}

fn alternatives(suggestion: Option<&str>, known: &[String], introduction: &str) -> String {
    match suggestion {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("{introduction} {}", known.join(", ")),
    }
}
