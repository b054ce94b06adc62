//! Validates values against JSON schemas according to the rules of the Prefect server.

use jsonschema::{
    JsonType,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::{Map, Value};

/// A part of a value that does not match its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The keys and indexes that lead from the root of the value to the invalid part.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    /// Whether the value must be a string to match the schema.
    pub(crate) wants_text: bool,
}

/// Validates `value` against `schema` and returns all violations. Returns no violations if the schema itself is
/// invalid.
///
/// The keyword `required` is ignored because missing values may be supplied when a flow run is created. Null is valid
/// for every property that is not required and has no default. If `null_over_default` is true, null is also valid for
/// properties with a default.
pub(crate) fn violations(value: &Value, schema: &Value, null_over_default: bool) -> Vec<Violation> {
    // An empty object is the most common value. Returning early avoids the cost of compiling the schema.
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
        wants_text: wants_text(&error),
    };
    validator.iter_errors(value).map(violation).collect()
}

/// Returns the reason if a schema is invalid.
pub(crate) fn invalid_schema(schema: &Value) -> Option<String> {
    jsonschema::draft202012::new(schema).err().map(|error| error.to_string())
}

/// Returns the message for a validation error.
///
/// For a choice between null and a single other schema, the other schema's message is returned.
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

/// Returns whether only a string, or a string or null, would match the schema.
fn wants_text(error: &jsonschema::ValidationError<'_>) -> bool {
    match error.kind() {
        ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::String) } => true,
        ValidationErrorKind::AnyOf { context } => context.iter().flatten().any(wants_text),
        _ => false,
    }
}

/// Decodes the escape sequences in a segment of a JSON pointer.
fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Makes null valid for the optional properties of the schema and of its definitions.
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
        convert_tuple_items(property);
        optional_properties(property, null_over_default);
    }
}

/// Converts the tuple notation of older drafts (`items` is a list) to `prefixItems`.
fn convert_tuple_items(property: &mut Map<String, Value>) {
    if property.get("items").and_then(Value::as_array).is_some_and(|items| !items.is_empty())
        && !property.contains_key("prefixItems")
        && let Some(items) = property.shift_remove("items")
    {
        property.insert("prefixItems".into(), items);
    }
}

/// Makes a reference to a block document valid for a definition that describes a block.
fn accept_block_reference(definition: &mut Map<String, Value>) {
    if definition.contains_key("block_type_slug") {
        let block = Value::Object(std::mem::take(definition));
        let reference = serde_json::json!({"type": "object", "required": ["$ref"]});
        definition.insert("anyOf".into(), Value::Array(vec![block, reference]));
    }
}

/// Removes all `required` keywords from a schema. A property with the name `required` is kept.
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
    fn checks_types_but_not_required() {
        assert_eq!(found(&json!({}), false), Vec::<String>::new());
        assert_eq!(
            found(&json!({"n": 7, "s": "x", "m": {}, "e": "a", "unknown": 1}), false),
            Vec::<String>::new()
        );
        assert_eq!(found(&json!({"n": "7", "m": {"x": "y"}, "e": "c"}), false), ["n", "m.x", "e"]);
    }

    #[test]
    fn accepts_null_for_optional_properties() {
        assert_eq!(found(&json!({"n": null}), false), ["n"]);
        assert_eq!(found(&json!({"n": null}), true), Vec::<String>::new());
        assert_eq!(found(&json!({"s": null}), true), ["s"]);
    }

    #[test]
    fn accepts_null_for_nested_properties_with_a_default() {
        let inner = json!({"type": "object", "properties": {"n": {"type": "integer", "default": 1}}});
        let schema = json!({
            "properties": {"a": {"type": "object", "properties": {"b": inner.clone()}}, "m": {"$ref": "#/definitions/M"}},
            "definitions": {"M": inner},
        });
        let value = json!({"a": {"b": {"n": null}}, "m": {"n": null}});
        assert_eq!(violations(&value, &schema, true), []);
        assert_eq!(violations(&value, &schema, false).len(), 2);
    }

    #[test]
    fn checks_the_items_of_tuples() {
        let schema = json!({"properties": {"t": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}}});
        assert_eq!(violations(&json!({"t": [1, "a"]}), &schema, true), []);
        assert_eq!(violations(&json!({"t": ["a", 1]}), &schema, true).len(), 2);
    }

    #[test]
    fn omits_the_null_alternative_from_messages() {
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
    fn invalid_schema_accepts_any_value() {
        assert_eq!(violations(&json!({"a": 1}), &json!({"type": "no such type"}), false), []);
    }
}
