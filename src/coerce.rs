//! Converts values to the types of Prefect's models. Each type accepts multiple notations.

use crate::value::Value;

/// Converts a value to a boolean. Accepts booleans, 0, 1 and strings such as `yes`.
///
/// Returns `None` if the conversion is not possible.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::String(text) => boolean_from(text),
        _ => None,
    }
}

/// Parses a boolean such as `yes` or `0`.
pub(crate) fn boolean_from(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
        "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// Converts a value to an integer. Accepts booleans, strings, and numbers whose fraction is zero.
///
/// Returns `None` if the conversion is not possible.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => integer_from(text.trim()),
        _ => None,
    }
}

fn integer_from(text: &str) -> Option<i64> {
    let digits = text
        .split_once('.')
        .map_or(text, |(digits, zeros)| if zeros.bytes().all(|zero| zero == b'0') { digits } else { text });
    let is_grouped = digits.contains('_')
        && digits.trim_start_matches(['+', '-']).split('_').all(|group| !group.is_empty());
    let digits = if is_grouped { digits.replace('_', "") } else { digits.to_owned() };
    digits.parse().ok()
}

#[expect(clippy::cast_possible_truncation, reason = "the result is only used if the value is in range")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Converts a value to a floating-point number. Accepts numbers and strings.
///
/// Returns `None` if the conversion is not possible.
#[expect(clippy::cast_precision_loss, reason = "integers are rounded to the nearest float")]
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        other => integer(other).map(|number| number as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_booleans() {
        for (yaml, expected) in [
            ("true", Some(true)),
            ("1", Some(true)),
            ("0.0", Some(false)),
            ("'Yes'", Some(true)),
            ("'off'", Some(false)),
            ("''", None),
            ("2", None),
            ("maybe", None),
            ("null", None),
            ("[true]", None),
        ] {
            assert_eq!(boolean(&serde_yaml::from_str(yaml).unwrap()), expected, "{yaml}");
        }
    }

    #[test]
    fn converts_numbers() {
        for (yaml, as_integer, as_number) in [
            ("3", Some(3), Some(3.0)),
            ("-2.0", Some(-2), Some(-2.0)),
            ("2.5", None, Some(2.5)),
            ("' 4 '", Some(4), Some(4.0)),
            ("'4.0'", Some(4), Some(4.0)),
            ("'1.5'", None, Some(1.5)),
            ("'1_0'", Some(10), None),
            ("'1__0'", None, None),
            ("'_1'", None, None),
            ("true", Some(1), Some(1.0)),
            ("many", None, None),
            ("null", None, None),
        ] {
            let value = serde_yaml::from_str(yaml).unwrap();
            assert_eq!((integer(&value), number(&value)), (as_integer, as_number), "{yaml}");
        }
    }
}
