//! Parses the values of `--param`, `--params` and `--job-variable`.
//!
//! Values that are valid JSON are parsed as JSON. For other values, Prefect's rules decide between a string and an
//! error, because scripts rely on unquoted strings.

use std::{io::Read, path::Path};

use serde_json::Value;

use crate::{
    api::JsonObject,
    fs::{self, FileError},
    value::{self, JsonError},
};

/// The error returned if an argument cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("Failed to parse JSON for {noun} '{key}' with value\n\n\t{text}\n\n  JSON Error: {reason}")]
    Value { noun: &'static str, key: String, text: String, reason: String },
    #[error("Failed to parse JSON: {0}")]
    Document(JsonError),
    #[error(
        "Failed to parse JSON: `--params` must be an object of parameters, such as '{{\"name\": \"value\"}}'"
    )]
    NotAnObject,
    #[error("No data passed to stdin")]
    NoInput,
    #[error("cannot read stdin: {0}")]
    Input(std::io::Error),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Parses `KEY=VALUE` arguments. If a key occurs multiple times, the last value is used. Error messages use `noun` to
/// describe the arguments.
pub(crate) fn key_values(arguments: &[String], noun: &'static str) -> Result<JsonObject, ArgumentError> {
    let parse = |argument: &String| {
        let (key, text) = argument.split_once('=').unwrap_or((argument, ""));
        let error =
            |reason| ArgumentError::Value { noun, key: key.to_owned(), text: text.to_owned(), reason };
        Ok((key.to_owned(), parse_value(text).map_err(error)?))
    };
    arguments.iter().map(parse).collect()
}

/// Parses the value of `--params`: a JSON object, `-` to read JSON from `input`, or `@file` to read JSON from
/// a file.
pub(crate) fn parameters(argument: &str, input: &mut dyn Read) -> Result<JsonObject, ArgumentError> {
    let text = if argument == "-" {
        let mut text = String::new();
        input.read_to_string(&mut text).map_err(ArgumentError::Input)?;
        if text.is_empty() {
            return Err(ArgumentError::NoInput);
        }
        text
    } else if let Some(path) = argument.strip_prefix('@') {
        fs::read_text_or_pipe(Path::new(path))?
    } else {
        argument.to_owned()
    };
    match value::parse_json(&text).map_err(ArgumentError::Document)? {
        Value::Object(parameters) => Ok(parameters),
        _ => Err(ArgumentError::NotAnObject),
    }
}

/// Parses a value as JSON, or as an unquoted string.
///
/// # Errors
///
/// Returns the reason if the value contains quotes or brackets but is not valid JSON.
pub(crate) fn parse_value(text: &str) -> Result<Value, String> {
    let error = match value::parse_json(text) {
        Ok(value) => return Ok(value),
        Err(JsonError::Number(error)) => return Err(error.to_string()),
        Err(JsonError::Syntax(error)) => error,
    };
    if text.contains('"') {
        return Err(error.to_string());
    }
    if let Err((Problem::Structure(expected), rest)) = scan(text) {
        let at = text.len() - rest.len();
        return Err(format!("Expecting {expected}: char {at}"));
    }
    // The string is parsed again as a quoted JSON string, so that backslashes are treated as escapes.
    serde_json::from_str(&format!("\"{text}\"")).map_err(|error| error.to_string())
}

/// The reason why a string without double quotes is not valid JSON, as reported by Python's decoder.
enum Problem {
    /// A value is expected.
    NoValue,
    /// A list or an object has invalid syntax. Contains the expected syntax.
    Structure(&'static str),
}

/// Parses a single value at the start of `text` and returns the remaining text.
///
/// # Errors
///
/// Returns the problem, and the text from the problem's position onward.
fn scan(text: &str) -> Result<&str, (Problem, &str)> {
    const LITERALS: [&str; 6] = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
    let text = skip_blanks(text);
    if let Some(rest) = text.strip_prefix('{') {
        // Keys must be quoted, and the string contains no double quotes.
        let rest = skip_blanks(rest);
        let expected = "property name enclosed in double quotes";
        return rest.strip_prefix('}').ok_or((Problem::Structure(expected), rest));
    }
    if let Some(rest) = text.strip_prefix('[') {
        return scan_list(rest);
    }
    let literal = LITERALS.iter().find_map(|literal| text.strip_prefix(literal));
    literal.or_else(|| strip_number(text)).ok_or((Problem::NoValue, text))
}

fn scan_list(text: &str) -> Result<&str, (Problem, &str)> {
    let mut rest = skip_blanks(text);
    if let Some(after) = rest.strip_prefix(']') {
        return Ok(after);
    }
    loop {
        rest = skip_blanks(scan(rest)?);
        if let Some(after) = rest.strip_prefix(']') {
            return Ok(after);
        }
        rest = rest.strip_prefix(',').ok_or((Problem::Structure("',' delimiter"), rest))?;
    }
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
}

/// Returns the text after the number at its start, or `None` if the text does not start with a number.
fn strip_number(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    // A leading zero ends the number: `01` is the number 0 followed by the number 1.
    let rest = digits.strip_prefix('0').unwrap_or_else(|| strip_digits(digits));
    let rest = rest.strip_prefix('.').and_then(some_digits).unwrap_or(rest);
    let exponent = rest.strip_prefix(['e', 'E']);
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    Some(exponent.and_then(some_digits).unwrap_or(rest))
}

fn strip_digits(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_ascii_digit())
}

