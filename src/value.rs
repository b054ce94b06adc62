//! Untyped values: the contents of YAML files, templates and step results.
//!
//! The values have the types of `serde_yaml` and are only converted to JSON for API requests.

use std::borrow::Cow;

pub(crate) use serde_yaml::{Mapping, Value};

/// Converts a value to JSON. NaN and infinities become null, and keys become strings as in Python's `json` module.
pub(crate) fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => number_to_json(number),
        Value::String(text) => Json::String(text.clone()),
        Value::Sequence(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Mapping(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key_text(key), to_json(value))).collect())
        }
        Value::Tagged(tagged) => to_json(&tagged.value),
    }
}

fn number_to_json(number: &serde_yaml::Number) -> serde_json::Value {
    if let Some(number) = number.as_i64() {
        number.into()
    } else if let Some(number) = number.as_u64() {
        number.into()
    } else {
        number.as_f64().and_then(serde_json::Number::from_f64).into()
    }
}

fn key_text(key: &Value) -> String {
    match to_json(key) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Returns the entries of a JSON object, or an empty map if the JSON value is not an object.
pub(crate) fn json_object(json: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    if let serde_json::Value::Object(entries) = json { entries } else { serde_json::Map::new() }
}

/// Converts a JSON value, such as an API response, to an untyped value.
pub(crate) fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            if let Some(number) = number.as_i64() {
                Value::from(number)
            } else if let Some(number) = number.as_u64() {
                Value::from(number)
            } else {
                Value::from(number.as_f64().unwrap_or(f64::NAN))
            }
        }
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Sequence(items.iter().map(from_json).collect()),
        Json::Object(entries) => Value::Mapping(
            entries.iter().map(|(key, value)| (Value::String(key.clone()), from_json(value))).collect(),
        ),
    }
}

/// The error returned if text is not valid JSON, or if it contains a number that requests cannot contain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    #[error(transparent)]
    Syntax(serde_json::Error),
    #[error(transparent)]
    Number(#[from] UnsupportedNumber),
}

/// A number that Python's `json` module accepts, but that a request cannot contain unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsupportedNumber {
    /// An integer that would be rounded, because 64 bits cannot represent it.
    #[error("the integer {0} does not fit in 64 bits; write it as the JSON string \"{0}\"")]
    Integer(String),
    /// `NaN`, an infinity, or a number that would be rounded to infinity.
    #[error("the number {0} is not finite; write it as the JSON string \"{0}\"")]
    NotFinite(String),
}

/// Parses JSON from user input.
///
/// # Errors
///
/// Fails if the text is not JSON, or if an integer does not fit in 64 bits. `serde_json` would round such an integer.
pub(crate) fn parse_json(text: &str) -> Result<serde_json::Value, JsonError> {
    let value = serde_json::from_str(text).map_err(|error| match infinite_number(text) {
        None => JsonError::Syntax(error),
        Some(number) => UnsupportedNumber::NotFinite(number.to_owned()).into(),
    })?;
    match rounded_integer(text) {
        None => Ok(value),
        Some(integer) => Err(UnsupportedNumber::Integer(integer.to_owned()).into()),
    }
}

/// Numbers that Python's `json` module accepts although they are not valid JSON.
const CONSTANTS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Returns the first number that is not finite, or `None` if there is none or the text is invalid for another reason.
fn infinite_number(json: &str) -> Option<&str> {
    let mut first = None;
    let mut valid = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find(|start: char| matches!(start, '"' | '-' | 'N' | 'I' | '0'..='9')) {
        valid.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = match rest.strip_prefix('"') {
            Some(string) => rest.len() - after_string(string).len(),
            None => CONSTANTS
                .iter()
                .find(|constant| rest.starts_with(**constant))
                .map_or_else(|| number_length(rest).max(1), |constant| constant.len()),
        };
        let (token, after) = rest.split_at(length);
        if token.parse().is_ok_and(|number: f64| !number.is_finite()) {
            first.get_or_insert(token);
            valid.push_str("null");
        } else {
            valid.push_str(token);
        }
        rest = after;
    }
    valid.push_str(rest);
    first.filter(|_| serde_json::from_str::<serde::de::IgnoredAny>(&valid).is_ok())
}

/// Returns the first integer in valid JSON that `serde_json` rounds, because it does not fit in 64 bits.
pub(crate) fn rounded_integer(json: &str) -> Option<&str> {
    rounded_integers(json).next().map(|(_, integer)| integer)
}

