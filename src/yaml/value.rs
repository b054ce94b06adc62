//! Converts nodes to values without positions.

use super::{
    error::{YamlError, YamlErrorKind},
    integer::Integer,
    node::{Mapping, Node, NodeKind},
};
use crate::value;

impl Node {
    /// Converts the node to a value as pydantic converts values to JSON.
    ///
    /// Dates become ISO 8601 strings, binary data becomes a string, sets become lists, and NaN and infinities become
    /// null.
    ///
    /// # Errors
    ///
    /// Fails if an integer does not fit in 64 bits or binary data is not valid UTF-8.
    pub(crate) fn to_value(&self) -> Result<value::Value, YamlError> {
        use value::Value;
        Ok(match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(flag) => Value::Bool(*flag),
            NodeKind::Int(number) => {
                to_number(number).ok_or_else(|| YamlErrorKind::IntegerRange(number.clone()).at(self.span))?
            }
            NodeKind::Float(number) => {
                if number.is_finite() {
                    Value::from(*number)
                } else {
                    Value::Null
                }
            }
            NodeKind::Text(text) => Value::String(text.to_string()),
            NodeKind::Date(date) => Value::String(date.to_string()),
            NodeKind::DateTime(moment) => Value::String(moment.to_string()),
            NodeKind::Binary(bytes) => match str::from_utf8(bytes) {
                Ok(text) => Value::String(text.to_owned()),
                Err(_) => return Err(YamlErrorKind::BinaryNotText.at(self.span)),
            },
            NodeKind::Sequence(items) | NodeKind::Set(items) => {
                Value::Sequence(items.iter().map(Self::to_value).collect::<Result<_, _>>()?)
            }
            NodeKind::Mapping(mapping) => Value::Mapping(mapping.to_value()?),
        })
    }
}

impl Mapping {
    /// Converts all entries of the mapping to values.
    pub(crate) fn to_value(&self) -> Result<value::Mapping, YamlError> {
        let mut mapping = value::Mapping::with_capacity(self.len());
        for entry in self.entries() {
            mapping.insert(entry.key.to_value()?, entry.value.to_value()?);
        }
        Ok(mapping)
    }
}

/// Converts an integer to a number. Returns `None` if the integer does not fit in 64 bits, the server's limit.
fn to_number(number: &Integer) -> Option<value::Value> {
    match number {
        Integer::Small(number) => Some((*number).into()),
        Integer::Large(digits) => digits.parse::<u64>().ok().map(value::Value::from),
    }
}
