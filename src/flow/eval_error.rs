//! What keeps a value or a type from being known.

/// Why an expression has no value, or an annotation no schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EvalError {
    /// It would take running the program; the text says why.
    Unknown(String),
    /// The name is bound nowhere.
    Undefined(String),
    /// Prefect gives the parameter no type at all, without a word.
    Untyped,
    /// The type has no JSON schema: the same, but a union just leaves it out.
    NoSchema,
    /// Prefect leaves the parameter out of the schema.
    Vanishes,
    /// Prefect refuses the flow; the text says why.
    Refused(String),
}

impl EvalError {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    /// The reason, for people.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Unknown(reason) | Self::Refused(reason) => reason.clone(),
            Self::Undefined(name) => format!("the name '{name}' is not defined"),
            Self::Untyped | Self::NoSchema => "the type has no JSON schema".to_owned(),
            Self::Vanishes => "the parameter has no place in the schema".to_owned(),
        }
    }
}

pub(crate) type EvalResult<T> = Result<T, EvalError>;
