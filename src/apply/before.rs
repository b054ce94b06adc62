//! The state of deployments before a deploy.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    api::DeploymentSchedule,
    deployment::{DesiredDeployment, Snapshot},
    plan::{Change, owned_fields},
};

/// The state of a deployment before the first write.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Before {
    pub(crate) flow: String,
    pub(crate) name: String,
    /// The previous state. `None` if the deployment did not exist.
    pub(crate) was: Option<Was>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Was {
    pub(super) id: Uuid,
    /// Fields that a deploy writes.
    pub(crate) fields: Map<String, Json>,
    pub(super) schedules: Vec<DeploymentSchedule>,
    /// Automations that run the deployment.
    pub(crate) automations: Vec<Map<String, Json>>,
}

#[cfg(test)]
impl Was {
    pub(crate) fn for_test(fields: Json) -> Self {
        Self {
            id: Uuid::nil(),
            fields: crate::value::json_object(fields),
            schedules: Vec::new(),
            automations: Vec::new(),
        }
    }
}

impl Before {
    pub(crate) fn of(desired: &DesiredDeployment, change: &Change<'_>, live: &Snapshot) -> Self {
        let was = match change {
            Change::Create => None,
            Change::Update { live: deployment, .. } | Change::Unchanged { live: deployment } => Some(Was {
                id: deployment.id,
                fields: owned_fields(desired, deployment),
                schedules: deployment.schedules.clone(),
                automations: live
                    .automations(deployment.id)
                    .iter()
                    .map(|automation| automation.raw.clone())
                    .collect(),
            }),
        };
        Self { flow: desired.flow_name.clone(), name: desired.name.clone(), was }
    }
}
