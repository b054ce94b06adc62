//! Known block types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::BlockSchema;
use crate::{
    api::{ApiError, Client},
    diagnostics::{did_you_mean, similar_name},
};

/// Bundled schemas of Prefect 3.9.1 and its integrations. `generate.py` creates the file.
const BUNDLED: &str = include_str!("bundled.json");

/// The known block types and their schemas.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockTypes {
    schemas: BTreeMap<String, BlockSchema>,
    /// Slugs of all types, including types whose schemas were not read.
    slugs: BTreeSet<String>,
    /// Whether the list is complete, as lists from a server always are.
    is_complete: bool,
}

impl BlockTypes {
    /// Returns the bundled types.
    pub(crate) fn bundled() -> Self {
        let schemas = match serde_json::from_str(BUNDLED) {
            Ok(Json::Object(schemas)) => schemas,
            _ => serde_json::Map::new(),
        };
        let schemas: BTreeMap<String, BlockSchema> =
            schemas.into_iter().map(|(slug, fields)| (slug, BlockSchema::new(fields))).collect();
        Self { slugs: schemas.keys().cloned().collect(), schemas, is_complete: false }
    }

    /// Reads the server's types, and the newest schemas of the types for which `is_used` returns `true`.
    pub(crate) async fn read(client: &Client, is_used: impl Fn(&str) -> bool) -> Result<Self, ApiError> {
        let types = client.block_types().await?;
        let slug = |raw: &crate::api::JsonObject| Some(raw.get("slug")?.as_str()?.to_owned());
        let types: BTreeMap<String, uuid::Uuid> =
            types.iter().filter_map(|found| Some((slug(&found.raw)?, found.id))).collect();
        let used: Vec<uuid::Uuid> =
            types.iter().filter(|(slug, _)| is_used(slug)).map(|(_, id)| *id).collect();
        let mut newest = client.newest_block_schemas(&used).await?;
        let schemas =
            types.iter().filter_map(|(slug, id)| Some((slug.clone(), BlockSchema::new(newest.remove(id)?))));
        Ok(Self { schemas: schemas.collect(), slugs: types.keys().cloned().collect(), is_complete: true })
    }

    /// Returns the schema of a type, or `None` if the type is unknown.
    pub(crate) fn schema(&self, slug: &str) -> Option<&BlockSchema> {
        self.schemas.get(slug)
    }

    pub(crate) fn contains(&self, slug: &str) -> bool {
        self.slugs.contains(slug)
    }

    /// Returns whether all types of the server are known.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the known type to suggest for an unknown type. If the list is incomplete, the unknown type may exist, so
    /// a type is only suggested if the name is probably misspelled.
    pub(crate) fn similar(&self, slug: &str) -> Option<&str> {
        let known = self.slugs.iter().map(String::as_str);
        if self.is_complete { did_you_mean(slug, known) } else { similar_name(slug, known) }
    }
}
