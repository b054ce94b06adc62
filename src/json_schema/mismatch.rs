//! Mismatches between a value and a schema.

use std::fmt;

use serde_json::Value;

/// Maximum number of values of an `enum` that a message lists.
const LISTED_VALUES: usize = 3;

/// Type names, in the order in which messages list them.
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// A value, possibly nested, that does not match its schema. [`fmt::Display`] formats the message.
#[derive(Debug)]
pub(super) struct Mismatch<'a> {
    /// Keys and indexes that lead from the root value to the mismatching value.
    pub(super) path: Vec<String>,
    pub(super) value: &'a Value,
    pub(super) reason: Reason<'a>,
}

/// The keyword that rejects a value.
#[derive(Debug)]
pub(super) enum Reason<'a> {
    /// `type`, with its value: a name or a list of names.
    Type(&'a Value),
    Enum(&'a [Value]),
    Const(&'a Value),
    /// `required` or `dependentRequired`, with the name of the missing property.
    Required(&'a Value),
    /// `anyOf`, with the mismatches of each schema.
    AnyOf(Vec<Vec<Mismatch<'a>>>),
    /// `oneOf`. Either no schema or more than one schema accepts the value.
    OneOf {
        is_ambiguous: bool,
    },
    /// `not`, with its schema.
    Not(&'a Value),
    Contains,
    /// The schema `false`.
    False,
    /// Another keyword. The predicate follows the value in the message, as in `is longer than 3 characters`.
    Predicate(String),
    /// Another keyword, with the complete message.
    Message(String),
}

impl Mismatch<'_> {
    /// Returns whether the keyword `type` requires exactly this type.
    pub(super) fn is_type(&self, name: &str) -> bool {
        matches!(self.reason, Reason::Type(types) if types.get(0).unwrap_or(types) == name && types.get(1).is_none())
    }
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match &self.reason {
            Reason::Type(Value::Array(names)) if names.len() > 1 => {
                let names = TYPES.iter().filter(|name| names.iter().any(|expected| expected == **name));
                let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
                write!(f, "{value} is not of types {}", names.join(", "))
            }
            Reason::Type(types) => {
                let name = types.get(0).unwrap_or(types);
                write!(f, "{value} is not of type {name}")
            }
            Reason::Enum(values) => {
                write!(f, "{value} is not one of ")?;
                write_alternatives(f, values)
            }
            Reason::AnyOf(_) => {
                write!(f, "{value} is not valid under any of the schemas listed in the 'anyOf' keyword")
            }
            Reason::OneOf { is_ambiguous: false } => {
                write!(f, "{value} is not valid under any of the schemas listed in the 'oneOf' keyword")
            }
            Reason::OneOf { is_ambiguous: true } => {
                write!(f, "{value} is valid under more than one of the schemas listed in the 'oneOf' keyword")
            }
            Reason::Const(expected) => write!(f, "{expected} was expected"),
            Reason::Required(name) => write!(f, "{name} is a required property"),
            Reason::Not(schema) => write!(f, "{schema} is not allowed for {value}"),
            Reason::Contains => write!(f, "None of {value} are valid under the given schema"),
            Reason::False => write!(f, "False schema does not allow {value}"),
            Reason::Predicate(predicate) => write!(f, "{value} {predicate}"),
            Reason::Message(message) => f.write_str(message),
        }
    }
}

/// Writes values as in `1, 2 or 3`. If there are too many, writes only the number of the remaining values.
fn write_alternatives(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    let listed = if values.len() > LISTED_VALUES { LISTED_VALUES - 1 } else { values.len() };
    for (index, value) in values[..listed].iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if index + 1 == values.len() => " or ",
            _ => ", ",
        };
        write!(f, "{separator}{value}")?;
    }
    if listed < values.len() {
        write!(f, " or {} other candidates", values.len() - listed)?;
    }
    Ok(())
}
