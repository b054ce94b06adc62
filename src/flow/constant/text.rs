//! Text of values: `str()`, `repr()` of numbers, and the formats that f-strings and `%` use.

use super::value::{Number, Value};
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

/// `format(value, spec)` for the plain specifications.
pub(crate) fn format(value: &Value, spec: &str) -> Known<String> {
    if spec.is_empty() {
        return str_of(value);
    }
    let unknown = || Obstacle::unknown(format!("the format '{spec}' is not evaluated"));
    let zeros = spec.starts_with('0');
    let (width, rest) = digits(spec);
    let (precision, kind) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (precision, kind) = digits(rest);
            (Some(precision.ok_or_else(unknown)?), kind)
        }
        None => (None, rest),
    };
    let width = width.unwrap_or(0);
    if width > 1_000 || precision.is_some_and(|precision| precision > 100) {
        return Err(unknown());
    }
    let (text, right) = match (value, precision, kind) {
        (Value::Int(value), None, "" | "d") => (value.to_string(), true),
        (Value::Int(_) | Value::Float(_), precision, "f") => {
            let number = value.number().map_or(0.0, Number::as_float);
            (format!("{number:.*}", precision.unwrap_or(6)), true)
        }
        (Value::Str(text), None, "" | "s") if !zeros => (text.clone(), false),
        _ => return Err(unknown()),
    };
    Ok(match (right, zeros, text.strip_prefix('-')) {
        (true, true, Some(positive)) => format!("-{positive:0>width$}", width = width.saturating_sub(1)),
        (true, true, None) => format!("{text:0>width$}"),
        (true, false, _) => format!("{text:>width$}"),
        (false, ..) => format!("{text:<width$}"),
    })
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// `template % values` with `%s`, `%d` and `%%`.
pub(crate) fn percent(template: &str, values: &Value) -> Known<String> {
    let mut values = match values {
        Value::Tuple(values) => values.clone(),
        Value::Dict(_) => return Err(Obstacle::unknown("`%` with a dictionary is not evaluated")),
        value => vec![value.clone()],
    }
    .into_iter();
    let mismatch = || Obstacle::unknown("the values do not fit the `%` template");
    let mut text = String::new();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => text.push('%'),
            Some('s') => text.push_str(&str_of(&values.next().ok_or_else(mismatch)?)?),
            Some('d') => match values.next().ok_or_else(mismatch)? {
                Value::Int(value) => text.push_str(&value.to_string()),
                _ => return Err(mismatch()),
            },
            _ => return Err(Obstacle::unknown("this `%` template is not evaluated")),
        }
    }
    if values.next().is_some() { Err(mismatch()) } else { Ok(text) }
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
        let value = if field.is_empty() {
            next += 1;
            arguments.get(next - 1)
        } else if let Ok(index) = field.parse::<usize>() {
            arguments.get(index)
        } else {
            named.iter().find(|(name, _)| name == field).map(|(_, value)| value)
        };
        text.push_str(&format(value.ok_or_else(unknown)?, spec)?);
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
    fn formats_are_exact_or_refused() {
        let int = Value::Int(-7);
        let cases = [
            (&int, "", Some("-7")),
            (&int, "03d", Some("-07")),
            (&int, "5", Some("   -7")),
            (&int, ".2f", Some("-7.00")),
            (&int, "x", None),
            (&Value::text("a"), "3", Some("a  ")),
            (&Value::List(vec![]), "", None),
        ];
        for (value, spec, text) in cases {
            assert_eq!(format(value, spec).ok().as_deref(), text, "{spec}");
        }
        assert_eq!(percent("%s/%d%%", &Value::Tuple(vec![Value::text("a"), Value::Int(1)])).unwrap(), "a/1%");
        assert_eq!(
            format_method("{}-{n}-{{}}", &[Value::Int(1)], &[("n".into(), Value::None)]).unwrap(),
            "1-None-{}"
        );
    }
}
