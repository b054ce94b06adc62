//! Plain values in the several notations that Prefect's models take them in.

use crate::value::Value;

/// A boolean: also as 0 or 1, and as text such as `yes`, which templates make.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.to_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
            "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether Python holds it for true.
pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
        Value::Tagged(tagged) => is_truthy(&tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_taken_in_all_notations() {
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
    fn emptiness_is_false() {
        for (yaml, expected) in [
            ("null", false),
            ("0", false),
            ("''", false),
            ("{}", false),
            ("[0]", true),
            ("a", true),
            ("0.5", true),
        ] {
            assert_eq!(is_truthy(&serde_yaml::from_str(yaml).unwrap()), expected, "{yaml}");
        }
    }
}
