//! Mismatches between a value and a schema.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// Maximum number of `enum` values that a message lists.
const LISTED_VALUES: usize = 3;

/// Maximum length of a value in a message, in bytes.
const SHOWN_LENGTH: usize = 1000;

/// Type names, in the order used by messages.
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
    /// `anyOf`, with the mismatches of each schema.
    AnyOf(Vec<Vec<Mismatch<'a>>>),
    /// Any other keyword. The predicate follows the value in the message, as in `is longer than 3 characters`.
    Predicate(String),
    /// Any other keyword, with a complete message.
    Message(String),
}

impl Mismatch<'_> {
    /// Returns whether the mismatch is caused by a `type` keyword that requires exactly the type `name`.
    pub(super) fn is_type(&self, name: &str) -> bool {
        matches!(self.reason, Reason::Type(types) if types.get(0).unwrap_or(types) == name && types.get(1).is_none())
    }
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = Shown(self.value);
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
        write!(f, "{separator}{}", Shown(value))?;
    }
    if listed < values.len() {
        write!(f, " or {} other candidates", values.len() - listed)?;
    }
    Ok(())
}

/// A value, formatted as JSON. A long value is truncated.
pub(super) struct Shown<'a>(pub(super) &'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = Start::default();
        // Writing fails if the value is too long.
        let is_complete = write!(start, "{}", self.0).is_ok();
        f.write_str(&start.text)?;
        if is_complete { Ok(()) } else { f.write_str("...") }
    }
}

/// A writer that keeps the first [`SHOWN_LENGTH`] bytes.
#[derive(Default)]
struct Start {
    text: String,
}

impl fmt::Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = text.floor_char_boundary(SHOWN_LENGTH - self.text.len());
        self.text.push_str(&text[..room]);
        if room == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
