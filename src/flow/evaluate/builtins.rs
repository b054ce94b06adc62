//! Evaluates calls of built-in functions and classes, such as `int` and `sorted`.

use super::{
    calls::Arguments,
    methods,
    operators::{self, LENGTH_LIMIT},
    text,
    value::{Number, Value, dictionary, distinct},
};
use crate::flow::{eval_error::EvalResult, program::syntax::BinaryOperator};

/// Evaluates a call of a built-in function or class. Returns `None` if the call is not supported.
pub(super) fn call(name: &str, arguments: &Arguments) -> EvalResult<Option<Value>> {
    match (name, arguments.positional.as_slice(), arguments.named.as_slice()) {
        ("dict", ..) => return dict(arguments),
        ("sorted", [value], [(option, Value::Bool(true))]) if option == "reverse" => {
            let mut items = methods::sorted_elements(value)?;
            items.reverse();
            return Ok(Some(Value::List(items)));
        }
        _ => {}
    }
    if !arguments.named.is_empty() {
        return Ok(None);
    }
    Ok(match (name, arguments.positional.as_slice()) {
        ("object", []) => Some(Value::Opaque),
        ("str", []) => Some(Value::text("")),
        ("str", [value]) => Some(Value::Str(text::to_str(value)?)),
        ("int", [value]) => integer(value),
        ("float", [value]) => float(value),
        ("bool", []) => Some(Value::Bool(false)),
        ("bool", [value]) => Some(Value::Bool(value.truth()?)),
        ("list", []) => Some(Value::List(Vec::new())),
        ("list", [value]) => Some(Value::List(value.elements()?)),
        ("tuple", []) => Some(Value::Tuple(Vec::new())),
        ("tuple", [value]) => Some(Value::Tuple(value.elements()?)),
        ("set", []) => Some(Value::Set(Vec::new())),
        ("set", [value]) => Some(Value::Set(unordered(value)?)),
        ("frozenset", []) => Some(Value::FrozenSet(Vec::new())),
        ("frozenset", [value]) => Some(Value::FrozenSet(unordered(value)?)),
        ("sorted", [value]) => Some(Value::List(methods::sorted_elements(value)?)),
        ("len", [value]) => length(value),
        ("range", bounds) => range(bounds),
        ("round", [value]) => round(value),
        ("sum", [values]) => sum(values)?,
        ("abs", [Value::Int(value)]) => value.checked_abs().map(Value::Int),
        ("min", values) => extreme(values, std::cmp::Ordering::Less)?,
        ("max", values) => extreme(values, std::cmp::Ordering::Greater)?,
        (name, arguments) => iteration(name, arguments)?,
    })
}

/// Evaluates a call of a built-in function that takes an iterable. Returns `None` if the call is not supported.
fn iteration(name: &str, arguments: &[Value]) -> EvalResult<Option<Value>> {
    Ok(match (name, arguments) {
        ("enumerate", [items]) => Some(enumerate(items.elements()?, 0)),
        ("enumerate", [items, Value::Int(start)]) if i64::try_from(*start).is_ok() => {
            Some(enumerate(items.elements()?, *start))
        }
        ("zip", iterables) => Some(zip(iterables)?),
        ("reversed", [items]) => Some(Value::Iterator(items.elements()?.into_iter().rev().collect())),
        ("iter", [items]) => Some(Value::Iterator(items.elements()?)),
        ("next", [Value::Iterator(items)]) => items.first().cloned(),
        ("any" | "all", [items]) => Some(Value::Bool(quantified(name == "any", items)?)),
        ("dict.fromkeys", [keys]) => from_keys(keys, &Value::None)?,
        ("dict.fromkeys", [keys, value]) => from_keys(keys, value)?,
        _ => None,
    })
}

