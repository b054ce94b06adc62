//! The types of work pools and their base job templates: the server's, or those of this program where the server has
//! none to give.

use std::collections::BTreeMap;

use serde_json::Value;

use super::WorkPoolError;
use crate::api::{Client, JsonObject};

/// What a server of Prefect 3.8.4 gives, which it has from the worker packages.
const BUNDLED: &str = include_str!("base_job_templates.json");

/// The base job templates by type of pool. Without a server, or with one that cannot tell, those of this program.
pub(super) async fn base_job_templates(
    client: Option<&Client>,
) -> Result<BTreeMap<String, JsonObject>, WorkPoolError> {
    let Some(client) = client else { return Ok(bundled()) };
    match client.worker_types().await {
        Ok(types) if !types.is_empty() => {
            Ok(types.into_iter().map(|(kind, worker)| (kind, worker.base_job_template)).collect())
        }
        Ok(_) | Err(crate::api::ApiError::NoSuchRoute { .. } | crate::api::ApiError::Server { .. }) => {
            Ok(bundled())
        }
        Err(error) => Err(error.into()),
    }
}

fn bundled() -> BTreeMap<String, JsonObject> {
    let templates: Value = serde_json::from_str(BUNDLED).unwrap_or_default();
    let templates = templates.as_object().cloned().unwrap_or_default();
    templates.into_iter().filter_map(|(kind, template)| Some((kind, template.as_object()?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_templates_are_whole() {
        let templates = bundled();
        let kinds: Vec<&str> = templates.keys().map(String::as_str).collect();
        let expected = [
            "azure-container-instance",
            "cloud-run",
            "cloud-run-v2",
            "docker",
            "ecs",
            "kubernetes",
            "process",
            "vertex-ai",
        ];
        assert_eq!(kinds, expected);
        for (kind, template) in &templates {
            assert!(template["job_configuration"].is_object(), "{kind}");
            assert!(template["variables"]["properties"].is_object(), "{kind}");
        }
    }
}
