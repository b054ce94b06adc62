//! The types of work pools and their base job templates: the server's, or those of this program where the server has
//! none to give.

use std::collections::BTreeMap;

use serde_json::Value;

use super::WorkPoolError;
use crate::api::{ApiError, Client, JsonObject, WorkerType};

/// What a server of Prefect 3.8.4 gives, which it has from the worker packages.
const BUNDLED: &str = include_str!("base_job_templates.json");

/// A type of work pool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PoolKind {
    pub(crate) kind: String,
    /// What it is for; empty where that is not known.
    pub(crate) description: String,
    /// The template of pools that name none.
    pub(crate) base_job_template: JsonObject,
}

/// The types by name. Without a server, or with one that cannot tell, those of this program.
pub(super) async fn kinds(client: Option<&Client>) -> Result<Vec<PoolKind>, ApiError> {
    let Some(client) = client else { return Ok(bundled()) };
    let types = match client.worker_types().await {
        Ok(types) => types,
        Err(ApiError::NoSuchRoute { .. } | ApiError::Server { .. }) => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    if types.is_empty() {
        return Ok(bundled());
    }
    let kind = |(kind, worker): (String, WorkerType)| PoolKind {
        kind,
        description: worker.description.unwrap_or_default(),
        base_job_template: worker.base_job_template,
    };
    Ok(types.into_iter().map(kind).collect())
}

/// The base job templates by type of pool.
pub(super) async fn base_job_templates(
    client: Option<&Client>,
) -> Result<BTreeMap<String, JsonObject>, WorkPoolError> {
    Ok(kinds(client).await?.into_iter().map(|kind| (kind.kind, kind.base_job_template)).collect())
}

fn bundled() -> Vec<PoolKind> {
    let templates: Value = serde_json::from_str(BUNDLED).unwrap_or_default();
    let templates = templates.as_object().cloned().unwrap_or_default();
    let kind = |(kind, template): (String, Value)| {
        let base_job_template = template.as_object()?.clone();
        Some(PoolKind { kind, description: String::new(), base_job_template })
    };
    templates.into_iter().filter_map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_templates_are_whole() {
        let bundled = bundled();
        let kinds: Vec<&str> = bundled.iter().map(|kind| kind.kind.as_str()).collect();
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
        for PoolKind { kind, base_job_template: template, .. } in &bundled {
            assert!(template["job_configuration"].is_object(), "{kind}");
            assert!(template["variables"]["properties"].is_object(), "{kind}");
        }
    }
}