/// Replaces the integers in valid JSON that do not fit in 64 bits with strings. `serde_json` would round them.
pub(crate) fn with_exact_integers(json: &str) -> Cow<'_, str> {
    let mut exact = String::new();
    let mut copied = 0;
    for (start, integer) in rounded_integers(json) {
        exact.extend([&json[copied..start], "\"", integer, "\""]);
        copied = start + integer.len();
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    exact.push_str(&json[copied..]);
    Cow::Owned(exact)
}

/// Yields the integers in valid JSON that do not fit in 64 bits, each with its position.
fn rounded_integers(json: &str) -> impl Iterator<Item = (usize, &str)> {
    // Large responses rarely contain that many digits in a row.
    let found = has_digits(json.as_bytes(), SHORTEST_ROUNDED).then(|| numbers(json));
    found.into_iter().flatten().filter(|(_, number)| is_rounded(number))
}

/// Minimum number of digits of an integer that does not fit in 64 bits.
const SHORTEST_ROUNDED: usize = 19;

/// Returns whether the text contains at least `count` consecutive digits. Only reads a fraction of the text.
fn has_digits(text: &[u8], count: usize) -> bool {
    let is_run = |middle: usize| {
        let before = text[..middle].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let after = text[middle..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        before + after >= count
    };
    (count - 1..text.len()).step_by(count).any(|at| text[at].is_ascii_digit() && is_run(at))
}

/// Yields the numbers in valid JSON as written, each with its position.
fn numbers(json: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|first: char| first == '"' || first == '-' || first.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(string) = rest.strip_prefix('"') {
                rest = after_string(string);
                continue;
            }
            let position = json.len() - rest.len();
            let (number, after) = rest.split_at(number_length(rest));
            rest = after;
            return Some((position, number));
        }
    })
}

/// Returns the length of the number at the start of a JSON string.
fn number_length(json: &str) -> usize {
    let is_part = |part: char| part.is_ascii_digit() || matches!(part, '-' | '+' | '.' | 'e' | 'E');
    json.find(|part| !is_part(part)).unwrap_or(json.len())
}

