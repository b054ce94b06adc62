//! Converts constraints such as `ge` and `max_length` to keywords of JSON schemas.

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{Value, encode},
};

/// Type constraints, as pairs of pydantic's constraint name and the value.
pub(crate) type Constraints = Vec<(String, Value)>;

/// Adds constraints to a schema. Constraints on an optional type apply to the non-null member, as in pydantic.
///
/// `is_decimal` is required because a decimal's schema has the form of a union.
pub(crate) fn apply(schema: Json, constraints: &Constraints, is_decimal: bool) -> EvalResult<Json> {
    let given: Vec<_> = constraints.iter().filter(|(_, value)| *value != Value::None).collect();
    if given.is_empty() {
        return Ok(schema);
    }
    let Json::Object(mut object) = schema else { return Ok(schema) };
    let nothing = json!({"type": "null"});
    if let Some(Json::Array(members)) = object.get_mut("anyOf")
        && members.last() == Some(&nothing)
    {
        if object.len() > 1 {
            return Err(unknown(&given[0].0, ""));
        }
        let Some(Json::Array(mut members)) = object.remove("anyOf") else { return Ok(Json::Object(object)) };
        members.pop();
        let member = if members.len() == 1 { members.swap_remove(0) } else { json!({"anyOf": members}) };
        let mut member = apply(member, constraints, is_decimal)?;
        if let Some(members) = member.get_mut("anyOf").and_then(Json::as_array_mut).filter(|_| is_decimal) {
            members.push(nothing);
            return Ok(member);
        }
        return Ok(json!({"anyOf": [member, nothing]}));
    }
    for (name, value) in given {
        add(&mut object, name, value, is_decimal)?;
    }
    Ok(Json::Object(object))
}

/// A constraint's kind, which determines the resulting keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Number,
    Length,
    Pattern,
    /// A constraint that becomes the keyword of the same name.
    Name,
}

fn add(schema: &mut Map<String, Json>, name: &str, value: &Value, is_decimal: bool) -> EvalResult<()> {
    let kind = schema.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    let format = schema.get("format").and_then(Json::as_str).unwrap_or_default();
    let (about, keyword) = match name {
        "ge" => (About::Number, "minimum"),
        "gt" => (About::Number, "exclusiveMinimum"),
        "le" => (About::Number, "maximum"),
        "lt" => (About::Number, "exclusiveMaximum"),
        "multiple_of" => (About::Number, "multipleOf"),
        "min_length" | "min_items" => (About::Length, "min"),
        "max_length" | "max_items" => (About::Length, "max"),
        "pattern" => (About::Pattern, "pattern"),
        "to_lower" | "to_upper" | "strip_whitespace" | "strict" | "allow_inf_nan" => return Ok(()),
        "max_digits" | "decimal_places" if is_decimal => return Ok(()),
        "max_digits" | "decimal_places" if matches!(kind.as_str(), "integer" | "number" | "string") => {
            (About::Name, name)
        }
        _ => return Err(unknown(name, &kind)),
    };
    if schema.contains_key("contentMediaType") {
        return Err(unknown(name, &kind));
    }
    let json = encode::default(value)?.ok_or_else(|| unknown(name, &kind));
    match (about, kind.as_str()) {
        (About::Number, "integer" | "number") => schema.insert(keyword.to_owned(), json?),
        (About::Number, "string") if format == "date" && !matches!(value, Value::Date(_) | Value::Str(_)) => {
            return Err(unknown(name, "dates"));
        }
        // Pydantic checks constraints on dates and times during validation and omits them from the schema.
        (About::Number, "string") if matches!(format, "date" | "date-time" | "time" | "duration") => None,
        (About::Number, _) if is_decimal => {
            let limit = value.number().ok_or_else(|| unknown(name, "decimals"))?.as_float();
            if let Some(number) = schema.get_mut("anyOf").and_then(|members| members.get_mut(0)) {
                number[keyword] = json!(limit);
            }
            None
        }
        // For other types, pydantic checks constraints with a function and adds the constraint name to the schema.
        (About::Number, "string" | "boolean") | (About::Name, _) => schema.insert(name.to_owned(), json?),
        (About::Number, _) if kind.is_empty() && is_plain_union(schema) => {
            schema.insert(name.to_owned(), json?)
        }
        (About::Length, "array") => schema.insert(format!("{keyword}Items"), json?),
        (About::Length, "object") => schema.insert(format!("{keyword}Properties"), json?),
        (About::Length, "string" | "integer") => schema.insert(format!("{keyword}Length"), json?),
        (About::Length, _) if kind.is_empty() && is_plain_union(schema) => {
            schema.insert(format!("{keyword}Length"), json?)
        }
        (About::Pattern, "string") if format.is_empty() => schema.insert(keyword.to_owned(), json?),
        (About::Pattern, "array" | "object") => None,
        (About::Pattern, "string") if matches!(format, "binary" | "path" | "password") => None,
        _ => return Err(unknown(name, &kind)),
    };
    Ok(())
}

