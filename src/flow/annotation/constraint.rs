//! Constraint keywords such as `ge` and `max_length` as JSON schema keywords.

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    constant::{Value, encode},
    obstacle::{Known, Obstacle},
};

/// Constraints by pydantic's names.
pub(crate) type Constraints = Vec<(String, Value)>;

/// Adds constraints to a schema where pydantic puts them: on the member of an optional type that is not null.
pub(crate) fn apply(schema: Json, constraints: &Constraints) -> Known<Json> {
    let given: Vec<_> = constraints.iter().filter(|(_, value)| *value != Value::None).collect();
    if given.is_empty() {
        return Ok(schema);
    }
    let Json::Object(mut object) = schema else { return Ok(schema) };
    if let Some(Json::Array(members)) = object.get_mut("anyOf")
        && members.len() == 2
        && members.contains(&json!({"type": "null"}))
    {
        for member in members.iter_mut().filter(|member| **member != json!({"type": "null"})) {
            *member = apply(member.take(), constraints)?;
        }
        return Ok(Json::Object(object));
    }
    for (name, value) in given {
        add(&mut object, name, value)?;
    }
    Ok(Json::Object(object))
}

fn add(schema: &mut Map<String, Json>, name: &str, value: &Value) -> Known<()> {
    let kind = schema.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    let format = schema.get("format").and_then(Json::as_str);
    if kind == "string" && !matches!(format, None | Some("binary")) {
        return Err(unknown(name, &kind));
    }
    let keyword = match (kind.as_str(), name) {
        ("integer" | "number", "ge") => "minimum",
        ("integer" | "number", "gt") => "exclusiveMinimum",
        ("integer" | "number", "le") => "maximum",
        ("integer" | "number", "lt") => "exclusiveMaximum",
        ("integer" | "number", "multiple_of") => "multipleOf",
        ("string", "min_length") => "minLength",
        ("string", "max_length") => "maxLength",
        ("array", "min_length" | "min_items") => "minItems",
        ("array", "max_length" | "max_items") => "maxItems",
        ("object", "min_length") => "minProperties",
        ("object", "max_length") => "maxProperties",
        ("string", "pattern") => "pattern",
        (_, "to_lower" | "to_upper" | "strip_whitespace" | "strict" | "allow_inf_nan") => return Ok(()),
        _ => return Err(unknown(name, &kind)),
    };
    let json = encode::default(value)?.ok_or_else(|| unknown(name, &kind))?;
    schema.insert(keyword.to_owned(), json);
    Ok(())
}

fn unknown(name: &str, kind: &str) -> Obstacle {
    let kind = if kind.is_empty() { "such a type" } else { kind };
    Obstacle::unknown(format!("what the constraint '{name}' does to {kind} is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_go_to_the_member_that_is_not_null() {
        let constraints = vec![("ge".to_owned(), Value::Int(1)), ("le".to_owned(), Value::None)];
        let optional = json!({"anyOf": [{"type": "integer"}, {"type": "null"}]});
        let expected = json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]});
        assert_eq!(apply(optional, &constraints).unwrap(), expected);
    }

    #[test]
    fn what_a_constraint_does_elsewhere_is_not_guessed() {
        let constraints = vec![("ge".to_owned(), Value::Int(1))];
        for schema in [json!({}), json!({"type": "string", "format": "date"}), json!({"$ref": "x"})] {
            assert!(apply(schema, &constraints).is_err());
        }
    }
}
