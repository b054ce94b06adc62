//! Evaluates attributes and methods of built-in values, such as `str.upper`.

use super::{
    operators::{self, LENGTH_LIMIT},
    paths, template,
    value::{Value, sorted},
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::Program,
};

/// Evaluates the attribute access `value.name`.
pub(super) fn attribute(value: &Value, name: &str) -> EvalResult<Value> {
    let unknown = || EvalError::unknown(format!("the attribute '{name}' cannot be evaluated"));
    Ok(match (value, name) {
        (Value::Member { value, .. }, "value") => (**value).clone(),
        (Value::Member { name, .. }, "name") => Value::text(name),
        (Value::Object(fields), name) => return field(fields, name).ok_or_else(unknown),
        (Value::Path(path), name) => return paths::attribute(path, name).ok_or_else(unknown),
        (Value::Date(date), "year") => Value::Int(date.year().into()),
        (Value::Date(date), "month") => Value::Int(date.month().into()),
        (Value::Date(date), "day") => Value::Int(date.day().into()),
        _ => return Err(unknown()),
    })
}

/// Returns the value of an instance's field, or `None` if the encoded value may differ from the field's value.
fn field(fields: &[(String, Value)], name: &str) -> Option<Value> {
    let (_, value) = fields.iter().find(|(field, _)| field == name)?;
    let is_exact = !matches!(value, Value::Float(_) | Value::Secret { .. } | Value::Opaque);
    is_exact.then(|| value.clone())
}

/// Evaluates the method call `value.name(*arguments, **named)`.
pub(super) fn call(
    program: &Program<'_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
    named: &[(String, Value)],
) -> EvalResult<Value> {
    let unknown = || EvalError::unknown(format!("the method '{name}' cannot be evaluated"));
    match (value, name) {
        (Value::Str(template), "format") => {
            template::format_method(template, arguments, named).map(Value::Str)
        }
        _ if !named.is_empty() => Err(unknown()),
        (Value::Str(text), _) => string_method(text, name, arguments)?.ok_or_else(unknown),
        (Value::Dict(items), "get") => match arguments {
            [key] | [key, _] => {
                if let Some((_, value)) = items.iter().find(|(other, _)| other.equals(key)) {
                    return Ok(value.clone());
                }
                // A key of an unknown class may equal the given key.
                operators::contains(items.iter().map(|(other, _)| other), key)?;
                Ok(arguments.get(1).cloned().unwrap_or(Value::None))
            }
            _ => Err(unknown()),
        },
        (Value::Dict(items), "keys") => Ok(Value::List(items.iter().map(|(key, _)| key.clone()).collect())),
        (Value::Dict(items), "values") => {
            Ok(Value::List(items.iter().map(|(_, value)| value.clone()).collect()))
        }
        (Value::Dict(items), "items") => {
            let pair = |(key, value): &(Value, Value)| Value::Tuple(vec![key.clone(), value.clone()]);
            Ok(Value::List(items.iter().map(pair).collect()))
        }
        (Value::Dict(_) | Value::List(_) | Value::Set(_), "copy") if arguments.is_empty() => {
            Ok(value.clone())
        }
        (Value::DateTime(moment), "isoformat") if arguments.is_empty() && moment.offset.is_none() => {
            Ok(Value::Str(moment.to_string()))
        }
        (Value::Date(date), "isoformat") if arguments.is_empty() => Ok(Value::Str(date.to_string())),
        (Value::DateTime(moment), "date") if arguments.is_empty() => Ok(Value::Date(moment.local.date())),
        (Value::Path(path), _) => paths::method(program, path, name, arguments).ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

fn string_method(text: &str, name: &str, arguments: &[Value]) -> EvalResult<Option<Value>> {
    let texts = arguments.iter().map(|argument| argument.as_str().ok()).collect::<Option<Vec<_>>>();
    let result = match (name, texts.as_deref()) {
        ("upper", Some([])) if text.is_ascii() => Value::Str(text.to_ascii_uppercase()),
        ("lower", Some([])) if text.is_ascii() => Value::Str(text.to_ascii_lowercase()),
        ("title", Some([])) if text.is_ascii() => Value::Str(title(text)),
        ("capitalize", Some([])) if text.is_ascii() => {
            let (first, rest) = text.split_at(text.len().min(1));
            Value::Str(first.to_ascii_uppercase() + &rest.to_ascii_lowercase())
        }
        ("strip", Some([])) => Value::text(text.trim()),
        ("lstrip", Some([])) => Value::text(text.trim_start()),
        ("rstrip", Some([])) => Value::text(text.trim_end()),
        ("strip", Some([characters])) => Value::text(text.trim_matches(|c| characters.contains(c))),
        ("lstrip", Some([characters])) => Value::text(text.trim_start_matches(|c| characters.contains(c))),
        ("rstrip", Some([characters])) => Value::text(text.trim_end_matches(|c| characters.contains(c))),
        ("removeprefix", Some([prefix])) => Value::text(text.strip_prefix(prefix).unwrap_or(text)),
        ("removesuffix", Some([suffix])) => Value::text(text.strip_suffix(suffix).unwrap_or(text)),
        ("startswith", Some([prefix])) => Value::Bool(text.starts_with(prefix)),
        ("endswith", Some([suffix])) => Value::Bool(text.ends_with(suffix)),
        ("replace", Some([from, to])) if text.len().saturating_mul(to.len() + 1) <= LENGTH_LIMIT * 16 => {
            Value::Str(text.replace(from, to))
        }
        ("split", Some([])) => Value::List(text.split_whitespace().map(Value::text).collect()),
        ("split", Some([separator])) if !separator.is_empty() => {
            Value::List(text.split(separator).map(Value::text).collect())
        }
        ("join", _) => match arguments {
            [Value::Set(_) | Value::FrozenSet(_)] => return Ok(None),
            [items] => {
                let items = items.elements()?;
                let items = items.iter().map(Value::as_str).collect::<EvalResult<Vec<_>>>()?;
                let separators = text.len().saturating_mul(items.len());
                if items.iter().map(|item| item.len()).sum::<usize>() + separators > LENGTH_LIMIT {
                    return Ok(None);
                }
                Value::Str(items.join(text))
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// Evaluates `str.title()`: the first letter of each run of letters is capitalized.
pub(crate) fn title(text: &str) -> String {
    let mut after_letter = false;
    let mut titled = String::with_capacity(text.len());
    for character in text.chars() {
        if after_letter {
            titled.extend(character.to_lowercase());
        } else {
            titled.extend(character.to_uppercase());
        }
        after_letter = character.is_alphabetic();
    }
    titled
}

/// Returns the elements of an iterable in ascending order, as Python's `sorted(value)` does.
pub(super) fn sorted_elements(value: &Value) -> EvalResult<Vec<Value>> {
    match value {
        Value::Set(items) | Value::FrozenSet(items) => sorted(items.clone()),
        other => sorted(other.elements()?),
    }
}
