//! Text of values: `str()`, `repr()` and `str.format`.

use super::{format::format, value::Value};
use crate::{
    flow::obstacle::{Known, Obstacle},
    python,
};

/// `str(value)`, where it does not depend on a class.
pub(crate) fn str_of(value: &Value) -> Known<String> {
    Ok(match value {
        Value::None => "None".to_owned(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value),
        Value::Str(text) | Value::Path(text) | Value::Printed(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        _ => return Err(Obstacle::unknown("its text depends on its class")),
    })
}

/// `repr(value)` of plain values.
pub(crate) fn repr_of(value: &Value) -> Known<String> {
    match value {
        Value::Str(text) => Ok(python::quoted(text)),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => str_of(value),
        _ => Err(Obstacle::unknown("how it prints depends on its class")),
    }
}

/// `repr` of a float: the shortest digits that read back the same.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `template.format(*arguments, **named)` with plain `{}`, `{0}` and `{name}`.
pub(crate) fn format_method(template: &str, arguments: &[Value], named: &[(String, Value)]) -> Known<String> {
    let unknown = || Obstacle::unknown("this `format` template is not evaluated");
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
        text.push_str(&match conversion {
            "" => format(value, spec)?,
            "s" => format(&Value::Str(str_of(value)?), spec)?,
            "r" => format(&Value::Str(repr_of(value)?), spec)?,
            _ => return Err(unknown()),
        });
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_python() {
        let cases = [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (-0.0, "-0.0"),
            (1e22, "1e+22"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn format_fills_fields() {
        let filled = |template, arguments: &[Value], named: &[(String, Value)]| {
            format_method(template, arguments, named).unwrap()
        };
        assert_eq!(filled("{}-{n}-{{}}", &[Value::Int(1)], &[("n".into(), Value::None)]), "1-None-{}");
        assert_eq!(filled("{0!r:>5}|{0}", &[Value::text("a")], &[]), "  'a'|a");
    }
}
