//! Evaluates unary operators, binary operators, comparisons and subscripts.

use super::{
    paths, template, timedelta,
    value::{Number, Value, dictionary},
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::syntax::{BinaryOperator, Comparison, UnaryOperator},
};

/// Maximum length of a string or sequence built by an operator.
pub(super) const LENGTH_LIMIT: usize = 1 << 16;

fn unsupported(operator: &str) -> EvalError {
    EvalError::unknown(format!("the operator `{operator}` is not supported for these values"))
}

pub(super) fn unary(operator: UnaryOperator, value: &Value) -> EvalResult<Value> {
    if operator == UnaryOperator::Not {
        return Ok(Value::Bool(!value.truth()?));
    }
    let unknown = || unsupported(operator.symbol());
    match (operator, value) {
        (UnaryOperator::Minus, Value::Delta(microseconds)) => Ok(Value::Delta(-microseconds)),
        (operator, value) => match (operator, value.number()) {
            (UnaryOperator::Minus, Some(Number::Int(value))) => {
                value.checked_neg().map(Value::Int).ok_or_else(unknown)
            }
            (UnaryOperator::Minus, Some(Number::Float(value))) => Ok(Value::Float(-value)),
            (UnaryOperator::Plus, Some(Number::Int(value))) => Ok(Value::Int(value)),
            (UnaryOperator::Plus, Some(Number::Float(value))) => Ok(Value::Float(value)),
            (UnaryOperator::Invert, Some(Number::Int(value))) => Ok(Value::Int(!value)),
            _ => Err(unknown()),
        },
    }
}

pub(crate) fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> EvalResult<Value> {
    if let (Some(left), Some(right)) = (left.number(), right.number()) {
        return arithmetic(operator, left, right);
    }
    let unknown = || unsupported(operator.symbol());
    match (operator, left, right) {
        (BinaryOperator::Add, Value::Str(left), Value::Str(right))
            if left.len() + right.len() <= LENGTH_LIMIT =>
        {
            Ok(Value::Str(format!("{left}{right}")))
        }
        (BinaryOperator::Add, Value::List(left), Value::List(right)) => {
            Ok(Value::List([&left[..], right].concat()))
        }
        (BinaryOperator::Add, Value::Tuple(left), Value::Tuple(right)) => {
            Ok(Value::Tuple([&left[..], right].concat()))
        }
        (BinaryOperator::Multiply, value, Value::Int(count))
        | (BinaryOperator::Multiply, Value::Int(count), value) => repeat(value, *count),
        (BinaryOperator::Modulo, Value::Str(template), values) => {
            template::percent(template, values).map(Value::Str)
        }
        (BinaryOperator::Divide, Value::Path(base) | Value::Str(base), Value::Path(part))
        | (BinaryOperator::Divide, Value::Path(base), Value::Str(part)) => {
            Ok(Value::Path(paths::join(base, part)))
        }
        (BinaryOperator::Or, Value::Dict(left), Value::Dict(right)) => {
            Ok(dictionary(left.iter().chain(right).cloned()))
        }
        (BinaryOperator::Add | BinaryOperator::Subtract, left, right) => {
            let sign = if operator == BinaryOperator::Add { 1 } else { -1 };
            sum(left, right, sign).ok_or_else(unknown)
        }
        _ => Err(unknown()),
    }
}

/// Adds two values, or subtracts the second from the first if `sign` is -1.
///
/// Supports dates, durations and complex numbers. Returns `None` for other types and if the result is out of range.
fn sum(left: &Value, right: &Value, sign: i128) -> Option<Value> {
    match (left, right) {
        (Value::Delta(left), Value::Delta(right)) => {
            timedelta::in_range(left + sign * right).map(Value::Delta)
        }
        (Value::DateTime(at), Value::Delta(delta)) => timedelta::add(*at, sign * delta).map(Value::DateTime),
        (Value::Delta(delta), Value::DateTime(moment)) if sign > 0 => {
            timedelta::add(*moment, *delta).map(Value::DateTime)
        }
        (Value::Date(date), Value::Delta(delta)) => {
            let days = i64::try_from(timedelta::days(sign * delta)).ok()?;
            let span = jiff::Span::new().try_days(days).ok()?;
            date.checked_add(span).ok().map(Value::Date)
        }
        (real, Value::Complex(..)) => {
            let Value::Complex(real_part, imaginary) = right else { return None };
            #[expect(clippy::cast_precision_loss, reason = "`sign` is always 1 or -1")]
            let sign = sign as f64;
            let real = real.number()?.as_float();
            Some(Value::Complex(real + sign * real_part, sign * imaginary))
        }
        _ => None,
    }
}

