//! Converts values to strings, as Python's `str()` and `repr()` do.

use jiff::tz::Offset;

use super::value::Value;
use crate::{
    flow::eval_error::{EvalError, EvalResult},
    python,
};

/// Returns the string that Python's `str(value)` returns.
///
/// # Errors
///
/// Fails if the string depends on the implementation of the value's class.
pub(crate) fn to_str(value: &Value) -> EvalResult<String> {
    Ok(match value {
        Value::None => "None".to_owned(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => python::float(*value),
        Value::Str(text) | Value::Path(text) | Value::Printed(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::Timezone(offset) if *offset == Offset::UTC => "UTC".to_owned(),
        _ => return Err(EvalError::unknown("the string form of the value depends on its class")),
    })
}

/// Returns the string that Python's `repr(value)` returns.
///
/// # Errors
///
/// Fails unless the value is a string, a number, a boolean or `None`.
pub(crate) fn to_repr(value: &Value) -> EvalResult<String> {
    match value {
        Value::Str(text) => Ok(python::quoted(text)),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => to_str(value),
        _ => Err(EvalError::unknown("the `repr` of the value depends on its class")),
    }
}
