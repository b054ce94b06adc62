//! Finds secrets that were written in a project file by mistake, so that messages do not show them.

use serde_json::Value as Json;

use crate::{
    block_schema::BlockTypes,
    project::resources::ValueSource,
    secret::{Redactor, Secret, is_secret_key},
    template,
    value::{Mapping, Value, json_object, to_json},
};

/// Registers the secrets in all block declarations in `value`. The declarations may be invalid.
pub(super) fn learn_exposed_secrets(value: &Value, redactor: &Redactor) {
    match value {
        Value::Mapping(entries) => {
            if ["value", "values", "value_from"].iter().any(|key| entries.contains_key(key)) {
                block(entries, redactor);
            }
            entries.values().for_each(|value| learn_exposed_secrets(value, redactor));
        }
        Value::Sequence(items) => items.iter().for_each(|item| learn_exposed_secrets(item, redactor)),
        _ => {}
    }
}

/// Registers the secrets in the declaration of a block.
fn block(entries: &Mapping, redactor: &Redactor) {
    let Some(kind) = entries.get("type").and_then(Value::as_str) else { return };
    if let Some(value) = entries.get("value") {
        learn(Some(&to_json(value)), redactor);
    }
    if let Some(sources) = entries.get("value_from") {
        invalid_sources(sources, redactor);
    }
    let Some(values) = entries.get("values").filter(|values| values.is_mapping()) else { return };
    let (values, types) = (json_object(to_json(values)), BlockTypes::bundled());
    let similar = types.similar(kind).filter(|_| !types.contains(kind));
    let Some(schema) = types.schema(similar.unwrap_or(kind)) else { return };
    for field in schema.secrets_in(&values) {
        learn(values.get(field.first()), redactor);
    }
    for (name, value) in &values {
        // The name of a secret field may be misspelled.
        let is_misspelled = schema.similar_field(name).is_some_and(|field| schema.is_secret(&field.into()));
        if !schema.has_field(name) && (is_misspelled || is_secret_key(name)) {
            learn(Some(value), redactor);
        }
    }
}

/// Registers the strings that are not sources of secrets.
fn invalid_sources(sources: &Value, redactor: &Redactor) {
    match sources {
        Value::Mapping(entries) => entries.values().for_each(|value| invalid_sources(value, redactor)),
        Value::String(text) if ValueSource::parse(text).is_some() => {}
        other => learn(Some(&to_json(other)), redactor),
    }
}

/// Registers all strings and numbers in a value.
pub(super) fn learn(value: Option<&Json>, redactor: &Redactor) {
    match value {
        Some(Json::String(text)) if !template::is_template(text) => redactor.learn(&Secret::new(text)),
        Some(Json::Number(number)) => redactor.learn(&Secret::new(number.to_string())),
        Some(Json::Array(items)) => items.iter().for_each(|item| learn(Some(item), redactor)),
        Some(Json::Object(entries)) => entries.values().for_each(|value| learn(Some(value), redactor)),
        _ => {}
    }
}
