//! Evaluates attributes and methods of built-in values, such as `str.upper`.

use super::{
    moments, operators, paths, strings, template,
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
        (value, name) => return moments::attribute(value, name).ok_or_else(unknown),
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
        (_, "replace") if !named.is_empty() => moments::replace(value, arguments, named).ok_or_else(unknown),
        _ if !named.is_empty() => Err(unknown()),
        (Value::Str(text), _) => strings::method(text, name, arguments)?.ok_or_else(unknown),
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
        (Value::Path(path), _) => paths::method(program, path, name, arguments).ok_or_else(unknown),
        _ => moments::method(value, name, arguments).ok_or_else(unknown),
    }
}

/// Returns the elements of an iterable in ascending order, as Python's `sorted(value)` does.
pub(super) fn sorted_elements(value: &Value) -> EvalResult<Vec<Value>> {
    match value {
        Value::Set(items) | Value::FrozenSet(items) => sorted(items.clone()),
        other => sorted(other.elements()?),
    }
}
