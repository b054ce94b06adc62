//! Encodes Python values as JSON, as pydantic does for the default value of a parameter.

use serde_json::{Map, Number, Value as Json};

use super::{
    text::to_str,
    timedelta,
    value::{Value, sorted},
};
use crate::{
    flow::eval_error::{EvalError, EvalResult},
    python,
};

/// Encodes the default value of a parameter as JSON.
///
/// Returns `None` if the value or a nested value has no JSON encoding. In this case, pydantic omits the default from
/// the schema.
pub(crate) fn default(value: &Value) -> EvalResult<Option<Json>> {
    let value = match value {
        Value::Set(items) | Value::FrozenSet(items) => Value::List(sorted(items.clone())?),
        other => other.clone(),
    };
    match encode(&value) {
        Ok(json) => Ok(Some(json)),
        Err(Failure::NoEncoding) => Ok(None),
        Err(Failure::EvalError(error)) => Err(error),
    }
}

enum Failure {
    NoEncoding,
    EvalError(EvalError),
}

fn encode(value: &Value) -> Result<Json, Failure> {
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => integer(*value)?,
        // JSON cannot represent infinities and NaN, so pydantic encodes them as `null`.
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Complex(real, imaginary) => Json::String(complex(*real, *imaginary)),
        Value::Str(text) | Value::Path(text) | Value::Printed(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => {
            Json::String(String::from_utf8(bytes.clone()).map_err(|_| Failure::NoEncoding)?)
        }
        Value::List(items) | Value::Tuple(items) => array(items)?,
        Value::Set(items) | Value::FrozenSet(items) if items.len() < 2 => array(items)?,
        Value::Set(_) | Value::FrozenSet(_) => {
            return Err(Failure::EvalError(EvalError::unknown(
                "the order of a set in the default value is undefined",
            )));
        }
        Value::Dict(items) => {
            let item = |(key, value): &(Value, Value)| Ok((key_text(key)?, encode(value)?));
            Json::Object(items.iter().map(item).collect::<Result<Map<_, _>, Failure>>()?)
        }
        Value::Object(fields) => {
            let field = |(name, value): &(String, Value)| Ok((name.clone(), encode(value)?));
            Json::Object(fields.iter().map(field).collect::<Result<Map<_, _>, Failure>>()?)
        }
        Value::DateTime(moment) => Json::String(moment.to_string()),
        Value::Date(date) => Json::String(date.to_string()),
        Value::Time(time) => Json::String(time.to_string()),
        Value::Delta(microseconds) => Json::String(timedelta::duration(*microseconds)),
        Value::Secret { is_empty } => Json::String(if *is_empty { "" } else { "**********" }.to_owned()),
        Value::Member { value, .. } => encode(value)?,
        Value::Iterator(_) => {
            return Err(Failure::EvalError(EvalError::unknown(
                "the elements of an iterator in the default value may have been consumed",
            )));
        }
        Value::Ellipsis | Value::Range(_) | Value::Timezone(_) | Value::Opaque => {
            return Err(Failure::NoEncoding);
        }
    })
}

fn array(items: &[Value]) -> Result<Json, Failure> {
    items.iter().map(encode).collect::<Result<Vec<_>, _>>().map(Json::Array)
}

fn integer(value: i128) -> Result<Json, Failure> {
    if let Ok(value) = i64::try_from(value) {
        return Ok(value.into());
    }
    u64::try_from(value)
        .map(Json::from)
        .map_err(|_| Failure::EvalError(EvalError::unknown("the integer does not fit in 64 bits")))
}

fn complex(real: f64, imaginary: f64) -> String {
    let part = |value: f64| python::float(value).trim_end_matches(".0").to_owned();
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", part(imaginary));
    }
    let sign = if imaginary.is_sign_negative() { "" } else { "+" };
    format!("{}{sign}{}j", part(real), part(imaginary))
}

fn key_text(key: &Value) -> Result<String, Failure> {
    Ok(match key {
        Value::Bool(value) => value.to_string(),
        Value::None | Value::Int(_) | Value::Float(_) => to_str(key).map_err(Failure::EvalError)?,
        Value::Tuple(items) => items.iter().map(key_text).collect::<Result<Vec<_>, _>>()?.join(","),
        Value::Member { value, .. } => key_text(value)?,
        other => match encode(other)? {
            Json::String(text) => text,
            _ => {
                return Err(Failure::EvalError(EvalError::unknown(
                    "a dictionary key in the default value cannot be converted to a string",
                )));
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn encodes_values_as_pydantic_does() {
        let text = |text: &str| Value::text(text);
        let cases = [
            (Value::Float(f64::NAN), Some(json!(null))),
            (Value::Complex(1.0, 2.0), Some(json!("1+2j"))),
            (Value::Bytes(vec![0xff]), None),
            (Value::Set(vec![Value::Int(3), Value::Int(1)]), Some(json!([1, 3]))),
            (Value::List(vec![Value::Opaque]), None),
            (
                Value::Dict(vec![(Value::Bool(true), text("x")), (Value::None, Value::Int(1))]),
                Some(json!({"true": "x", "None": 1})),
            ),
            (Value::Secret { is_empty: false }, Some(json!("**********"))),
            (Value::Member { name: "A".into(), value: Box::new(text("a")) }, Some(json!("a"))),
        ];
        for (value, expected) in cases {
            assert_eq!(default(&value).unwrap(), expected, "{value:?}");
        }
        assert!(default(&Value::Int(1 << 100)).is_err());
        assert!(default(&Value::List(vec![Value::Set(vec![Value::Int(1), Value::Int(2)])])).is_err());
    }
}