fn dict(arguments: &Arguments) -> EvalResult<Option<Value>> {
    let items = match arguments.positional.as_slice() {
        [] => Vec::new(),
        [Value::Dict(items)] => items.clone(),
        [pairs] => match pairs.elements()?.into_iter().map(pair).collect::<Option<_>>() {
            Some(items) => items,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let named = arguments.named.iter().map(|(name, value)| (Value::text(name), value.clone()));
    Ok(Some(dictionary(items.into_iter().chain(named))))
}

fn pair(item: Value) -> Option<(Value, Value)> {
    match item {
        Value::Tuple(pair) | Value::List(pair) => {
            <[Value; 2]>::try_from(pair).ok().map(|[key, value]| (key, value))
        }
        _ => None,
    }
}

/// Evaluates `dict.fromkeys(keys, value)`. Returns `None` if the result is too large.
fn from_keys(keys: &Value, value: &Value) -> EvalResult<Option<Value>> {
    let keys = keys.elements()?;
    let is_small = keys.len().saturating_mul(value.size()) <= LENGTH_LIMIT;
    Ok(is_small.then(|| dictionary(keys.into_iter().map(|key| (key, value.clone())))))
}

fn enumerate(items: Vec<Value>, start: i128) -> Value {
    let numbered = (start..).zip(items).map(|(number, item)| Value::Tuple(vec![Value::Int(number), item]));
    Value::Iterator(numbered.collect())
}

fn zip(iterables: &[Value]) -> EvalResult<Value> {
    let columns = iterables.iter().map(Value::elements).collect::<EvalResult<Vec<_>>>()?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or_default();
    let row = |index: usize| Value::Tuple(columns.iter().map(|column| column[index].clone()).collect());
    Ok(Value::Iterator((0..rows).map(row).collect()))
}

/// Evaluates `any(items)`, or `all(items)` if `is_any` is false.
fn quantified(is_any: bool, items: &Value) -> EvalResult<bool> {
    for item in items.elements()? {
        if item.truth()? == is_any {
            return Ok(is_any);
        }
    }
    Ok(!is_any)
}

/// Returns the distinct elements of an iterable. The order of the elements is unspecified.
fn unordered(value: &Value) -> EvalResult<Vec<Value>> {
    match value {
        Value::Set(items) | Value::FrozenSet(items) => Ok(items.clone()),
        other => other.elements().map(distinct),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => {
            let text = text.trim();
            // Single underscores between digits have no meaning.
            let is_separated = !text.contains("__") && !text.starts_with('_') && !text.ends_with('_');
            if is_separated { text.replace('_', "").parse().ok().map(Value::Int) } else { None }
        }
        other => match other.number()? {
            Number::Int(value) => Some(Value::Int(value)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "int() discards the fraction, and the match guard ensures that the value is in range"
            )]
            Number::Float(value) if value.abs() < 1e15 => Some(Value::Int(value as i128)),
            Number::Float(_) => None,
        },
    }
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => {
            let text = text.trim().to_ascii_lowercase();
            match text.trim_start_matches(['+', '-']) {
                "inf" | "infinity" => {
                    Some(Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }))
                }
                "nan" => Some(Value::Float(f64::NAN)),
                _ => text.parse().ok().map(Value::Float),
            }
        }
        other => other.number().map(|number| Value::Float(number.as_float())),
    }
}

fn length(value: &Value) -> Option<Value> {
    let length = match value {
        Value::Str(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => items.len(),
        Value::Dict(items) => items.len(),
        _ => return None,
    };
    i128::try_from(length).ok().map(Value::Int)
}

/// Evaluates `range(...)`. Returns `None` if the range has a step or more than 10,000 elements.
fn range(bounds: &[Value]) -> Option<Value> {
    let bounds = bounds.iter().map(|bound| bound.as_int().ok()).collect::<Option<Vec<_>>>()?;
    let (start, stop) = match bounds[..] {
        [stop] => (0, stop),
        [start, stop] => (start, stop),
        _ => return None,
    };
    (stop.checked_sub(start)? <= 10_000).then(|| Value::Range((start..stop).map(Value::Int).collect()))
}

/// Evaluates Python's `round(value)`. Halves are rounded to even.
fn round(value: &Value) -> Option<Value> {
    match value.number()? {
        Number::Int(value) => Some(Value::Int(value)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the match guard ensures that the value is in range"
        )]
        Number::Float(value) if value.abs() < 1e15 => Some(Value::Int(value.round_ties_even() as i128)),
        Number::Float(_) => None,
    }
}

fn sum(values: &Value) -> EvalResult<Option<Value>> {
    let mut total = Value::Int(0);
    for value in values.elements()? {
        if !matches!(value, Value::Int(_)) {
            return Ok(None);
        }
        total = operators::binary(BinaryOperator::Add, &total, &value)?;
    }
    Ok(Some(total))
}

fn extreme(values: &[Value], wanted: std::cmp::Ordering) -> EvalResult<Option<Value>> {
    let values = match values {
        [iterable] => iterable.elements()?,
        several => several.to_vec(),
    };
    let mut values = values.into_iter();
    let Some(mut best) = values.next() else { return Ok(None) };
    for value in values {
        let Some((left, right)) = value.number().zip(best.number()) else { return Ok(None) };
        if left.compare(right) == Some(wanted) {
            best = value;
        }
    }
    Ok(best.number().is_some().then_some(best))
}