fn some_digits(text: &str) -> Option<&str> {
    let rest = strip_digits(text);
    (rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parses_values_as_json_or_strings_like_prefect() {
        let same = [
            "foo",
            "foo bar",
            "2024-01-01",
            "10:30",
            "1,2",
            "a=b",
            "True",
            "None",
            "01",
            "1.",
            "+1",
            "1_000",
            "[foo]",
            "[foo",
            "[",
            "[1,]",
            "'x'",
            "-",
            ".5",
            "1 2",
            "{}x",
            "[1]x",
            "1e",
            "nul",
            "nan",
            "-NaN",
            "[1, x]",
            "",
        ];
        for text in same {
            assert_eq!(parse_value(text), Ok(json!(text)), "{text}");
        }
        let cases = [
            ("1", json!(1)),
            ("1.0", json!(1.0)),
            ("1e5", json!(1e5)),
            ("true", json!(true)),
            ("null", json!(null)),
            ("\"foo\"", json!("foo")),
            ("[1,2]", json!([1, 2])),
            (r#"{"a":1}"#, json!({"a": 1})),
            (r"C:\new", json!("C:\new")),
            (" 5 ", json!(5)),
        ];
        for (text, value) in cases {
            assert_eq!(parse_value(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn rejects_values_with_quotes_or_brackets_that_are_not_json() {
        for text in [
            "[1,2",
            "{a:1}",
            "{bad",
            "{'a':1}",
            "{",
            "a\"b",
            r"a\d",
            "a\nb",
            "a\tb",
            "[1 2]",
            "[0.5 1]",
            "\"foo",
            "NaN",
            "[1, -Infinity]",
            "1e999",
        ] {
            assert!(parse_value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_show_key_and_value() {
        let arguments = ["a=1".to_owned(), "a=x=y".to_owned(), "b".to_owned()];
        assert_eq!(Value::Object(key_values(&arguments, "parameter").unwrap()), json!({"a": "x=y", "b": ""}));
        assert!(parse_value("123456789012345678901").is_err_and(|error| error.contains("64 bits")));
        let error = key_values(&["k={a".to_owned()], "job variable").unwrap_err();
        assert_eq!(
            error.to_string(),
            "Failed to parse JSON for job variable 'k' with value\n\n\t{a\n\n\
             \x20 JSON Error: Expecting property name enclosed in double quotes: char 1"
        );
    }

    #[test]
    fn reads_parameters_from_argument_stdin_or_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.json");
        std::fs::write(&path, r#"{"file": 1}"#).unwrap();
        let read =
            |argument: &str, input: &str| parameters(argument, &mut input.as_bytes()).map(Value::Object);
        assert_eq!(read(r#"{"a": 1}"#, "").unwrap(), json!({"a": 1}));
        assert_eq!(read("-", r#"{"b": 1}"#).unwrap(), json!({"b": 1}));
        assert_eq!(read(&format!("@{}", path.display()), "").unwrap(), json!({"file": 1}));
        let error = |argument, input| read(argument, input).unwrap_err().to_string();
        assert_eq!(error("-", ""), "No data passed to stdin");
        assert!(error("{", "").starts_with("Failed to parse JSON: "));
        assert!(error("[1]", "").contains("must be an object"));
        assert!(error("-", r#"{"a": 123456789012345678901}"#).contains("does not fit in 64 bits"));
        assert!(error("@/nonexistent.json", "").starts_with("cannot read /nonexistent.json"));
    }
}
