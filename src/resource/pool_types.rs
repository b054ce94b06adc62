//! Known types of work pools.

use std::collections::BTreeMap;

use crate::{
    api::{ApiError, Client, JsonObject, WorkPool},
    base_job_template::{bundled_types, pool_types},
};

/// The known types of work pools, with their default base job templates.
#[derive(Debug)]
pub(crate) struct PoolTypes {
    templates: BTreeMap<String, JsonObject>,
    /// Work pools on the server, whose types may be those of custom workers.
    live: Vec<WorkPool>,
    /// Whether the list is complete, because a server returned it.
    is_complete: bool,
}

impl PoolTypes {
    /// Returns the bundled types.
    pub(crate) fn bundled() -> Self {
        let types = bundled_types().into_iter();
        let templates = types.map(|known| (known.name, known.base_job_template)).collect();
        Self { templates, live: Vec::new(), is_complete: false }
    }

    /// Reads the types that the server offers. If one of the types in `used` is not among them, also reads the types of the
    /// existing work pools, which custom workers may have created.
    pub(crate) async fn read(
        client: &Client,
        mut used: impl Iterator<Item = &str>,
    ) -> Result<Self, ApiError> {
        let types = pool_types(client).await?.into_iter();
        let templates: BTreeMap<String, JsonObject> =
            types.map(|known| (known.name, known.base_job_template)).collect();
        let live = if used.all(|kind| templates.contains_key(kind)) {
            Vec::new()
        } else {
            client.work_pools().await?
        };
        Ok(Self { templates, live, is_complete: true })
    }

    /// Returns the template to which the declaration of a work pool applies: the default template of the type, or the
    /// template of the existing pool if a custom worker created it.
    pub(super) fn template(&self, pool: &str, kind: &str) -> Option<&JsonObject> {
        let live = || self.live.iter().find(|live| live.name == pool && live.kind == kind);
        self.templates.get(kind).or_else(|| live().map(|live| &live.base_job_template))
    }

    /// Returns whether the type is known, or a work pool of the type exists.
    pub(super) fn contains(&self, kind: &str) -> bool {
        self.templates.contains_key(kind) || self.live.iter().any(|live| live.kind == kind)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(String::as_str)
    }

    /// Returns whether the list is complete. The bundled list lacks the types of Prefect Cloud, such as `ecs:push`, and
    /// those of custom workers.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }
}