fn arithmetic(operator: BinaryOperator, left: Number, right: Number) -> EvalResult<Value> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => integers(operator, left, right),
        _ => floats(operator, left.as_float(), right.as_float()),
    }
}

fn integers(operator: BinaryOperator, left: i128, right: i128) -> EvalResult<Value> {
    let result = match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::Power => match u32::try_from(right) {
            Ok(exponent) => left.checked_pow(exponent),
            Err(_) => None,
        },
        BinaryOperator::FloorDivide => floor_divide(left, right),
        BinaryOperator::Modulo => floor_divide(left, right)
            .and_then(|quotient| quotient.checked_mul(right))
            .map(|whole| left - whole),
        BinaryOperator::ShiftLeft => {
            u32::try_from(right).ok().filter(|by| *by < 127).and_then(|by| left.checked_mul(1 << by))
        }
        BinaryOperator::ShiftRight => u32::try_from(right).ok().filter(|by| *by < 127).map(|by| left >> by),
        BinaryOperator::Or => Some(left | right),
        BinaryOperator::Xor => Some(left ^ right),
        BinaryOperator::And => Some(left & right),
        BinaryOperator::Divide => {
            let (left, right) = (Number::Int(left).as_float(), Number::Int(right).as_float());
            return floats(BinaryOperator::Divide, left, right);
        }
        BinaryOperator::MatrixMultiply => None,
    };
    result.map(Value::Int).ok_or_else(|| unsupported(operator.symbol()))
}

/// Divides two integers and rounds the result toward negative infinity, as Python's `//` operator does.
fn floor_divide(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    Some(if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn floats(operator: BinaryOperator, left: f64, right: f64) -> EvalResult<Value> {
    match operator {
        BinaryOperator::Add => Ok(Value::Float(left + right)),
        BinaryOperator::Subtract => Ok(Value::Float(left - right)),
        BinaryOperator::Multiply => Ok(Value::Float(left * right)),
        BinaryOperator::Divide if right != 0.0 => Ok(Value::Float(left / right)),
        _ => Err(unsupported(operator.symbol())),
    }
}

fn repeat(value: &Value, count: i128) -> EvalResult<Value> {
    let unknown = || unsupported(BinaryOperator::Multiply.symbol());
    let count = usize::try_from(count.max(0)).map_err(|_| unknown())?;
    let within = |length: usize| length.checked_mul(count).is_some_and(|total| total <= LENGTH_LIMIT);
    match value {
        Value::Str(text) if within(text.len()) => Ok(Value::Str(text.repeat(count))),
        Value::List(items) if within(items.len()) => Ok(Value::List(vec![items.as_slice(); count].concat())),
        Value::Tuple(items) if within(items.len()) => {
            Ok(Value::Tuple(vec![items.as_slice(); count].concat()))
        }
        Value::Delta(microseconds) => i128::try_from(count)
            .ok()
            .and_then(|count| microseconds.checked_mul(count).and_then(timedelta::in_range))
            .map(Value::Delta)
            .ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

pub(crate) fn compare(operator: Comparison, left: &Value, right: &Value) -> EvalResult<bool> {
    use std::cmp::Ordering;
    let unknown = || unsupported(operator.symbol());
    match operator {
        Comparison::Equal | Comparison::NotEqual => {
            require_known_equality([left, right])?;
            Ok(left.equals(right) == (operator == Comparison::Equal))
        }
        Comparison::Is | Comparison::IsNot => match (left, right) {
            (Value::None, other) | (other, Value::None) => {
                Ok((*other == Value::None) == (operator == Comparison::Is))
            }
            _ => Err(unknown()),
        },
        Comparison::In | Comparison::NotIn => {
            let contains = match (left, right) {
                (Value::Str(part), Value::Str(whole)) => whole.contains(part.as_str()),
                (
                    item,
                    Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items),
                ) => contains(items, item)?,
                (key, Value::Dict(items)) => contains(items.iter().map(|(other, _)| other), key)?,
                _ => return Err(unknown()),
            };
            Ok(contains == (operator == Comparison::In))
        }
        _ => {
            let ordering = order(left, right).ok_or_else(unknown)?;
            Ok(match operator {
                Comparison::Less => ordering == Ordering::Less,
                Comparison::LessOrEqual => ordering != Ordering::Greater,
                Comparison::Greater => ordering == Ordering::Greater,
                _ => ordering != Ordering::Less,
            })
        }
    }
}

/// Fails unless [`Value::equals`] compares both values as Python does.
fn require_known_equality(values: [&Value; 2]) -> EvalResult<()> {
    if values.into_iter().all(Value::has_known_equality) {
        Ok(())
    } else {
        Err(EvalError::unknown("comparing these values is not supported"))
    }
}

/// Returns whether any of the items equals `wanted`.
///
/// # Errors
///
/// Fails unless [`Value::equals`] compares all values as Python does.
pub(super) fn contains<'v>(items: impl IntoIterator<Item = &'v Value>, wanted: &Value) -> EvalResult<bool> {
    let mut found = false;
    for item in items {
        require_known_equality([item, wanted])?;
        found |= item.equals(wanted);
    }
    Ok(found)
}

/// Compares two values as Python's `<` operator does. Returns `None` if the values are not comparable.
fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(left.cmp(right)),
        (Value::Tuple(left), Value::Tuple(right)) | (Value::List(left), Value::List(right)) => {
            match left.iter().zip(right).find(|(left, right)| !left.equals(right)) {
                Some((left, right)) => order(left, right),
                None => Some(left.len().cmp(&right.len())),
            }
        }
        _ => left.number().zip(right.number()).and_then(|(left, right)| left.compare(right)),
    }
}

