//! Checks values against JSON schemas as the server does before it takes them.

use jsonschema::{
    JsonType,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::{Map, Value};

/// Where a value does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Keys and indexes from the root of the value.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
}

/// What of `value` does not fit; empty if all fits, or if the schema is none.
///
/// `required` is ignored: a run may still give what a deployment lacks. With `null_over_default` null fits every
/// property that is not required, as for job variables; without it, only those that have no default either, as for
/// parameters.
pub(crate) fn violations(value: &Value, schema: &Value, null_over_default: bool) -> Vec<Violation> {
    // Nothing is required of it; the most usual value of all costs no schema.
    if value.as_object().is_some_and(Map::is_empty) {
        return Vec::new();
    }
    let mut schema = schema.clone();
    allow_nulls(&mut schema, null_over_default);
    remove_required(&mut schema);
    let Ok(validator) = jsonschema::draft202012::new(&schema) else { return Vec::new() };
    let violation = |error: jsonschema::ValidationError<'_>| Violation {
        path: error.instance_path().as_str().split('/').skip(1).map(unescape).collect(),
        message: message(&error),
    };
    validator.iter_errors(value).map(violation).collect()
}

/// What is wrong, in the words of the alternative that is meant where there is only one besides null.
fn message(error: &jsonschema::ValidationError<'_>) -> String {
    if let ValidationErrorKind::AnyOf { context } = error.kind() {
        let wants_null = |error: &jsonschema::ValidationError<'_>| {
            matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::Null) })
        };
        let mut meant = context.iter().filter(|errors| !errors.iter().any(wants_null));
        if let (Some([only]), None) = (meant.next().map(Vec::as_slice), meant.next()) {
            return message(only);
        }
    }
    error.to_string()
}

/// A segment of a JSON pointer as text.
fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Lets null stand for what may be left out, in the schema and in its definitions.
fn allow_nulls(schema: &mut Value, null_over_default: bool) {
    let Some(schema) = schema.as_object_mut() else { return };
    optional_properties(schema, null_over_default);
    if let Some(Value::Object(definitions)) = schema.get_mut("definitions") {
        definitions.values_mut().filter_map(Value::as_object_mut).for_each(|definition| {
            optional_properties(definition, null_over_default);
            accept_block_reference(definition);
        });
    }
}

fn optional_properties(schema: &mut Map<String, Value>, null_over_default: bool) {
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties {
        let Some(property) = property.as_object_mut() else { continue };
        let optional = !required.contains(name) && (null_over_default || !property.contains_key("default"));
        if optional
            && property.get("type").is_some_and(|kind| kind != "null")
            && let Some(kind) = property.shift_remove("type")
        {
            property.insert("anyOf".into(), serde_json::json!([{"type": kind}, {"type": "null"}]));
        }
        optional_properties(property, null_over_default);
    }
}

/// A block may be given by a reference to its document.
fn accept_block_reference(definition: &mut Map<String, Value>) {
    if definition.contains_key("block_type_slug") {
        let block = Value::Object(std::mem::take(definition));
        let reference = serde_json::json!({"type": "object", "required": ["$ref"]});
        definition.insert("anyOf".into(), Value::Array(vec![block, reference]));
    }
}

/// Removes `required` wherever it is a list of names, and not the name of a property.
fn remove_required(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            if entries.get("required").is_some_and(Value::is_array) {
                entries.shift_remove("required");
            }
            entries.values_mut().for_each(remove_required);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_required),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(value: &Value, null_over_default: bool) -> Vec<String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "n": {"type": "integer", "default": 1},
                "s": {"type": "string"},
                "m": {"$ref": "#/definitions/M"},
                "e": {"enum": ["a", "b"]},
            },
            "required": ["s", "m"],
            "definitions": {"M": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
        });
        violations(value, &schema, null_over_default)
            .into_iter()
            .map(|violation| violation.path.join("."))
            .collect()
    }

    #[test]
    fn types_are_checked_and_required_is_not() {
        assert_eq!(found(&json!({}), false), Vec::<String>::new());
        assert_eq!(
            found(&json!({"n": 7, "s": "x", "m": {}, "e": "a", "unknown": 1}), false),
            Vec::<String>::new()
        );
        assert_eq!(found(&json!({"n": "7", "m": {"x": "y"}, "e": "c"}), false), ["n", "m.x", "e"]);
    }

    #[test]
    fn null_stands_for_what_may_be_left_out() {
        assert_eq!(found(&json!({"n": null}), false), ["n"]);
        assert_eq!(found(&json!({"n": null}), true), Vec::<String>::new());
        assert_eq!(found(&json!({"s": null}), true), ["s"]);
    }

    #[test]
    fn null_as_an_alternative_is_not_worth_a_word() {
        let schema = json!({"properties": {
            "one": {"type": "boolean"},
            "two": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
        }});
        let messages = |value| {
            violations(&value, &schema, true)
                .into_iter()
                .map(|violation| violation.message)
                .collect::<Vec<_>>()
        };
        assert_eq!(messages(json!({"one": "loudly"})), [r#""loudly" is not of type "boolean""#]);
        assert!(messages(json!({"two": "loudly"}))[0].contains("any of the schemas"));
    }

    #[test]
    fn a_schema_that_is_none_checks_nothing() {
        assert_eq!(violations(&json!({"a": 1}), &json!({"type": "no such type"}), false), []);
    }
}
