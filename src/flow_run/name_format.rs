//! Formats run names that contain parameters, such as `run-{name}-{n:03d}`. The syntax follows Python's `str.format`.

use serde_json::Value;

use crate::{api::JsonObject, python};

/// The error returned if a name template cannot be formatted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("Missing parameter for flow run name: '{0}' is undefined")]
    Missing(String),
    #[error("Failed to format flow run name: {0}")]
    Format(String),
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, NameError> {
    Err(NameError::Format(reason.into()))
}

/// Replaces the fields of a template with parameter values.
///
/// # Errors
///
/// Fails if the syntax is invalid or if a parameter is missing.
pub(super) fn format(template: &str, parameters: &JsonObject) -> Result<String, NameError> {
    let mut result = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        result.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            result.push_str(brace);
            rest = after;
        } else if brace == "{" {
            let Some((field, after)) = rest.split_once('}') else {
                return malformed("expected '}' before end of string");
            };
            result.push_str(&fill(field, parameters)?);
            rest = after;
        } else {
            return malformed("Single '}' encountered in format string");
        }
    }
    Ok(result + rest)
}

/// Formats one field: `name[index]!conversion:specification`.
fn fill(field: &str, parameters: &JsonObject) -> Result<String, NameError> {
    let (field, specification) = field.split_once(':').unwrap_or((field, ""));
    let (reference, conversion) =
        field.split_once('!').map_or((field, None), |(name, kind)| (name, Some(kind)));
    let value = look_up(reference, parameters)?;
    match conversion {
        None => pad(value, specification),
        Some("s") => pad(&Value::from(python::json_text(value)), specification),
        Some("r") => pad(&Value::from(python::json_repr(value)), specification),
        Some(other) => malformed(format!("Unknown conversion specifier {other}")),
    }
}

fn look_up<'a>(reference: &str, parameters: &'a JsonObject) -> Result<&'a Value, NameError> {
    let name = reference.split(['[', '.']).next().unwrap_or_default();
    if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return malformed("fields must name a parameter");
    }
    let mut value = parameters.get(name).ok_or_else(|| NameError::Missing(name.to_owned()))?;
    let mut rest = &reference[name.len()..];
    while !rest.is_empty() {
        let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return malformed(format!("cannot look up '{rest}' in a parameter"));
        };
        let next = match index.parse::<usize>() {
            Ok(position) if value.is_array() => value.get(position),
            _ => value.get(index),
        };
        value = next.ok_or_else(|| NameError::Missing(index.to_owned()))?;
        rest = after;
    }
    Ok(value)
}

/// Applies a format specification of the form `[[fill]align][0][width][.precision][type]`. Returns an error
/// for other specifications.
fn pad(value: &Value, specification: &str) -> Result<String, NameError> {
    let unsupported = || malformed(format!("unsupported format specifier '{specification}'"));
    let mut characters = specification.chars();
    let (fill, align, rest) = match (characters.next(), characters.next()) {
        (Some(fill), Some(align @ ('<' | '>' | '^'))) => (fill, Some(align), characters.as_str()),
        (Some(align @ ('<' | '>' | '^')), _) => (' ', Some(align), &specification[1..]),
        _ => (' ', None, specification),
    };
    let (fill, align, rest) = match rest.strip_prefix('0') {
        Some(rest) if align.is_none() => ('0', Some('>'), rest),
        _ => (fill, align, rest),
    };
    let digits = rest.len() - rest.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let width: usize = if digits == 0 { 0 } else { rest[..digits].parse().unwrap_or(usize::MAX) };
    if width > 1000 {
        return unsupported();
    }
    let text = match (&rest[digits..], value.as_f64()) {
        ("", _) => python::json_text(value),
        ("s", None) if value.is_string() => python::json_text(value),
        ("d", Some(_)) if !value.is_f64() => python::json_text(value),
        (kind, Some(number)) => match precision(kind) {
            Some(precision) => format!("{number:.precision$}"),
            None => return unsupported(),
        },
        _ => return unsupported(),
    };
    let missing = width.saturating_sub(text.chars().count());
    let before = match align.unwrap_or(if value.is_number() { '>' } else { '<' }) {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    let filler = |count: usize| fill.to_string().repeat(count);
    Ok(filler(before) + &text + &filler(missing - before))
}

/// Returns the number of decimal places that a format such as `.2f` or `f` specifies.
fn precision(kind: &str) -> Option<usize> {
    let kind = kind.strip_suffix('f')?;
    if kind.is_empty() {
        Some(6)
    } else {
        kind.strip_prefix('.')?.parse().ok().filter(|digits| *digits <= 100)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_fields_like_python() {
        let parameters =
            json!({"name": "Marvin", "n": 7, "x": 1.5, "flag": true, "user": {"id": 3}, "list": ["a", "b"]});
        let parameters = parameters.as_object().unwrap();
        let cases = [
            ("run-{name}-{n}", "run-Marvin-7"),
            ("{{{n}}}", "{7}"),
            ("{flag}{x}", "True1.5"),
            ("{user[id]}-{list[1]}-{list}", "3-b-['a', 'b']"),
            ("{name!r}", "'Marvin'"),
            ("{n:03d}|{n:>3}|{name:<8}|{name:*^10}|{x:.2f}|{n:5}", "007|  7|Marvin  |**Marvin**|1.50|    7"),
            ("plain", "plain"),
        ];
        for (template, expected) in cases {
            assert_eq!(format(template, parameters).as_deref(), Ok(expected), "{template}");
        }
        assert_eq!(
            format("{zzz}", parameters).unwrap_err().to_string(),
            "Missing parameter for flow run name: 'zzz' is undefined"
        );
        for template in
            ["{n", "}", "{}", "{0}", "{name.upper}", "{n!x}", "{n:x}", "{name:d}", "{list[9]", "{n:99999}"]
        {
            assert!(format(template, parameters).is_err(), "{template}");
        }
    }
}
