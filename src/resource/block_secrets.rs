//! Secret block fields.

use std::{collections::BTreeMap, fmt};

use serde_json::Value as Json;

use crate::{api::JsonObject, block_schema::FieldPath, secret::Secret};

/// The secret fields of a block, keyed by field path.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockSecrets {
    fields: BTreeMap<FieldPath, BlockSecret>,
}

/// A secret block field. The `Debug` implementation does not print the secret.
#[derive(Clone)]
struct BlockSecret {
    /// The string read from the secret's source.
    text: Secret,
    /// The field value: the string, or the JSON value parsed from the string.
    value: Json,
}

impl fmt::Debug for BlockSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl BlockSecrets {
    /// Adds a field. `value` is the string `text`, or the JSON value parsed from it.
    pub(super) fn insert(&mut self, field: FieldPath, text: Secret, value: Json) {
        self.fields.insert(field, BlockSecret { text, value });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&FieldPath, &Secret)> {
        self.fields.iter().map(|(field, secret)| (field, &secret.text))
    }

    /// Returns whether a secret is nested in an object. The object's other fields may be public.
    pub(crate) fn has_nested(&self) -> bool {
        self.fields.keys().any(FieldPath::is_nested)
    }

    /// Adds the secret values to the block data.
    pub(crate) fn add_to(&self, data: &mut JsonObject) {
        for (field, BlockSecret { value, .. }) in &self.fields {
            field.set(data, value.clone());
        }
    }
}
