//! Objects that prefectl looks up by name and displays without interpreting their fields.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{JsonObject, page::Identified};

/// A variable, block, work queue or worker on the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct NamedObject {
    pub(crate) id: Uuid,
    /// Name of the object. Anonymous blocks have an empty name.
    pub(crate) name: String,
    /// The complete JSON object that the server returned.
    pub(crate) raw: JsonObject,
}

impl NamedObject {
    /// Returns the string value of a field, or an empty string if the field is missing or not a string.
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
