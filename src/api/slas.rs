//! API requests for service level agreements (SLAs). Only Prefect Cloud supports them.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{ApiError, Client, automations::deployment_resource, request::Request};

/// Names of the SLAs that a request created, updated and deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AppliedSlas {
    pub(crate) created: Vec<String>,
    pub(crate) updated: Vec<String>,
    pub(crate) deleted: Vec<String>,
}

impl Client {
    /// Replaces all SLAs of a deployment with `slas`.
    pub(crate) async fn apply_slas(&self, deployment: Uuid, slas: &[Value]) -> Result<AppliedSlas, ApiError> {
        #[derive(Deserialize)]
        struct Sla {
            name: String,
        }
        #[derive(Deserialize)]
        struct Applied {
            #[serde(default)]
            created: Vec<Sla>,
            #[serde(default)]
            updated: Vec<Sla>,
            #[serde(default)]
            deleted: Vec<Sla>,
        }
        let path = ["slas", "apply-resource-slas", &deployment_resource(deployment)];
        let applied: Applied = self.json(Request::post(&path, slas)).await?;
        let names = |slas: Vec<Sla>| slas.into_iter().map(|sla| sla.name).collect();
        Ok(AppliedSlas {
            created: names(applied.created),
            updated: names(applied.updated),
            deleted: names(applied.deleted),
        })
    }
}