/// Returns whether a schema without a `type` accepts any value or is a union of simple types.
fn is_plain_union(schema: &Map<String, Json>) -> bool {
    let is_plain = |member: &Json| {
        member.get("type").is_some_and(Json::is_string)
            && member.get("pattern").is_none()
            && member.get("format").is_none()
    };
    let is_union = |members: &Vec<Json>| members.iter().all(is_plain);
    schema.is_empty()
        || (schema.len() == 1 && schema.get("anyOf").and_then(Json::as_array).is_some_and(is_union))
}

fn unknown(name: &str, kind: &str) -> EvalError {
    let kind = if kind.is_empty() { "this type" } else { kind };
    EvalError::unknown(format!("the effect of the constraint '{name}' on {kind} is unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constrains_the_non_null_member_of_an_optional_type() {
        let constraints = vec![("ge".to_owned(), Value::Int(1)), ("le".to_owned(), Value::None)];
        let optional = json!({"anyOf": [{"type": "integer"}, {"type": "null"}]});
        let expected = json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]});
        assert_eq!(apply(optional, &constraints, false).unwrap(), expected);
    }

    #[test]
    fn converts_constraints_to_schema_keywords() {
        let decimal = json!({"anyOf": [{"type": "number"}, {"type": "string"}]});
        let either = json!({"anyOf": [{"type": "integer"}, {"type": "number"}]});
        let path = json!({"type": "string", "format": "path"});
        let time = json!({"type": "string", "format": "time"});
        for (schema, name, expected) in [
            (json!({"type": "integer"}), "gt", json!({"type": "integer", "exclusiveMinimum": 2})),
            (decimal, "le", json!({"anyOf": [{"type": "number", "maximum": 2.0}, {"type": "string"}]})),
            (either, "ge", json!({"anyOf": [{"type": "integer"}, {"type": "number"}], "ge": 2})),
            (json!({"type": "string"}), "ge", json!({"type": "string", "ge": 2})),
            (time.clone(), "ge", time),
            (json!({"type": "integer"}), "max_digits", json!({"type": "integer", "max_digits": 2})),
            (path.clone(), "pattern", path.clone()),
            (path, "max_length", json!({"type": "string", "format": "path", "maxLength": 2})),
            (json!({}), "min_length", json!({"minLength": 2})),
            (json!({"type": "object"}), "min_length", json!({"type": "object", "minProperties": 2})),
        ] {
            assert_eq!(
                apply(schema, &vec![(name.to_owned(), Value::Int(2))], name == "le").unwrap(),
                expected
            );
        }
    }

    #[test]
    fn rejects_constraints_on_other_types() {
        let constraints = vec![("ge".to_owned(), Value::Int(1))];
        // Pydantic rejects a comparison of a date with a number.
        let date = json!({"type": "string", "format": "date"});
        for schema in [date, json!({"type": "null"}), json!({"anyOf": [{"$ref": "x"}]}), json!({"$ref": "x"})]
        {
            assert!(apply(schema, &constraints, false).is_err());
        }
    }
}
