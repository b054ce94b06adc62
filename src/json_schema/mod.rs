//! Validates values against JSON schemas according to the rules of the Prefect server.

mod cost;
mod evaluator;
mod mismatch;
mod pattern;
mod rules;

use serde_json::{Map, Value};

use self::{
    evaluator::{mismatches, referenced},
    mismatch::{Mismatch, Reason},
};

/// The meta-schema of draft 2020-12 as a single document, without annotations and formats.
const META_SCHEMA: &str = include_str!("draft2020-12.json");

/// A mismatch between a value and its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Keys and indexes that lead from the root value to the invalid value.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    /// Whether the value must be a string to match the schema.
    pub(crate) wants_text: bool,
}

/// The optional properties for which null is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nullable {
    All,
    WithoutDefault,
}

/// Validates `value` against `schema` and returns all violations. Returns no violations if the schema itself is
/// invalid.
///
/// The keyword `required` is ignored because missing values may be supplied when a flow run is created.
pub(crate) fn violations(value: &Value, schema: &Value, nullable: Nullable) -> Vec<Violation> {
    // An empty object is the most common value. Returning early avoids the cost of compiling the schema.
    if value.as_object().is_some_and(Map::is_empty) {
        return Vec::new();
    }
    let mut schema = schema.clone();
    allow_nulls(&mut schema, nullable);
    remove_required(&mut schema);
    let mismatches = mismatches(&schema, value);
    if mismatches.is_empty() || invalid_schema(&schema).is_some() {
        return Vec::new();
    }
    let violation = |mismatch: Mismatch<'_>| Violation {
        message: message(&mismatch),
        wants_text: wants_text(&mismatch),
        path: mismatch.path,
    };
    mismatches.into_iter().map(violation).collect()
}

/// Returns the reason why a schema is invalid, or `None` if it is valid.
pub(crate) fn invalid_schema(schema: &Value) -> Option<String> {
    let meta_schema: Value = serde_json::from_str(META_SCHEMA).ok()?;
    let mismatch = mismatches(&meta_schema, schema).first().map(Mismatch::to_string);
    mismatch.or_else(|| unresolved(schema, schema))
}

/// Returns a message about a reference in `schema` that does not resolve within `root`, or `None` if all references
/// resolve.
fn unresolved(root: &Value, schema: &Value) -> Option<String> {
    match schema {
        Value::Object(keywords) => {
            keywords.iter().find_map(|(keyword, value)| match (keyword.as_str(), value) {
                ("$ref", Value::String(reference)) if referenced(root, reference).is_none() => {
                    Some(format!("reference \"{reference}\" does not resolve"))
                }
                // These keywords contain values, not schemas.
                ("const" | "default" | "enum" | "examples", _) => None,
                _ => unresolved(root, value),
            })
        }
        Value::Array(schemas) => schemas.iter().find_map(|schema| unresolved(root, schema)),
        _ => None,
    }
}

/// Returns the message for a validation error.
///
/// For a choice between null and a single other schema, returns the other schema's message.
fn message(mismatch: &Mismatch<'_>) -> String {
    if let Reason::AnyOf(branches) = &mismatch.reason {
        let wants_null = |mismatch: &Mismatch<'_>| mismatch.is_type("null");
        let mut meant = branches.iter().filter(|mismatches| !mismatches.iter().any(wants_null));
        if let (Some([only]), None) = (meant.next().map(Vec::as_slice), meant.next()) {
            return message(only);
        }
    }
    mismatch.to_string()
}

/// Returns whether the value does not match because the schema, or a branch of its `anyOf`, requires a
/// string.
fn wants_text(mismatch: &Mismatch<'_>) -> bool {
    match &mismatch.reason {
        Reason::AnyOf(branches) => branches.iter().flatten().any(wants_text),
        _ => mismatch.is_type("string"),
    }
}

/// Allows null for the optional properties of the schema and its definitions.
fn allow_nulls(schema: &mut Value, nullable: Nullable) {
    let Some(schema) = schema.as_object_mut() else { return };
    optional_properties(schema, nullable);
    if let Some(Value::Object(definitions)) = schema.get_mut("definitions") {
        definitions.values_mut().filter_map(Value::as_object_mut).for_each(|definition| {
            optional_properties(definition, nullable);
            accept_block_reference(definition);
        });
    }
}

