//! Variables of a base job template.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A variable of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Variable<'a> {
    pub(crate) name: &'a str,
    /// JSON schema of the variable, which may refer to definitions in the schema of all variables.
    pub(crate) schema: &'a Value,
}

impl<'a> Variable<'a> {
    pub(crate) fn default(self) -> Option<&'a Value> {
        self.schema.get("default")
    }
}

/// A variable to add to a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewVariable {
    pub(crate) name: String,
    pub(crate) kind: VariableType,
    pub(crate) default: Option<Value>,
    /// Location in the job configuration, such as `containers.0.resources.requests.cpu`.
    pub(crate) place: Option<String>,
}

/// The type of a new variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VariableType {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
}

impl VariableType {
    pub(crate) const ALL: [Self; 6] =
        [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Object, Self::Array];

    /// Returns the type's name in a JSON schema.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

impl fmt::Display for VariableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for VariableType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Error for a string that is not a variable type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown type '{0}'; expected one of {types}", types = VariableType::ALL.map(VariableType::as_str).join(", "))]
pub(crate) struct UnknownVariableType(String);

impl FromStr for VariableType {
    type Err = UnknownVariableType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| UnknownVariableType(name.to_owned()))
    }
}

/// Converts a name such as `cpu_request` to a title such as `Cpu Request`.
pub(super) fn title(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split(['_', '-']).map(capitalised).collect::<Vec<_>>().join(" ")
}
