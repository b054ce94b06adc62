//! Secret fields of blocks.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{api::JsonObject, block_schema::FieldPath, secret::Secret};

/// The secret fields of a block, by their paths.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockSecrets {
    fields: BTreeMap<FieldPath, BlockSecret>,
}

#[derive(Debug, Clone)]
struct BlockSecret {
    text: Secret,
    /// Whether the text is JSON. Otherwise, the value is a string.
    is_json: bool,
}

impl BlockSecrets {
    /// Adds a field. `is_json` specifies whether the text is parsed as JSON.
    pub(super) fn insert(&mut self, field: FieldPath, text: Secret, is_json: bool) {
        self.fields.insert(field, BlockSecret { text, is_json });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&FieldPath, &Secret)> {
        self.fields.iter().map(|(field, secret)| (field, &secret.text))
    }

    /// Returns whether a secret belongs to an object. The object's other fields may be public.
    pub(crate) fn has_nested(&self) -> bool {
        self.fields.keys().any(FieldPath::is_nested)
    }

    /// Adds the values of the fields to the data of the block.
    pub(crate) fn add_to(&self, data: &mut JsonObject) {
        for (field, BlockSecret { text, is_json }) in &self.fields {
            let parsed = is_json.then(|| serde_json::from_str(text.expose()).ok()).flatten();
            field.set(data, parsed.unwrap_or_else(|| Json::from(text.expose())));
        }
    }
}
