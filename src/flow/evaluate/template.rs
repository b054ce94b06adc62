//! Evaluates string templates, as used by the `%` operator and the `str.format` method.

use super::{
    format::format,
    operators::LENGTH_LIMIT,
    text::{to_repr, to_str},
    value::Value,
};
use crate::flow::eval_error::{EvalError, EvalResult};

/// Evaluates `template % values`. Supports the conversions `%s`, `%r`, `%d`, `%f` and `%%`.
pub(super) fn percent(template: &str, values: &Value) -> EvalResult<String> {
    let mut values = match values {
        Value::Tuple(values) => values.clone(),
        Value::Dict(_) => {
            return Err(EvalError::unknown("a `%` template with a dictionary cannot be evaluated"));
        }
        value => vec![value.clone()],
    }
    .into_iter();
    let mismatch = || EvalError::unknown("the number of values does not match the `%` template");
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).ok_or_else(mismatch)?;
        let (options, after) = after.split_at(end);
        let (kind, after) = after.split_at(after.chars().next().map_or(0, char::len_utf8));
        rest = after;
        if kind == "%" && options.is_empty() {
            text.push('%');
            continue;
        }
        let value = values.next().ok_or_else(mismatch)?;
        // A minus sign aligns the value to the left. Unlike `format`, the `%` operator aligns strings to the right by
        // default.
        let spec = match options.strip_prefix('-') {
            Some(options) => format!("<{options}"),
            None if matches!(kind, "s" | "r") && !options.is_empty() => format!(">{options}"),
            None => options.to_owned(),
        };
        require_short(&text)?;
        text.push_str(&match (kind, &value) {
            ("s", value) => format(&Value::Str(to_str(value)?), &spec)?,
            ("r", value) => format(&Value::Str(to_repr(value)?), &spec)?,
            ("d", Value::Int(_)) if !spec.contains('.') => format(&value, &(spec + "d"))?,
            ("f", Value::Int(_) | Value::Float(_)) => format(&value, &(spec + "f"))?,
            _ => {
                return Err(EvalError::unknown(format!(
                    "the conversion `%{kind}` is not supported for the value"
                )));
            }
        });
    }
    text.push_str(rest);
    if values.next().is_some() { Err(mismatch()) } else { Ok(text) }
}

/// Evaluates `template.format(*arguments, **named)`. Supports fields such as `{}`, `{0}` and `{name}`.
pub(crate) fn format_method(
    template: &str,
    arguments: &[Value],
    named: &[(String, Value)],
) -> EvalResult<String> {
    let unknown = || EvalError::unknown("the `str.format` template cannot be evaluated");
    let mut text = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if after.starts_with(brace) {
            text.push_str(brace);
            rest = &after[1..];
            continue;
        }
        let (field, after) = after.split_once('}').filter(|_| brace == "{").ok_or_else(unknown)?;
        let (field, spec) = field.split_once(':').unwrap_or((field, ""));
        let (field, conversion) = field.split_once('!').unwrap_or((field, ""));
        let value = if field.is_empty() {
            next += 1;
            arguments.get(next - 1)
        } else if let Ok(index) = field.parse::<usize>() {
            arguments.get(index)
        } else {
            named.iter().find(|(name, _)| name == field).map(|(_, value)| value)
        };
        let value = value.ok_or_else(unknown)?;
        require_short(&text)?;
        text.push_str(&match conversion {
            "" => format(value, spec)?,
            "s" => format(&Value::Str(to_str(value)?), spec)?,
            "r" => format(&Value::Str(to_repr(value)?), spec)?,
            _ => return Err(unknown()),
        });
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// Fails if a string that is being built exceeds the maximum length.
pub(crate) fn require_short(text: &str) -> EvalResult<()> {
    if text.len() > LENGTH_LIMIT { Err(EvalError::unknown("the string is too long")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_percent_templates_or_fails() {
        let values = |values: &[Value]| Value::Tuple(values.to_vec());
        let (a, one, half) = (Value::text("a"), Value::Int(1), Value::Float(0.5));
        let cases = [
            ("%s/%d%%", values(&[a.clone(), one.clone()]), Some("a/1%")),
            ("%03d|%-3d|%3d", values(&[one.clone(), one.clone(), one.clone()]), Some("001|1  |  1")),
            ("%5s|%-5s|%r", values(&[a.clone(), a.clone(), a.clone()]), Some("    a|a    |'a'")),
            ("%.2f", half, Some("0.50")),
            ("%s", values(&[]), None),
            ("%d", a, None),
            ("%x", one.clone(), None),
            ("100%", one, None),
        ];
        for (template, values, expected) in cases {
            assert_eq!(percent(template, &values).ok().as_deref(), expected, "{template}");
        }
    }

    #[test]
    fn formats_fields_of_templates() {
        let filled = |template, arguments: &[Value], named: &[(String, Value)]| {
            format_method(template, arguments, named).unwrap()
        };
        assert_eq!(filled("{}-{n}-{{}}", &[Value::Int(1)], &[("n".into(), Value::None)]), "1-None-{}");
        assert_eq!(filled("{0!r:>5}|{0}", &[Value::text("a")], &[]), "  'a'|a");
    }
}
