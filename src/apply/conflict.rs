//! Detects deployments that someone else has changed between the comparison and the write.
//!
//! Deployments are read again in batches of [`BATCH`], shortly before the first write of each batch. A
//! deployment that differs from the compared state is in conflict and is not written.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::json;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    api::{ApiError, Automation, Client, Deployment, DeploymentName},
    deployment::{LiveDeployment, SharedValues, Snapshot, flow_names_by_id, snapshot::by_deployment},
    plan::{Change, Changes, ComparedDeployment, FieldChange, changes_between, trigger_changes_between},
};

/// Maximum number of deployments to read again in one batch.
const BATCH: usize = 50;

/// A check that compares deployments with the server again before they are written.
pub(super) struct ConflictCheck<'a> {
    client: &'a Client,
    compared: &'a Snapshot,
    writes: Vec<&'a ComparedDeployment<'a>>,
    /// Current state of each write batch. A cell is empty until its batch has been read.
    batches: Vec<OnceCell<Current>>,
}

/// State of a deployment batch immediately before it is written.
struct Current {
    /// Deployments that will be updated, keyed by ID.
    existing: HashMap<Uuid, LiveDeployment>,
    /// Full names of new deployments that someone else created first.
    created: HashSet<String>,
    automations: HashMap<Uuid, Vec<Automation>>,
}

impl<'a> ConflictCheck<'a> {
    /// Creates a check for `writes`, in the order in which the writes start.
    pub(super) fn new(
        client: &'a Client,
        compared: &'a Snapshot,
        writes: Vec<&'a ComparedDeployment<'a>>,
    ) -> Self {
        let batches = (0..writes.len().div_ceil(BATCH)).map(|_| OnceCell::new()).collect();
        Self { client, compared, writes, batches }
    }

    /// Returns the changes that someone else has made to the deployment at `position` since the comparison.
    ///
    /// # Errors
    ///
    /// Fails if the batch cannot be read. The next call for the same batch then reads it again.
    pub(super) async fn differences(&self, position: usize) -> Result<Vec<FieldChange>, ApiError> {
        let current = self.current(position / BATCH).await?;
        let ComparedDeployment { desired, change } = self.writes[position];
        let name = |old, new| vec![FieldChange { field: "name".into(), old, new }];
        let (before, changes) = match change {
            Change::Unchanged { .. } => return Ok(Vec::new()),
            Change::Create => {
                let is_created = current.created.contains(&desired.full_name());
                return Ok(if is_created { name(json!(null), json!(desired.name)) } else { Vec::new() });
            }
            Change::Update { live, changes } => (*live, changes),
        };
        let Some(now) = current.existing.get(&before.id) else {
            return Ok(name(json!(before.name), json!(null)));
        };
        let mut found = changes_between(desired, before, now);
        if !changes.triggers.is_empty() {
            let automations = current.automations.get(&before.id).map_or(&[][..], Vec::as_slice);
            found.extend(trigger_changes_between(self.compared.automations(before.id), automations));
        }
        Ok(found)
    }

    /// Returns the most recently read state of the deployment at `position`, or `None` if the deployment does not
    /// exist.
    ///
    /// # Errors
    ///
    /// Fails if the batch cannot be read.
    pub(super) async fn latest(&self, position: usize) -> Result<Option<&LiveDeployment>, ApiError> {
        let current = self.current(position / BATCH).await?;
        let change = &self.writes[position].change;
        Ok(change.live().and_then(|live| current.existing.get(&live.id)))
    }

    /// Reads the batch that contains the write at `position`, unless it has already been read. Does nothing
    /// if the write does not exist.
    pub(super) async fn prefetch(&self, position: usize) {
        if position < self.writes.len() {
            // If this fails, `differences` reads the batch again and reports the error.
            let _ = self.current(position / BATCH).await;
        }
    }

    async fn current(&self, batch: usize) -> Result<&Current, ApiError> {
        self.batches[batch].get_or_try_init(|| self.read(batch)).await
    }

    async fn read(&self, batch: usize) -> Result<Current, ApiError> {
        let writes = self.writes.iter().skip(batch * BATCH).take(BATCH);
        let ids: Vec<Uuid> =
            writes.clone().filter_map(|write| write.change.live()).map(|live| live.id).collect();
        let new = writes.clone().filter(|write| matches!(write.change, Change::Create));
        let new = new.map(|write| write.desired.deployment_name()).collect();
        let triggers: BTreeSet<&str> = writes.flat_map(|write| self.trigger_names(&write.change)).collect();
        let (existing, created, automations) = tokio::try_join!(
            self.client.deployments_by_id(ids),
            self.read_created(&new),
            self.read_automations(triggers.into_iter().collect()),
        )?;
        let automations =
            automations.into_iter().filter(|automation| !self.compared.is_foreign(automation.id)).collect();
        let shared = SharedValues::default();
        let existing = existing.into_iter().map(|deployment| LiveDeployment::new(deployment, &shared));
        let existing = existing.map(|deployment| (deployment.id, deployment)).collect();
        Ok(Current { existing, created, automations: by_deployment(automations) })
    }

    /// Returns the full names of existing deployments, including deployments that are not in `names`.
    ///
    /// Usually, no deployment exists, so the function sends a single request.
    async fn read_created(&self, names: &BTreeSet<DeploymentName>) -> Result<HashSet<String>, ApiError> {
        let deployments = self.client.deployments_named(names, |deployment| deployment).await?;
        let flows: BTreeSet<Uuid> = deployments.iter().map(|deployment| deployment.flow_id).collect();
        let flows = flow_names_by_id(self.client, flows).await?;
        let full_name =
            |deployment: Deployment| Some(format!("{}/{}", flows.get(&deployment.flow_id)?, deployment.name));
        Ok(deployments.into_iter().filter_map(full_name).collect())
    }

    async fn read_automations(&self, names: Vec<&str>) -> Result<Vec<Automation>, ApiError> {
        if names.is_empty() { Ok(Vec::new()) } else { self.client.automations_named(&names).await }
    }

    /// Returns the names of a deployment's existing and new automations, or no names if its triggers do not change.
    fn trigger_names<'s>(&'s self, change: &'s Change<'_>) -> Vec<&'s str> {
        match change {
            Change::Update { live, changes: Changes { triggers, .. } } if !triggers.is_empty() => {
                let existing =
                    self.compared.automations(live.id).iter().map(|automation| automation.name.as_str());
                let new = triggers.create.iter().map(|new| new.name.as_str());
                existing.chain(new).collect()
            }
            _ => Vec::new(),
        }
    }
}
