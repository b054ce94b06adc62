//! Converts values to strings, as Python's `str()` and `repr()` do.

use jiff::tz::Offset;

use super::value::Value;
use crate::{
    date_time::DateTime,
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
        Value::DateTime(moment) => iso_format(*moment).replacen('T', " ", 1),
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

/// Returns the string that Python's `moment.isoformat()` returns.
pub(super) fn iso_format(moment: DateTime) -> String {
    let text = moment.to_string();
    // Unlike pydantic, Python has no special notation for UTC.
    text.strip_suffix('Z').map_or_else(|| text.clone(), |local| format!("{local}+00:00"))
}

/// Removes the common indentation of all lines, as Python's `textwrap.dedent(text)` does.
pub(super) fn dedent(text: &str) -> String {
    let content = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &str| content(line) == line.len();
    let mut lines = text.split('\n').filter(|line| !is_blank(line));
    let first = lines.next().map_or("", |line| &line[..content(line)]);
    let margin = lines.fold(first, |margin, line| {
        let common = margin.bytes().zip(line.bytes()).take_while(|(left, right)| left == right).count();
        &margin[..common]
    });
    let dedented = |line| if is_blank(line) { "" } else { line.strip_prefix(margin).unwrap_or(line) };
    text.split('\n').map(dedented).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::dedent;

    #[test]
    fn removes_the_common_indentation() {
        for (text, expected) in [
            ("\n    select *\n      from t\n   \n    where x\n", "\nselect *\n  from t\n\nwhere x\n"),
            ("  a\n\tb", "  a\n\tb"),
            (" \ta\n \tb\n \t c", "a\nb\n c"),
            ("a\n  b", "a\n  b"),
            ("   ", ""),
            ("", ""),
        ] {
            assert_eq!(dedent(text), expected, "{text:?}");
        }
    }
}