/// Returns the source text of a JSON object's member. `json` must be valid JSON.
pub(crate) fn member_text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = json.trim_start().strip_prefix('{')?;
    loop {
        let key = rest.trim_start().strip_prefix('"')?;
        let after = after_string(key);
        let is_member = key.strip_suffix(after)?.strip_suffix('"')? == name;
        let value = after.trim_start().strip_prefix(':')?;
        let (value, after) = value.split_at(value_length(value));
        if is_member {
            return Some(value.trim());
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Returns the length of the value at the start of a JSON text. A comma or a closing bracket ends the value.
fn value_length(json: &str) -> usize {
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(at) = rest.find(['"', '[', '{', ']', '}', ',']) {
        let (token, after) = rest[at..].split_at(1);
        match token {
            "]" | "}" | "," if depth == 0 => return json.len() - rest.len() + at,
            "[" | "{" => depth += 1,
            "]" | "}" => depth -= 1,
            _ => {}
        }
        rest = if token == "\"" { after_string(after) } else { after };
    }
    json.len()
}

/// Returns the text after the closing quote of a JSON string.
fn after_string(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.find(|character| {
        let is_end = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    });
    end.map_or("", |end| &text[end + 1..])
}

/// Returns whether a number is an integer that does not fit in 64 bits.
fn is_rounded(number: &str) -> bool {
    !number.contains(['.', 'e', 'E']) && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// Returns the mapping under a key.
///
/// If the key does not exist or its value has a different type, the value is replaced with an empty mapping.
pub(crate) fn mapping_at<'a>(entries: &'a mut Mapping, key: &str) -> &'a mut Mapping {
    let value = entries.entry(key.into()).or_insert(Value::Null);
    if !value.is_mapping() {
        *value = Mapping::new().into();
    }
    match value {
        Value::Mapping(mapping) => mapping,
        _ => unreachable!("the value has just been replaced with a mapping"),
    }
}

/// Returns whether Python treats a value as true in a condition.
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

/// Returns whether any string in a value satisfies a predicate. Skips mapping keys.
pub(crate) fn any_text(value: &Value, is_sought: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_sought(text),
        Value::Sequence(items) => items.iter().any(|item| any_text(item, is_sought)),
        Value::Mapping(entries) => entries.values().any(|entry| any_text(entry, is_sought)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => false,
    }
}

/// Returns the type of a value for messages, such as "a list".
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a tagged value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_to_json_as_python_does() {
        let value: Value =
            serde_yaml::from_str("{b: 1, a: 2.5, 3: [null, .nan], true: 18446744073709551615}").unwrap();
        assert_eq!(
            serde_json::to_string(&to_json(&value)).unwrap(),
            r#"{"b":1,"a":2.5,"3":[null,null],"true":18446744073709551615}"#
        );
        let json = to_json(&value);
        assert_eq!(to_json(&from_json(&json)), json);
    }

    #[test]
    fn rejects_integers_that_would_be_rounded() {
        for text in [
            "18446744073709551615",
            "-9223372036854775808",
            "123456789012345678901.0",
            "1e30",
            r#"{"a\\": ["\"123456789012345678901", 1.5, -2, "é"], "123456789012345678901": null}"#,
        ] {
            assert_eq!(parse_json(text).unwrap(), serde_json::from_str::<serde_json::Value>(text).unwrap());
        }
        for (text, integer) in [
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            (r#"{"\\": "x", "b": [1, 123456789012345678901]}"#, "123456789012345678901"),
        ] {
            let error = parse_json(text).unwrap_err();
            assert_eq!(number(error), Some(UnsupportedNumber::Integer(integer.to_owned())), "{text}");
        }
        assert!(matches!(parse_json("123456789012345678901x"), Err(JsonError::Syntax(_))));
    }

    fn number(error: JsonError) -> Option<UnsupportedNumber> {
        if let JsonError::Number(number) = error { Some(number) } else { None }
    }

    #[test]
    fn rejects_numbers_that_are_not_finite() {
        for (text, expected) in [
            ("NaN", Some("NaN")),
            (" -Infinity ", Some("-Infinity")),
            (r#"{"a": [1, Infinity, NaN]}"#, Some("Infinity")),
            (r#"{"\"NaN": "Infinity", "b": -1e999}"#, Some("-1e999")),
            ("1e999", Some("1e999")),
            ("[é, NaN]", None),
            ("-NaN", None),
            ("NaNs", None),
            ("nan", None),
            ("Inf", None),
            ("{NaN: 1}", None),
            ("\"NaN", None),
            ("N", None),
            ("-", None),
        ] {
            let expected = expected.map(|number| UnsupportedNumber::NotFinite(number.to_owned()));
            assert_eq!(number(parse_json(text).unwrap_err()), expected, "{text}");
        }
    }

    #[test]
    fn keeps_large_integers_as_strings() {
        for (json, expected) in [
            (r#"{"a":[18446744073709551615,-9223372036854775808,1e30]}"#, None),
            (r#"{"123456789012345678901":"x \"123456789012345678901\""}"#, None),
            (
                r#"{"a":[-9223372036854775809,1, 18446744073709551616 ],"b":18446744073709551616}"#,
                Some(
                    r#"{"a":["-9223372036854775809",1, "18446744073709551616" ],"b":"18446744073709551616"}"#,
                ),
            ),
            ("18446744073709551616", Some(r#""18446744073709551616""#)),
        ] {
            assert_eq!(with_exact_integers(json), expected.unwrap_or(json));
        }
    }

    #[test]
    fn finds_rows_of_digits() {
        for length in 0..60 {
            for before in 0..25 {
                let text = format!("{}{}x1", "x".repeat(before), "1".repeat(length));
                assert_eq!(has_digits(text.as_bytes(), 19), length >= 19, "{text}");
            }
        }
    }

    #[test]
    fn finds_the_text_of_a_member() {
        for (json, expected) in [
            (r#"{"id":"value","value":123456789012345678901,"tags":[]}"#, Some("123456789012345678901")),
            (r#"{"a":{"value":1},"value":{"b":["]}",{"c":2}]}}"#, Some(r#"{"b":["]}",{"c":2}]}"#)),
            (r#" { "a\"" : [1, 2] , "value" : "x,\"y" } "#, Some(r#""x,\"y""#)),
            (r#"{"other":null}"#, None),
            ("{}", None),
            ("[]", None),
        ] {
            assert_eq!(member_text(json, "value"), expected, "{json}");
        }
    }

    #[test]
    fn empty_values_are_false() {
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
