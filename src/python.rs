//! Formats values as Python's `str` and `repr` do. Prefect uses these formats in strings and messages.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use crate::value::{Mapping, Value, from_json};

/// Formats a value as Python's `str` does.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Tagged(tagged) => to_text(&tagged.value),
        other => Repr(other).to_string(),
    }
}

/// Returns the mapping key that [`to_text`] formats as `text`, or `None` if no key has this format.
pub(crate) fn key_with_text(entries: &Mapping, text: &str) -> Option<Value> {
    let numbers = || {
        let integer =
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok();
        let numbers = integer.into_iter().chain(text.parse::<f64>().ok().map(Value::from));
        numbers.filter(|number| to_text(number) == text)
    };
    let others = [("None", Value::Null), ("True", true.into()), ("False", false.into())].into_iter();
    let others = others.filter_map(|(name, value)| (name == text).then_some(value));
    let mut keys =
        std::iter::once(Value::from(text)).chain(others).chain(std::iter::once_with(numbers).flatten());
    keys.find(|key| entries.contains_key(key))
}

/// Formats a string as Python's `repr` does.
pub(crate) fn quoted(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    // Writing to a `String` never fails.
    let _ = write_text(&mut result, text);
    result
}

/// Formats a float as Python's `repr` does.
pub(crate) fn float(float: f64) -> String {
    let mut result = String::new();
    // Writing to a `String` never fails.
    let _ = write_float(&mut result, float);
    result
}

/// Formats a JSON value as Python's `repr` does.
pub(crate) fn json_repr(json: &serde_json::Value) -> String {
    Repr(&from_json(json)).to_string()
}

/// Formats a JSON value as Python's `str` does.
pub(crate) fn json_text(json: &serde_json::Value) -> String {
    to_text(&from_json(json))
}

/// Formats a JSON value as Python's `json.dumps` does.
pub(crate) fn json_dumps(json: &serde_json::Value) -> String {
    let mut result = String::new();
    // Writing to a `String` never fails.
    let _ = write_json(&mut result, json);
    result
}

/// Formats a JSON value as the Python library Rich does.
///
/// A value that fits in 80 columns is printed on a single line. Otherwise, each item is printed on its own line.
pub(crate) fn pretty(json: &serde_json::Value) -> String {
    pretty_at(json, 0, 0)
}

/// Formats a value at an indentation. The argument `used` is the width of the other text on the same line.
fn pretty_at(json: &serde_json::Value, indent: usize, used: usize) -> String {
    const WIDTH: usize = 80;
    let line = json_repr(json);
    if indent + used + line.chars().count() <= WIDTH {
        return line;
    }
    let inner = indent + 4;
    let (brackets, items): (_, Vec<String>) = match json {
        serde_json::Value::Object(fields) if !fields.is_empty() => {
            let item = |(key, value): (&String, &serde_json::Value)| {
                let key = quoted(key);
                let value = pretty_at(value, inner, key.chars().count() + 3);
                format!("{key}: {value}")
            };
            (('{', '}'), fields.iter().map(item).collect())
        }
        serde_json::Value::Array(values) if !values.is_empty() => {
            (('[', ']'), values.iter().map(|value| pretty_at(value, inner, 1)).collect())
        }
        _ => return line,
    };
    let lines: Vec<String> = items.iter().map(|item| format!("{}{item}", " ".repeat(inner))).collect();
    format!("{}\n{}\n{}{}", brackets.0, lines.join(",\n"), " ".repeat(indent), brackets.1)
}

/// Formats a time in UTC as Python's `str` does, such as `2026-11-23 14:00:00+00:00`.
pub(crate) fn timestamp(time: Timestamp) -> String {
    let format = if time.subsec_nanosecond() == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" };
    format!("{}+00:00", time.strftime(format))
}

/// Formats names as a list of quoted strings, such as `'a', 'b'`.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A wrapper for a value whose `Display` implementation formats it as Python's `repr` does.
struct Repr<'a>(&'a Value);

impl fmt::Display for Repr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => write_float(f, float),
                None => write!(f, "{number}"),
            },
            Value::String(text) => write_text(f, text),
            Value::Sequence(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", separator(index), Repr(item))?;
                }
                f.write_char(']')
            }
            Value::Mapping(entries) => {
                f.write_char('{')?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{}: {}", separator(index), Repr(key), Repr(value))?;
                }
                f.write_char('}')
            }
            Value::Tagged(tagged) => write!(f, "{}", Repr(&tagged.value)),
        }
    }
}

fn separator(index: usize) -> &'static str {
    if index == 0 { "" } else { ", " }
}

