//! Known types of work pools.

use std::collections::BTreeMap;

use crate::{
    api::{ApiError, Client, JsonObject},
    base_job_template::{bundled_types, pool_types},
};

/// The known types of work pools, with their default base job templates.
#[derive(Debug)]
pub(crate) struct PoolTypes {
    templates: BTreeMap<String, JsonObject>,
    /// Whether the list is complete, because a server returned it.
    is_complete: bool,
}

impl PoolTypes {
    /// Returns the bundled types.
    pub(crate) fn bundled() -> Self {
        let types = bundled_types().into_iter();
        let templates = types.map(|known| (known.name, known.base_job_template)).collect();
        Self { templates, is_complete: false }
    }

    /// Reads the types that the server offers.
    pub(crate) async fn read(client: &Client) -> Result<Self, ApiError> {
        let types = pool_types(client).await?.into_iter();
        let templates = types.map(|known| (known.name, known.base_job_template)).collect();
        Ok(Self { templates, is_complete: true })
    }

    pub(super) fn template(&self, kind: &str) -> Option<&JsonObject> {
        self.templates.get(kind)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(String::as_str)
    }

    /// Returns whether a type that is not in the list may exist. The bundled list lacks the types of Prefect Cloud, such
    /// as `ecs:push`.
    pub(super) fn may_exist(&self, kind: &str) -> bool {
        !self.is_complete && kind.contains(':')
    }
}
