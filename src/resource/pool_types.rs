//! Known work pool types.

use std::collections::BTreeMap;

use crate::{
    api::{ApiError, Client, JsonObject, WorkPool},
    base_job_template::{PoolType, bundled_types, listed_types},
};

/// Known work pool types with their default base job templates.
#[derive(Debug)]
pub(crate) struct PoolTypes {
    templates: BTreeMap<String, JsonObject>,
    /// Work pools on the server, including pools with custom worker types.
    live: Vec<WorkPool>,
    /// Whether the list is complete because the server returned it.
    is_complete: bool,
}

impl PoolTypes {
    /// Returns the bundled types.
    pub(crate) fn bundled() -> Self {
        Self { templates: templates(bundled_types()), live: Vec::new(), is_complete: false }
    }

    /// Reads the server's work pool types. If a type in `used` is missing, also reads the types of existing work pools,
    /// which custom workers may have created.
    ///
    /// Uses the bundled types if the server does not list its types.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(crate) async fn read(
        client: &Client,
        mut used: impl Iterator<Item = &str>,
    ) -> Result<Self, ApiError> {
        let listed = listed_types(client).await?;
        let is_complete = listed.is_some();
        let templates = templates(listed.unwrap_or_else(bundled_types));
        let live = if used.all(|kind| templates.contains_key(kind)) {
            Vec::new()
        } else {
            client.work_pools().await?
        };
        Ok(Self { templates, live, is_complete })
    }

    /// Returns the template that a work pool declaration modifies: the type's default template, or the existing pool's
    /// template if a custom worker created the pool.
    pub(super) fn template(&self, pool: &str, kind: &str) -> Option<&JsonObject> {
        let live = || self.live.iter().find(|live| live.name == pool && live.kind == kind);
        self.templates.get(kind).or_else(|| live().map(|live| &live.base_job_template))
    }

    /// Returns whether the type is known or a work pool with this type exists.
    pub(super) fn contains(&self, kind: &str) -> bool {
        self.templates.contains_key(kind) || self.live.iter().any(|live| live.kind == kind)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(String::as_str)
    }

    /// Returns whether the list is complete. The bundled list lacks custom worker types and Prefect Cloud types such as
    /// `ecs:push`.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }
}

fn templates(types: Vec<PoolType>) -> BTreeMap<String, JsonObject> {
    types.into_iter().map(|known| (known.name, known.base_job_template)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path_regex};

    use super::*;
    use crate::api::testing;

    #[tokio::test]
    async fn types_are_unknown_if_the_server_cannot_list_them() {
        let types = json!({"prefect": {"process": {"type": "process"}}});
        for (answer, is_complete) in [
            (ResponseTemplate::new(200).set_body_json(types), true),
            (ResponseTemplate::new(200).set_body_json(json!({})), false),
            (ResponseTemplate::new(500), false),
        ] {
            let server = MockServer::start().await;
            Mock::given(path_regex("/aggregate-worker-metadata$")).respond_with(answer).mount(&server).await;
            let pool = json!({"id": uuid::Uuid::nil(), "name": "own", "type": "custom"});
            Mock::given(path_regex("/work_pools/filter$"))
                .respond_with(ResponseTemplate::new(200).set_body_json([pool]))
                .mount(&server)
                .await;
            let (client, _) = testing::client(testing::options(&server.uri()));
            let types = PoolTypes::read(&client, ["process", "custom"].into_iter()).await.unwrap();
            assert_eq!(types.is_complete(), is_complete);
            assert!(types.contains("process") && types.contains("custom"));
        }
    }
}
