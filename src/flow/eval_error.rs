//! The error of evaluating an expression or an annotation.

/// The reason why an expression has no value or an annotation has no schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EvalError {
    /// The result is only known by running the program; the string says why.
    Unknown(String),
    /// The name is not defined.
    Undefined(String),
    /// Prefect silently registers the parameter without a type.
    Untyped,
    /// The type has no JSON schema. As [`Self::Untyped`], but a union omits the member.
    NoSchema,
    /// Prefect omits the parameter from the schema.
    Vanishes,
    /// Prefect rejects the flow; the string says why.
    Refused(String),
}

impl EvalError {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    /// Returns the reason as shown to users.
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
