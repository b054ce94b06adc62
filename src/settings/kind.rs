//! Types of setting values. Invalid values are reported with the error messages of Prefect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::value::FromSetting;
use crate::secret::Secret as SecretText;

const LEVELS: &[&str] = &["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/// Type of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value that is not validated because Prefect parses it with custom rules.
    Any,
    Text,
    /// A secret string, which must not be printed.
    Secret,
    Path,
    Flag,
    Whole,
    Number,
    /// A duration in seconds, or in the format `HH:MM:SS` or ISO 8601.
    Period,
    Choice(&'static [&'static str]),
    /// A logging level in upper or lower case.
    Level,
    Headers,
    StatusCodes,
}

impl Kind {
    pub(crate) fn is_secret(self) -> bool {
        // Headers may contain proxy credentials.
        matches!(self, Self::Secret | Self::Headers)
    }

    /// Validates a value.
    ///
    /// # Errors
    ///
    /// Fails with a description of the expected value. The description excludes the actual value because it may be a
    /// secret.
    pub(crate) fn check(self, text: &str) -> Result<(), String> {
        let is_valid = match self {
            Self::Any | Self::Text | Self::Secret | Self::Path | Self::Period => true,
            Self::Flag => bool::from_setting(&Value::from(text)).is_some(),
            Self::Whole => text.trim().parse::<i64>().is_ok(),
            Self::Number => text.trim().parse::<f64>().is_ok(),
            Self::Choice(choices) => choices.contains(&text),
            Self::Level => LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text)),
            Self::Headers => BTreeMap::<String, SecretText>::from_setting(&Value::from(text)).is_some(),
            Self::StatusCodes => BTreeSet::<u16>::from_setting(&Value::from(text)).is_some(),
        };
        if is_valid { Ok(()) } else { Err(format!("Input should be {}", self.expected())) }
    }

    fn expected(self) -> String {
        match self {
            Self::Flag => "a valid boolean, unable to interpret input".to_owned(),
            Self::Whole => "a valid integer, unable to parse string as an integer".to_owned(),
            Self::Number => "a valid number, unable to parse string as a number".to_owned(),
            Self::Choice(choices) => alternatives(choices),
            Self::Level => alternatives(LEVELS),
            Self::Headers => "a JSON object of strings".to_owned(),
            Self::StatusCodes => "a comma-separated list of HTTP status codes".to_owned(),
            Self::Any | Self::Text | Self::Secret | Self::Path | Self::Period => "a valid string".to_owned(),
        }
    }
}

/// Joins the choices as in `'a', 'b' or 'c'`.
fn alternatives(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validates_values_with_the_messages_of_prefect() {
        const CHOICE: Kind = Kind::Choice(&["warn", "error", "ignore"]);
        let cases = [
            (Kind::Flag, "Yes", None),
            (Kind::Flag, "maybe", Some("a valid boolean, unable to interpret input")),
            (Kind::Whole, "-1", None),
            (Kind::Whole, "1.5", Some("a valid integer, unable to parse string as an integer")),
            (Kind::Number, "0.5", None),
            (Kind::Number, "x", Some("a valid number, unable to parse string as a number")),
            (CHOICE, "warn", None),
            (CHOICE, "Warn", Some("'warn', 'error' or 'ignore'")),
            (Kind::Level, "info", None),
            (Kind::Level, "loud", Some("'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'")),
            (Kind::Headers, r#"{"A": "b"}"#, None),
            (Kind::Headers, "A: b", Some("a JSON object of strings")),
            (Kind::StatusCodes, "404, 500", None),
            (Kind::StatusCodes, "abc", Some("a comma-separated list of HTTP status codes")),
            (Kind::Secret, "anything", None),
        ];
        for (kind, text, problem) in cases {
            let expected = problem.map_or(Ok(()), |problem| Err(format!("Input should be {problem}")));
            assert_eq!(kind.check(text), expected, "{kind:?} {text}");
        }
    }
}
