//! Evaluates the functions of the `json` module.

use serde_json::Value as Json;

use super::value::{Value, dictionary};
use crate::python;

/// Evaluates a call of `json.loads` or `json.dumps` with a single argument.
///
/// Returns `None` if the result is not the same in Python.
pub(super) fn call(name: &str, argument: &Value) -> Option<Value> {
    match (name, argument) {
        ("json.dumps", value) => plain(value).map(|json| Value::Str(python::json_dumps(&json))),
        (_, Value::Str(text)) => serde_json::from_str(text).ok().and_then(loaded),
        _ => None,
    }
}

fn loaded(json: Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match number.as_i128() {
            Some(value) => Value::Int(value),
            // An integer that does not fit in 64 bits is parsed as a float.
            None => Value::Float(number.as_f64().filter(|value| value.abs() < 9e18)?),
        },
        Json::String(text) => Value::Str(text),
        Json::Array(items) => Value::List(items.into_iter().map(loaded).collect::<Option<_>>()?),
        Json::Object(fields) => {
            let field = |(name, value)| Some((Value::Str(name), loaded(value)?));
            dictionary(fields.into_iter().map(field).collect::<Option<Vec<_>>>()?)
        }
    })
}

/// Converts a value to JSON if `json.dumps` accepts it.
fn plain(value: &Value) -> Option<Json> {
    Some(match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => i64::try_from(*value).ok()?.into(),
        Value::Float(value) => serde_json::Number::from_f64(*value)?.into(),
        Value::Str(text) => Json::String(text.clone()),
        Value::List(items) | Value::Tuple(items) => {
            Json::Array(items.iter().map(plain).collect::<Option<_>>()?)
        }
        Value::Dict(items) => {
            let item = |(key, value): &(Value, Value)| Some((key.as_str().ok()?.to_owned(), plain(value)?));
            Json::Object(items.iter().map(item).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
