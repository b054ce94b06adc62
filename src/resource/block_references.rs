//! References between blocks. Declarations and live resources contain placeholders. Requests contain IDs.

use serde_json::{Value as Json, json};

use super::{ReferenceKind, References, ResourceReference};
use crate::{
    api::{ApiError, JsonObject},
    block_schema::{BlockReference, BlockSchema},
    secret::MASK,
};

/// Block document key that contains the referenced blocks, keyed by field.
pub(crate) const REFERENCES: &str = "block_document_references";

/// Returns the references in block data, keyed by field.
pub(crate) fn references_in(data: &JsonObject) -> impl Iterator<Item = (&str, ResourceReference)> {
    data.iter().filter_map(|(field, value)| {
        let name = BlockReference::parse(value)?.full_name();
        Some((field.as_str(), ResourceReference { kind: ReferenceKind::Block, name }))
    })
}

/// Returns block data with references in the notation of live blocks.
pub(super) fn normalized(mut data: JsonObject) -> JsonObject {
    for value in data.values_mut() {
        if let Some(reference) = BlockReference::parse(value) {
            *value = reference.placeholder().into();
        }
    }
    data
}

/// Converts a block document to the format of declarations. Replaces referenced blocks' data with placeholders. Masks
/// secret fields because servers only mask strings and numbers.
pub(crate) fn as_declared(mut document: JsonObject) -> JsonObject {
    let fields = document.get("block_schema").and_then(|schema| schema.get("fields")).cloned();
    let referenced = document.get(REFERENCES).and_then(Json::as_object).cloned().unwrap_or_default();
    let Some(data) = document.get_mut("data").and_then(Json::as_object_mut) else { return document };
    for (field, found) in referenced {
        let block = &found["block_document"];
        let (slug, name) = (block["block_type"]["slug"].as_str(), block["name"].as_str());
        let reference = match (slug, name) {
            (Some(slug), Some(name)) if block["is_anonymous"] != json!(true) => {
                BlockReference::new(slug, name).placeholder().into()
            }
            _ => reference_to(&block["id"]),
        };
        data.insert(field, reference);
    }
    let schema = BlockSchema::new(fields.unwrap_or_default());
    for field in schema.secrets_in(data) {
        field.set(data, MASK.into());
    }
    document
}

/// Adds the live block's references that `data` does not set, because an update deletes references that it does not
/// contain.
pub(super) fn keep(data: &mut JsonObject, live: &JsonObject) {
    for (field, found) in live.get(REFERENCES).and_then(Json::as_object).into_iter().flatten() {
        if !data.contains_key(field) {
            data.insert(field.clone(), reference_to(&found["block_document"]["id"]));
        }
    }
}

/// Replaces block placeholders with block IDs.
///
/// # Errors
///
/// Fails if a block does not exist.
pub(super) fn with_ids(mut data: JsonObject, references: &References) -> Result<JsonObject, ApiError> {
    let found: Vec<(String, ResourceReference)> =
        references_in(&data).map(|(field, reference)| (field.to_owned(), reference)).collect();
    for (field, reference) in found {
        let id = references.id(&reference).ok_or_else(|| ApiError::NotFound {
            detail: format!("block '{}' does not exist", reference.name),
        })?;
        data.insert(field, reference_to(&json!(id)));
    }
    Ok(data)
}

/// Replaces block placeholders with descriptions of their IDs.
pub(super) fn with_described_ids(mut data: JsonObject) -> JsonObject {
    let found: Vec<(String, ResourceReference)> =
        references_in(&data).map(|(field, reference)| (field.to_owned(), reference)).collect();
    for (field, reference) in found {
        data.insert(field, reference_to(&json!(format!("(id of the block '{}')", reference.name))));
    }
    data
}

fn reference_to(id: &Json) -> Json {
    json!({"$ref": {"block_document_id": id}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json_object;

    #[test]
    fn masks_secrets_and_replaces_referenced_blocks() {
        let document = json!({
            "data": {
                "value": {"user": "u", "pw": "hunter2"},
                "list": ["hunter2"],
                "empty": null,
                "info": {"password": "hunter2", "host": "h"},
                "headers": {"A": ["hunter2"]},
                "credentials": {"key": "hunter2"},
                "anonymous": {"key": "hunter2"},
            },
            "block_schema": {"fields": {"secret_fields": [
                "value", "list", "empty", "info.password", "headers.*", "credentials.key", "anonymous.key"
            ]}},
            "block_document_references": {
                "credentials": {"block_document": {
                    "id": "1", "name": "prod", "is_anonymous": false, "block_type": {"slug": "keys"}
                }},
                "anonymous": {"block_document": {"id": "2", "name": "x", "is_anonymous": true}},
            },
        });
        let declared = as_declared(json_object(document));
        let expected = json!({
            "value": MASK,
            "list": MASK,
            "empty": null,
            "info": {"password": MASK, "host": "h"},
            "headers": MASK,
            "credentials": "{{ prefect.blocks.keys.prod }}",
            "anonymous": {"$ref": {"block_document_id": "2"}},
        });
        assert_eq!(declared["data"], expected);
    }
}