fn optional_properties(schema: &mut Map<String, Value>, nullable: Nullable) {
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties {
        let Some(property) = property.as_object_mut() else { continue };
        let optional =
            !required.contains(name) && (nullable == Nullable::All || !property.contains_key("default"));
        if optional
            && property.get("type").is_some_and(|kind| kind != "null")
            && let Some(kind) = property.shift_remove("type")
        {
            property.insert("anyOf".into(), serde_json::json!([{"type": kind}, {"type": "null"}]));
        }
        convert_tuple_items(property);
        optional_properties(property, nullable);
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

/// Extends the definition of a block type to accept references to block documents.
fn accept_block_reference(definition: &mut Map<String, Value>) {
    if definition.contains_key("block_type_slug") {
        let block = Value::Object(std::mem::take(definition));
        let reference = serde_json::json!({"type": "object", "required": ["$ref"]});
        definition.insert("anyOf".into(), Value::Array(vec![block, reference]));
    }
}

/// Removes all `required` keywords from a schema. Keeps properties named `required`.
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
mod differential;
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_limits::within_limits;

    fn found(value: &Value, nullable: Nullable) -> Vec<String> {
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
        violations(value, &schema, nullable).into_iter().map(|violation| violation.path.join(".")).collect()
    }

    #[test]
    fn checks_types_but_not_required() {
        assert_eq!(found(&json!({}), Nullable::WithoutDefault), Vec::<String>::new());
        assert_eq!(
            found(&json!({"n": 7, "s": "x", "m": {}, "e": "a", "unknown": 1}), Nullable::WithoutDefault),
            Vec::<String>::new()
        );
        assert_eq!(
            found(&json!({"n": "7", "m": {"x": "y"}, "e": "c"}), Nullable::WithoutDefault),
            ["n", "m.x", "e"]
        );
    }

    #[test]
    fn accepts_null_for_optional_properties() {
        assert_eq!(found(&json!({"n": null}), Nullable::WithoutDefault), ["n"]);
        assert_eq!(found(&json!({"n": null}), Nullable::All), Vec::<String>::new());
        assert_eq!(found(&json!({"s": null}), Nullable::All), ["s"]);
    }

    #[test]
    fn accepts_null_for_nested_properties_with_a_default() {
        let inner = json!({"type": "object", "properties": {"n": {"type": "integer", "default": 1}}});
        let schema = json!({
            "properties": {"a": {"type": "object", "properties": {"b": inner.clone()}}, "m": {"$ref": "#/definitions/M"}},
            "definitions": {"M": inner},
        });
        let value = json!({"a": {"b": {"n": null}}, "m": {"n": null}});
        assert_eq!(violations(&value, &schema, Nullable::All), []);
        assert_eq!(violations(&value, &schema, Nullable::WithoutDefault).len(), 2);
    }

    #[test]
    fn checks_the_items_of_tuples() {
        let schema = json!({"properties": {"t": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}}});
        assert_eq!(violations(&json!({"t": [1, "a"]}), &schema, Nullable::All), []);
        assert_eq!(violations(&json!({"t": ["a", 1]}), &schema, Nullable::All).len(), 2);
    }

    #[test]
    fn omits_the_null_alternative_from_messages() {
        let schema = json!({"properties": {
            "one": {"type": "boolean"},
            "two": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
        }});
        let messages = |value| {
            violations(&value, &schema, Nullable::All)
                .into_iter()
                .map(|violation| violation.message)
                .collect::<Vec<_>>()
        };
        assert_eq!(messages(json!({"one": "loudly"})), [r#""loudly" is not of type "boolean""#]);
        assert!(messages(json!({"two": "loudly"}))[0].contains("any of the schemas"));
    }

    #[test]
    fn follows_recursive_references() {
        let schema = json!({"properties": {
            "child": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "size": {"type": "integer"},
            "loop": {"$ref": "#/properties/loop"},
        }});
        let value = json!({"child": {"child": {"child": null, "size": 1}, "size": "x"}, "loop": 1});
        let found = violations(&value, &schema, Nullable::All);
        let found: Vec<_> = found.iter().map(|it| (it.path.join("."), it.message.as_str())).collect();
        assert_eq!(found, [("child".to_owned(), r#""x" is not of type "integer""#)]);
    }

    #[test]
    fn stops_at_schemas_that_multiply() {
        let level = |next: usize| json!({"anyOf": [{"$ref": format!("#/$defs/{next}")}, {"$ref": format!("#/$defs/{next}")}]});
        let mut schema = json!({"$ref": "#/$defs/0", "$defs": {"40": {"type": "string"}}});
        (0..40).for_each(|index| schema["$defs"][index.to_string()] = level(index + 1));
        assert_eq!(violations(&json!({"a": 1}), &schema, Nullable::All), []);
    }

    #[test]
    fn limits_the_cost_of_schemas() {
        let numbers = json!((0..60_000).collect::<Vec<u32>>());
        let texts = json!((0..20_000).map(|number| format!("a{number}")).collect::<Vec<_>>());
        let chain = (0..100_000).map(|at| (at.to_string(), json!({"$ref": format!("#/$defs/{}", at + 1)})));
        let chain: Map<String, Value> = chain.collect();
        for (name, schema, value) in [
            ("uniqueItems", json!({"uniqueItems": true}), numbers.clone()),
            ("enum", json!({"items": {"enum": (0..20_000).map(|n| -n).collect::<Vec<i32>>()}}), numbers),
            ("patterns", json!({"items": {"pattern": r"\w{200}"}}), texts),
            ("large pattern", json!({"pattern": "(.*a.*){20}b"}), json!("a".repeat(5_000_000))),
            (
                "messages",
                json!({"allOf": vec![json!({"type": "integer"}); 50_000]}),
                json!("a".repeat(100_000)),
            ),
            ("references", json!({"$ref": "#/$defs/0", "$defs": chain}), json!(1)),
        ] {
            let schema = json!({"properties": {"x": schema}});
            let found = within_limits(|| violations(&json!({"x": value}), &schema, Nullable::All));
            assert_eq!(found, [], "{name}");
        }
    }

    #[test]
    fn finds_equal_items() {
        let schema = json!({"properties": {"x": {"uniqueItems": true}}});
        for (items, expected) in [
            (json!([1, 2, "1", [1], {"a": 1}, null, false, 0, ""]), 0),
            (json!([1, 2, 1.0]), 1),
            (json!([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]), 1),
            (json!([[1, 2], [2, 1]]), 0),
            (json!([9_007_199_254_740_993_u64, 9_007_199_254_740_992_u64]), 0),
        ] {
            assert_eq!(violations(&json!({"x": items}), &schema, Nullable::All).len(), expected, "{items}");
        }
    }

    #[test]
    fn messages_cut_off_long_values() {
        let schema = json!({"properties": {"x": {"type": "integer"}}});
        let found = violations(&json!({"x": "\u{e4}".repeat(5_000)}), &schema, Nullable::All);
        let message = &found[0].message;
        assert!(
            message.len() < 1100 && message.ends_with("\u{e4}... is not of type \"integer\""),
            "{message}"
        );
    }

    #[test]
    fn names_additional_properties() {
        let schema = json!({
            "properties": {"a": true}, "patternProperties": {"^x-": true}, "additionalProperties": false,
        });
        for (value, expected) in [
            (json!({"a": 1, "x-b": 2}), None),
            (json!({"b": 1}), Some("('b' was unexpected)")),
            (json!({"a": 1, "b": 1, "c": 1}), Some("('b', 'c' were unexpected)")),
        ] {
            let found: Vec<_> =
                violations(&value, &schema, Nullable::All).into_iter().map(|it| it.message).collect();
            let expected = expected.map(|names| format!("Additional properties are not allowed {names}"));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{value}");
        }
    }

    #[test]
    fn an_invalid_schema_has_a_reason() {
        for (schema, reason) in [
            (json!({"type": "object", "properties": {"a": {"minLength": 1}}}), None),
            (json!({"properties": {"a": {"minLength": -1}}}), Some("-1 is less than the minimum of 0")),
            (json!({"$ref": "#/definitions/A"}), Some("reference \"#/definitions/A\" does not resolve")),
            (json!({"default": {"$ref": "#/x"}}), None),
        ] {
            assert_eq!(invalid_schema(&schema).as_deref(), reason, "{schema}");
        }
    }

    #[test]
    fn ignores_patterns_that_are_not_supported() {
        let schema = json!({"properties": {"a": {"pattern": "^(?!x)"}, "b": {"pattern": "^y"}}});
        let found = violations(&json!({"a": "x", "b": "x"}), &schema, Nullable::All);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn invalid_schema_accepts_any_value() {
        assert_eq!(
            violations(&json!({"a": 1}), &json!({"type": "no such type"}), Nullable::WithoutDefault),
            []
        );
    }
}
