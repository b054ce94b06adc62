//! Evaluates methods of strings, such as `str.upper`.

use super::{operators::LENGTH_LIMIT, value::Value};
use crate::flow::eval_error::{EvalError, EvalResult};

/// Evaluates the method call `text.name(*arguments)`. Returns `None` if the call is not supported.
pub(super) fn method(text: &str, name: &str, arguments: &[Value]) -> EvalResult<Option<Value>> {
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
        ("replace", Some([from, to])) if text.len().saturating_mul(to.len() + 1) <= LENGTH_LIMIT * 16 => {
            Value::Str(text.replace(from, to))
        }
        ("split", Some([])) => Value::List(text.split_whitespace().map(Value::text).collect()),
        ("split", Some([separator])) if !separator.is_empty() => {
            Value::List(text.split(separator).map(Value::text).collect())
        }
        ("split" | "rsplit" | "zfill", _) => return Ok(with_count(text, name, arguments)),
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
        (_, Some(texts)) => return search(text, name, texts),
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// Evaluates a method that tests, searches or splits a string. Returns `None` if the call is not supported.
fn search(text: &str, name: &str, arguments: &[&str]) -> EvalResult<Option<Value>> {
    let has = |separator: &str| if text.contains(separator) { separator.to_owned() } else { String::new() };
    Ok(Some(match (name, arguments) {
        ("startswith", [prefix]) => Value::Bool(text.starts_with(prefix)),
        ("endswith", [suffix]) => Value::Bool(text.ends_with(suffix)),
        ("isdigit" | "isdecimal", []) if text.is_ascii() => {
            Value::Bool(!text.is_empty() && text.bytes().all(|it| it.is_ascii_digit()))
        }
        ("count", [part]) if !part.is_empty() => integer(text.matches(part).count())?,
        ("find", [part]) => match text.find(part) {
            Some(at) => integer(text[..at].chars().count())?,
            None => Value::Int(-1),
        },
        ("partition", [separator]) if !separator.is_empty() => {
            let (before, after) = text.split_once(separator).unwrap_or((text, ""));
            partition(before, &has(separator), after)
        }
        ("rpartition", [separator]) if !separator.is_empty() => {
            let (before, after) = text.rsplit_once(separator).unwrap_or(("", text));
            partition(before, &has(separator), after)
        }
        ("splitlines", []) if text.bytes().all(|it| it == b'\n' || (b' '..=b'~').contains(&it)) => {
            Value::List(text.lines().map(Value::text).collect())
        }
        _ => return Ok(None),
    }))
}

fn integer(count: usize) -> EvalResult<Value> {
    i128::try_from(count).map(Value::Int).map_err(|_| EvalError::unknown("the value is too large"))
}

fn partition(before: &str, separator: &str, after: &str) -> Value {
    Value::Tuple([before, separator, after].map(Value::text).into())
}

/// Evaluates a method whose last argument is a number.
fn with_count(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let count = usize::try_from(arguments.last()?.as_int().ok()?).ok()?;
    Some(match (name, arguments) {
        ("split", [Value::Str(separator), _]) if !separator.is_empty() => {
            Value::List(text.splitn(count.checked_add(1)?, separator.as_str()).map(Value::text).collect())
        }
        ("rsplit", [Value::Str(separator), _]) if !separator.is_empty() => {
            let mut parts: Vec<_> =
                text.rsplitn(count.checked_add(1)?, separator.as_str()).map(Value::text).collect();
            parts.reverse();
            Value::List(parts)
        }
        ("zfill", [_]) if count <= LENGTH_LIMIT => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['+', '-'])));
            let zeros = count.saturating_sub(text.chars().count());
            Value::Str(format!("{sign}{}{digits}", "0".repeat(zeros)))
        }
        _ => return None,
    })
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
