//! Converts scalars as Prefect does.

use crate::value::Value;

/// Parses a boolean in any notation that Prefect accepts. Returns `None` if the value is not a boolean.
pub(super) fn flag(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Bool(flag) => return Some(*flag),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_lowercase(),
        _ => return None,
    };
    match text.as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" | "1.0" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// Parses a whole number. Also accepts booleans, strings, and numbers whose fraction is zero.
///
/// Returns `None` if the value is not a whole number.
pub(super) fn count(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::Bool(flag) => Some((*flag).into()),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.split_once('.').map_or(text, |(digits, zeros)| {
                if zeros.bytes().all(|zero| zero == b'0') { digits } else { text }
            });
            let is_grouped = digits.contains('_')
                && digits.trim_start_matches(['+', '-']).split('_').all(|group| !group.is_empty());
            let digits = if is_grouped { digits.replace('_', "") } else { digits.to_owned() };
            digits.parse().ok()
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the result is only used if the value is in range")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Returns whether a string may be an interval. A number without a unit is not an interval.
pub(super) fn is_duration(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_ascii_alphabetic() || c == ':')
        && !text.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_whole_numbers_as_pydantic_does() {
        for (yaml, expected) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5.5", None),
            ("true", Some(1)),
            ("'5'", Some(5)),
            ("' 5 '", Some(5)),
            ("'5.0'", Some(5)),
            ("'5.1'", None),
            ("'1_0'", Some(10)),
            ("'1__0'", None),
            ("'_1'", None),
            ("five", None),
        ] {
            assert_eq!(count(&serde_yaml::from_str(yaml).unwrap()), expected, "{yaml}");
        }
    }
}
