//! Errors that occur while evaluating expressions and annotations.

/// The reason why an expression has no value, or why an annotation has no JSON schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EvalError {
    /// The result cannot be determined without running code. Contains the reason.
    Unknown(String),
    /// The contained name is not defined in the scope.
    Undefined(String),
    /// The annotation has no JSON schema. Prefect registers the parameter without a type and reports no
    /// error.
    Untyped,
    /// The annotation has no JSON schema. If it is a member of a union, only this member is omitted from the schema.
    NoSchema,
    /// The annotation excludes the parameter from the schema that Prefect registers.
    Vanishes,
    /// The annotation is invalid, so Prefect or pydantic rejects the whole flow. Contains the reason.
    Refused(String),
}

impl EvalError {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    /// Returns a user-visible explanation of the error.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Unknown(reason) | Self::Refused(reason) => reason.clone(),
            Self::Undefined(name) => format!("the name '{name}' is not defined"),
            Self::Untyped | Self::NoSchema => "the type has no JSON schema".to_owned(),
            Self::Vanishes => "the parameter is not part of the schema".to_owned(),
        }
    }
}

pub(crate) type EvalResult<T> = Result<T, EvalError>;