/// Writes the shortest decimal number that parses back to `float`.
///
/// Only very large and very small numbers have an exponent, as in Python.
fn write_float(f: &mut impl fmt::Write, float: f64) -> fmt::Result {
    if float.is_nan() {
        return f.write_str("nan");
    }
    if float.is_infinite() {
        return f.write_str(if float > 0.0 { "inf" } else { "-inf" });
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(f, "{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => write!(f, "{float:?}"),
    }
}

fn write_json(f: &mut impl fmt::Write, json: &serde_json::Value) -> fmt::Result {
    match json {
        serde_json::Value::Null | serde_json::Value::Bool(_) => write!(f, "{json}"),
        serde_json::Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => write_float(f, float),
            None => write!(f, "{number}"),
        },
        serde_json::Value::String(text) => write_json_string(f, text),
        serde_json::Value::Array(items) => {
            f.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                f.write_str(separator(index))?;
                write_json(f, item)?;
            }
            f.write_char(']')
        }
        serde_json::Value::Object(entries) => {
            f.write_char('{')?;
            for (index, (key, value)) in entries.iter().enumerate() {
                f.write_str(separator(index))?;
                write_json_string(f, key)?;
                f.write_str(": ")?;
                write_json(f, value)?;
            }
            f.write_char('}')
        }
    }
}

/// Writes a string as JSON in ASCII.
fn write_json_string(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            ' '..='~' => f.write_char(character)?,
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(f, "\\u{unit:04x}")?;
                }
            }
        }
    }
    f.write_char('"')
}

fn write_text(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for character in text.chars() {
        match character {
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            _ if character == quote => write!(f, "\\{character}")?,
            _ if is_printable(character) => f.write_char(character)?,
            _ => match u32::from(character) {
                code @ ..=0xFF => write!(f, "\\x{code:02x}")?,
                code @ ..=0xFFFF => write!(f, "\\u{code:04x}")?,
                code => write!(f, "\\U{code:08x}")?,
            },
        }
    }
    f.write_char(quote)
}

/// Returns whether a character is printable according to Python's `str.isprintable`.
///
/// Rust's `escape_debug` preserves the same characters. `escape_debug` also preserves combining marks after another
/// character, and escapes quotes and backslashes. The callers handle these differences.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ if character.is_ascii() => false,
        _ => {
            let mut buffer = [b'x'; 5];
            let length = character.encode_utf8(&mut buffer[1..]).len();
            str::from_utf8(&buffer[..=length]).is_ok_and(|pair| pair.escape_debug().nth(1) == Some(character))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::test_data;

    #[test]
    fn formats_values_as_python_does() {
        for (yaml, expected) in [
            ("text", "text"),
            ("null", "None"),
            ("true", "True"),
            ("false", "False"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("0.1", "0.1"),
            ("123456789012345.6", "123456789012345.6"),
            ("9999999999999998.0", "9999999999999998.0"),
            ("1.0e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("1.0e22", "1e+22"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-1.25e-7", "-1.25e-07"),
            (".nan", "nan"),
            (".inf", "inf"),
            ("-.inf", "-inf"),
            ("{a: 1, 2: [true, null, x]}", "{'a': 1, 2: [True, None, 'x']}"),
            ("[]", "[]"),
            ("{}", "{}"),
        ] {
            let value: Value = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(to_text(&value), expected, "{yaml}");
        }
    }

    #[test]
    fn quotes_strings_as_python_does() {
        for (text, expected) in [
            ("", "''"),
            ("it's", "\"it's\""),
            ("say \"hi\"", "'say \"hi\"'"),
            ("both ' and \"", "'both \\' and \"'"),
            ("a\\b\n\r\t", "'a\\\\b\\n\\r\\t'"),
            ("\0\u{7F}\u{A0}\u{AD}", "'\\x00\\x7f\\xa0\\xad'"),
            ("é中e\u{301}😀", "'é中e\u{301}😀'"),
            ("\u{200B}\u{E000}\u{10FFFF}", "'\\u200b\\ue000\\U0010ffff'"),
        ] {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
    }

    #[test]
    fn formats_times_as_python_does() {
        for (time, expected) in [
            ("2026-11-23T14:00:00Z", "2026-11-23 14:00:00+00:00"),
            ("2026-11-23T14:00:00.25Z", "2026-11-23 14:00:00.250000+00:00"),
        ] {
            assert_eq!(timestamp(time.parse().unwrap()), expected);
        }
    }

    #[test]
    fn formats_json_as_python_does() {
        for (json, expected) in [
            (
                r#"{"a":[1,-2.5,1e16,null,true,"x"],"b":{}}"#,
                r#"{"a": [1, -2.5, 1e+16, null, true, "x"], "b": {}}"#,
            ),
            (r#""\"\\/\n\r\t\b\f\u0001\u007f""#, r#""\"\\/\n\r\t\b\f\u0001\u007f""#),
            ("[\"é中😀\"]", r#"["\u00e9\u4e2d\ud83d\ude00"]"#),
            ("[]", "[]"),
        ] {
            assert_eq!(json_dumps(&serde_json::from_str(json).unwrap()), expected);
        }
    }

    #[test]
    fn agrees_with_python_on_printable_characters() {
        let classes = test_data::characters();
        let known = ('\0'..=char::MAX).filter(|character| !classes.unassigned(*character));
        let differing = known.filter(|character| is_printable(*character) != classes.printable(*character));
        assert_eq!(differing.collect::<String>(), "");
    }
}
