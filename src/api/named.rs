//! Objects of which this program needs no more than what they are called.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{JsonObject, page::Identified};

/// A variable, block, work queue or worker: it is found by its name, and otherwise shown as the server has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct NamedObject {
    pub(crate) id: Uuid,
    /// Empty for a block without a name.
    pub(crate) name: String,
    /// All that the server sent.
    pub(crate) raw: JsonObject,
}

impl NamedObject {
    /// The text of a field; empty where there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.raw.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

impl TryFrom<JsonObject> for NamedObject {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Uuid,
            name: Option<String>,
        }
        let Fields { id, name } = Fields::deserialize(&raw)?;
        Ok(Self { id, name: name.unwrap_or_default(), raw })
    }
}

impl Identified for NamedObject {
    fn id(&self) -> Uuid {
        self.id
    }
}
