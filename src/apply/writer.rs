//! Sends the requests that create or update a deployment.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    apply::{Outcome, duplicates::CreatedParts},
    deployment::{DesiredDeployment, LiveDeployment, Snapshot, snapshot, triggers::NewAutomation},
    plan::{Change, Changes, ComparedDeployment, ScheduleChanges, TriggerChanges},
    value::json_object,
};

pub(super) struct Writer<'a> {
    client: &'a Client,
    live: &'a Snapshot,
    now: Timestamp,
    /// Flows that this command creates, keyed by name. Deployments of the same flow share a single request.
    flows: Mutex<HashMap<String, Arc<OnceCell<Uuid>>>>,
    created: Mutex<CreatedParts>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(client: &'a Client, live: &'a Snapshot, now: Timestamp) -> Self {
        Self { client, live, now, flows: Mutex::default(), created: Mutex::default() }
    }
}

impl Writer<'_> {
    /// Returns the created automations and schedules.
    pub(super) fn into_created(self) -> CreatedParts {
        self.created.into_inner()
    }

    /// Sends the requests for a change sequentially. Sends ignored fields with their values from `latest`, or from the
    /// compared deployment if `latest` is `None`.
    pub(super) async fn write(
        &self,
        ComparedDeployment { desired, change }: &ComparedDeployment<'_>,
        latest: Option<&LiveDeployment>,
    ) -> Outcome {
        let mut written = false;
        let result = match change {
            Change::Unchanged { live } => Ok(Outcome::Unchanged(live.id)),
            Change::Create => self.create(desired, &mut written).await.map(Outcome::Created),
            Change::Update { live, changes } => {
                let names = changes.names().into_iter().map(str::to_owned).collect();
                let body = if changes.fields.is_empty() {
                    Map::new()
                } else {
                    // Like Prefect, this sends all fields, because the server validates some fields against other
                    // fields of the request.
                    desired.update_body(latest.unwrap_or(live))
                };
                self.update(live, desired, body, changes, &mut written)
                    .await
                    .map(|()| Outcome::Updated(live.id, names))
            }
        };
        result.unwrap_or_else(|error| Outcome::Failed { error: error.into(), written })
    }

    async fn create(&self, desired: &DesiredDeployment, written: &mut bool) -> Result<Uuid, ApiError> {
        let flow = self.flow(&desired.flow_name).await?;
        *written |= self.live.flow(&desired.flow_name).is_none();
        let body = desired.create_body(flow, self.now);
        let deployment = self.client.create_deployment(&json_object(body)).await?;
        *written = true;
        let automations = desired.triggers.iter().map(|trigger| trigger.automation(deployment.id));
        self.create_automations(deployment.id, automations, written).await?;
        self.slas(deployment.id, desired).await?;
        Ok(deployment.id)
    }

    async fn create_automations(
        &self,
        deployment: Uuid,
        automations: impl Iterator<Item = NewAutomation>,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        for NewAutomation { body, .. } in automations {
            let created = self.client.create_automation(&body).await?;
            *written = true;
            self.created.lock().await.add_automation(deployment, &body, created.id);
        }
        Ok(())
    }

    /// Returns a flow's ID. Creates the flow if it does not exist.
    async fn flow(&self, name: &str) -> Result<Uuid, ApiError> {
        if let Some(id) = self.live.flow(name) {
            return Ok(id);
        }
        let cell = Arc::clone(self.flows.lock().await.entry(name.to_owned()).or_default());
        cell.get_or_try_init(async || Ok(self.client.create_flow(name).await?.id)).await.copied()
    }

    async fn update(
        &self,
        live: &LiveDeployment,
        desired: &DesiredDeployment,
        mut body: Map<String, Json>,
        changes: &Changes<'_>,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        let id = live.id;
        let schedules = &changes.schedules;
        let together = schedules.together(!body.is_empty(), &live.schedules, self.now);
        let is_together = together.is_some();
        body.extend(together.map(|together| ("schedules".to_owned(), together.into())));
        let schedules_first = self.client.replaces_deployments().await?;
        if !is_together && schedules_first {
            self.schedules(id, schedules, written).await?;
        }
        if !body.is_empty() {
            self.client.update_deployment(id, &body).await?;
            *written = true;
        }
        if !is_together && !schedules_first {
            self.schedules(id, schedules, written).await?;
        }
        self.triggers(id, &changes.triggers, written).await?;
        if changes.slas { self.slas(id, desired).await } else { Ok(()) }
    }

    /// Sends a request for each changed schedule. Sends updates first, so that a new schedule can use a slug that an
    /// update has freed.
    async fn schedules(
        &self,
        id: Uuid,
        changes: &ScheduleChanges<'_>,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        for (schedule, body) in &changes.update {
            self.client.update_schedule(id, schedule, body).await?;
            *written = true;
        }
        if !changes.create.is_empty() {
            let bodies: Vec<Json> =
                changes.create.iter().map(|schedule| schedule.for_create(self.now)).collect();
            let created = self.client.create_schedules(id, &bodies).await?;
            *written = true;
            let mut parts = self.created.lock().await;
            for ((schedule, body), created) in changes.create.iter().zip(bodies).zip(created) {
                parts.add_schedule(id, schedule, body, created.id);
            }
        }
        for schedule in &changes.delete {
            self.client.delete_schedule(id, schedule.id).await?;
            *written = true;
        }
        Ok(())
    }

    /// Sends the service level agreements. Prefect Cloud compares them with the existing SLAs by name.
    async fn slas(&self, id: Uuid, desired: &DesiredDeployment) -> Result<(), ApiError> {
        if let Some(slas) = &desired.slas {
            let bodies: Vec<Json> = slas.iter().map(|sla| sla.body(id)).collect();
            self.client.apply_slas(id, &bodies).await?;
        }
        Ok(())
    }

    async fn triggers(
        &self,
        id: Uuid,
        changes: &TriggerChanges<'_>,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        if changes.delete_owned {
            self.client.delete_automations_owned_by(id).await?;
            *written = true;
        }
        self.create_automations(id, changes.create.iter().cloned(), written).await?;
        for automation in &changes.delete {
            self.client.delete_automation(automation.id).await?;
            *written = true;
        }
        if changes.delete_owned {
            // If the record cannot be written, the next deploy replaces the triggers again.
            let _ = snapshot::record_survivors(self.client, id, self.live.automations(id)).await;
        }
        Ok(())
    }
}