pub(super) fn subscript(object: &Value, index: &Value) -> EvalResult<Value> {
    let missing = || EvalError::unknown("the index or key is missing");
    let at = |length: usize| {
        let index = index.as_int()?;
        let length = i128::try_from(length).map_err(|_| missing())?;
        let from_start = if index < 0 { index + length } else { index };
        usize::try_from(from_start).map_err(|_| missing())
    };
    match object {
        Value::List(items) | Value::Tuple(items) => items.get(at(items.len())?).cloned().ok_or_else(missing),
        Value::Str(text) => text.chars().nth(at(text.chars().count())?).map(Value::text).ok_or_else(missing),
        Value::Dict(items) => items
            .iter()
            .find(|(key, _)| key.equals(index))
            .map(|(_, value)| value.clone())
            .ok_or_else(missing),
        _ => Err(EvalError::unknown("an index or key is not supported for this value")),
    }
}

/// Evaluates `object[start:stop]`. A slice with a step other than 1 is not supported.
pub(super) fn slice(object: &Value, [from, to, step]: [Option<i128>; 3]) -> EvalResult<Value> {
    if step.is_some_and(|step| step != 1) {
        return Err(EvalError::unknown("a slice with a step is not supported"));
    }
    let bounds = |length: usize| {
        let length = i128::try_from(length).unwrap_or(i128::MAX);
        let bound = |value: i128| if value < 0 { (value + length).max(0) } else { value.min(length) };
        let (start, end) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(length)));
        let index = |value: i128| usize::try_from(value).unwrap_or(0);
        index(start)..index(end.max(start))
    };
    match object {
        Value::Str(text) => {
            let characters: Vec<char> = text.chars().collect();
            Ok(Value::Str(characters[bounds(characters.len())].iter().collect()))
        }
        Value::List(items) => Ok(Value::List(items[bounds(items.len())].to_vec())),
        Value::Tuple(items) => Ok(Value::Tuple(items[bounds(items.len())].to_vec())),
        _ => Err(EvalError::unknown("a slice of this value is not supported")),
    }
}
