//! Converts values to strings, as Python's `str()` and `repr()` do.

use super::{datetime::UtcOffset, value::Value};
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
        Value::Float(value) => float(*value),
        Value::Str(text) | Value::Path(text) | Value::Printed(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::Timezone(UtcOffset(0)) => "UTC".to_owned(),
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

/// Formats a float as Python's `repr` does, with the fewest digits that parse back to the same number.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_floats_as_python_does() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (-0.0, "-0.0"),
            (1e22, "1e+22"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }
}
