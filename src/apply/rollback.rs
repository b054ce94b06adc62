//! Restores deployments to their previous state.
//!
//! A rollback reads the current state first and writes only the differences, because a failed request may have taken
//! effect.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{AUTOMATION_FIELDS, ApiError, Automation, Client, DeploymentSchedule},
    apply::{
        foreign_changes::{foreign_changes, is_intended, without_id},
        journaled_deployment::{Intended, JournaledDeployment, Previous},
        outcome::WriteError,
        remover::{Deletion, Remover},
        secret_overlay::{completed, has_mask, matches, overlaid, overlaid_object},
    },
    deployment::{LiveDeployment, ProjectId, Snapshot, triggers::owner_resource},
    names::counted,
    plan::{self, FieldChange, KeptReason},
    value::json_object,
};

/// Maximum number of deployments to read at a time. A small number shortens the time between the read and the write of
/// a deployment, in which someone else can change the deployment.
const BATCH: usize = 100;

/// Result of restoring a deployment.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// Whether anything was written.
    pub(crate) wrote: bool,
    /// Whether the deployment was deleted because it did not exist before the deploy.
    pub(crate) deleted: bool,
    /// State that no rollback can restore, such as IDs.
    pub(crate) notes: Vec<String>,
    /// Unrestored state that differs from the recorded state.
    pub(crate) lost: Vec<String>,
}

/// Outcome of rolling back a recorded deployment.
#[derive(Debug)]
pub(crate) enum Recovery {
    Restored(Restored),
    /// Someone else has changed the deployment, so the rollback did not write it.
    Conflict(Vec<FieldChange>),
    Failed(WriteError),
}

/// Context of a rollback.
#[derive(Debug)]
pub(crate) struct RollbackContext<'a> {
    pub(super) client: &'a Client,
    pub(super) remover: Remover<'a>,
    pub(super) policy: ConflictPolicy,
}

/// Treatment of objects that someone else has changed since the deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConflictPolicy {
    /// Restores the objects.
    Overwrite,
    /// Reports the objects as conflicts and does not write them.
    Report,
}

impl<'a> RollbackContext<'a> {
    /// Creates the context for rolling back a deploy of `project`. Keeps objects that other projects have registered.
    pub(crate) fn new(client: &'a Client, project: Option<&'a ProjectId>, policy: ConflictPolicy) -> Self {
        Self { client, remover: Remover::new(client, project), policy }
    }
}

impl Restored {
    /// Adds the result of deleting an object that did not exist before the deploy.
    ///
    /// # Errors
    ///
    /// Fails if the object is in use. Another attempt may then delete it.
    pub(super) fn add_deletion(&mut self, deletion: Deletion) -> Result<(), WriteError> {
        match deletion {
            Deletion::Done => (self.wrote, self.deleted) = (true, true),
            Deletion::Kept(KeptReason::InUse(reason)) => return Err(WriteError::InUse(reason)),
            Deletion::Kept(reason) => self.lost.push(format!("not deleted, because {reason}")),
        }
        Ok(())
    }
}

/// Restores the recorded deployments in order.
///
/// `declared` contains the names of automations that belong to no deployment.
pub(crate) async fn recover(
    rollback: &RollbackContext<'_>,
    records: &[JournaledDeployment],
    declared: &BTreeSet<String>,
) -> Vec<Recovery> {
    let mut recoveries = Vec::with_capacity(records.len());
    for batch in records.chunks(BATCH) {
        let names = batch.iter().map(JournaledDeployment::deployment_name).collect();
        match Snapshot::observe(rollback.client, &names).await {
            Ok(live) => {
                let live = live.excluding(declared.clone());
                recoveries.extend(recover_batch(rollback, batch, &live).await);
            }
            Err(error) => {
                let reason = error.to_string();
                recoveries.push(Recovery::Failed(error.into()));
                let remaining = records.len() - recoveries.len();
                let skipped = || Recovery::Failed(WriteError::Skipped(reason.clone()));
                recoveries.extend(std::iter::repeat_with(skipped).take(remaining));
                break;
            }
        }
    }
    recoveries
}

async fn recover_batch(
    rollback: &RollbackContext<'_>,
    records: &[JournaledDeployment],
    live: &Snapshot,
) -> Vec<Recovery> {
    stream::iter(records)
        .map(async |record| {
            let now = live.deployment(&record.deployment_name());
            let automations = now.map_or(&[][..], |now| live.automations(now.id));
            let record = &*record.adopting(now, automations);
            let conflicts = match rollback.policy {
                ConflictPolicy::Overwrite => Vec::new(),
                ConflictPolicy::Report => foreign_changes(record, now, automations),
            };
            if !conflicts.is_empty() {
                return Recovery::Conflict(conflicts);
            }
            let _slot = rollback.client.write_slot().await;
            let mut restored = Restored::default();
            match (Restore { client: rollback.client, remover: &rollback.remover, live, record })
                .deployment(now, &mut restored)
                .await
            {
                Ok(()) => Recovery::Restored(restored),
                Err(error) => Recovery::Failed(error),
            }
        })
        .buffered(2 * Client::MAX_WRITES)
        .collect()
        .await
}

struct Restore<'a> {
    client: &'a Client,
    remover: &'a Remover<'a>,
    live: &'a Snapshot,
    record: &'a JournaledDeployment,
}

impl Restore<'_> {
    async fn deployment(
        &self,
        now: Option<&LiveDeployment>,
        restored: &mut Restored,
    ) -> Result<(), WriteError> {
        match (&self.record.previous, now) {
            (None, None) => {}
            (None, Some(now)) => {
                restored.add_deletion(self.remover.deployment(now.id).await?)?;
            }
            (Some(_), None) => restored.lost.push("the deployment was deleted on the server".to_owned()),
            (Some(was), Some(now)) => {
                if self.client.replaces_deployments().await? {
                    self.schedules(was, now, restored).await?;
                    self.fields(was, now, restored).await?;
                } else {
                    self.fields(was, now, restored).await?;
                    self.schedules(was, now, restored).await?;
                }
                self.automations(was, now.id, restored).await?;
            }
        }
        Ok(())
    }

    async fn fields(
        &self,
        was: &Previous,
        now: &LiveDeployment,
        restored: &mut Restored,
    ) -> Result<(), ApiError> {
        let Some(fields) = self.missing_fields(was, now, restored) else { return Ok(()) };
        let is_empty = |value: &Json| value.as_object().is_some_and(Map::is_empty);
        if fields.get("job_variables").is_some_and(is_empty)
            && now.has_job_variables()
            && !self.live.clears_job_variables()
        {
            restored
                .notes
                .push("the job variables are kept, because this server cannot remove all of them".to_owned());
        }
        restored.wrote = true;
        self.client.update_deployment(now.id, &fields).await?;
        Ok(())
    }

    /// Returns the fields to write, or `None` if no write is necessary.
    fn missing_fields(
        &self,
        was: &Previous,
        now: &LiveDeployment,
        restored: &mut Restored,
    ) -> Option<Map<String, Json>> {
        let mut lost = Vec::new();
        let field = |(name, value): (&String, &Json)| {
            let intended: Vec<Option<&Json>> =
                self.record.intended.iter().map(|intended| intended.fields.get(name)).collect();
            Some((name.clone(), completed(value, &intended, now.field(name), name, &mut lost)?))
        };
        let fields: Map<String, Json> = was.fields.iter().filter_map(field).collect();
        if !self.is_written(was, now) {
            return None;
        }
        restored.lost.extend(lost.iter().map(|field| {
            format!(
                "the journal does not contain the secret `{field}`, so it keeps the value from the deploy"
            )
        }));
        let differs = fields.iter().any(|(field, value)| now.field(field) != Some(value));
        differs.then_some(fields)
    }

    /// Returns whether the deploy might have written the fields. A deploy writes all fields in a single request.
    fn is_written(&self, was: &Previous, now: &LiveDeployment) -> bool {
        let live = |field: &str| now.field(field).unwrap_or(&Json::Null);
        let is_previous = was.fields.iter().all(|(field, value)| matches(value, live(field)));
        let is_intended =
            |intended: &Intended| {
                intended.fields.iter().filter(|(field, _)| was.fields.contains_key(*field)).all(
                    |(field, value)| plan::is_same_field(field, live(field), &overlaid(value, live(field))),
                )
            };
        !is_previous || self.record.intended.iter().any(is_intended)
    }

    async fn schedules(
        &self,
        was: &Previous,
        now: &LiveDeployment,
        restored: &mut Restored,
    ) -> Result<(), ApiError> {
        if self.record.intended.iter().all(|intended| intended.schedules.is_none()) {
            return Ok(());
        }
        let mut deleted = Vec::new();
        for schedule in &was.schedules {
            match find_schedule(schedule, &now.schedules) {
                Some(same) if matches(&without_id(schedule), &without_id(same)) => {}
                _ if has_mask(&json!(schedule.parameters)) => {
                    let reason = "a schedule has a secret, which the journal does not record";
                    restored.lost.push(reason.to_owned());
                }
                Some(_) => {
                    restored.wrote = true;
                    self.client.update_schedule(now.id, schedule, &schedule_update(schedule)).await?;
                }
                None => deleted.push(schedule_body(schedule)),
            }
        }
        for schedule in &now.schedules {
            let is_previous = |previous: &DeploymentSchedule| {
                find_schedule(previous, &now.schedules).is_some_and(|found| found.id == schedule.id)
            };
            if !was.schedules.iter().any(is_previous) {
                restored.wrote = true;
                self.client.delete_schedule(now.id, schedule.id).await?;
            }
        }
        if !deleted.is_empty() {
            restored.wrote = true;
            self.client.create_schedules(now.id, &deleted).await?;
            restored.notes.push(new_ids(deleted.len(), "schedule"));
        }
        Ok(())
    }

    async fn automations(&self, was: &Previous, id: Uuid, restored: &mut Restored) -> Result<(), ApiError> {
        let now = self.live.automations(id);
        for automation in now {
            let is_previous = was.automations.iter().any(|raw| is_same_automation(raw, automation));
            if !is_previous && is_intended(self.record, automation) {
                restored.wrote = true;
                self.client.delete_automation(automation.id).await?;
            }
        }
        let exists =
            |raw: &Map<String, Json>| now.iter().any(|automation| is_same_automation(raw, automation));
        let (secret, deleted): (Vec<_>, Vec<_>) =
            was.automations.iter().filter(|raw| !exists(raw)).partition(|raw| raw.values().any(has_mask));
        for raw in &deleted {
            restored.wrote = true;
            self.client.create_automation(&automation_body(raw, id)).await?;
        }
        if !deleted.is_empty() {
            restored.notes.push(new_ids(deleted.len(), "automation"));
        }
        restored.lost.extend(secret.iter().map(|raw| {
            let name = raw.get("name").and_then(Json::as_str).unwrap_or_default();
            format!("automation '{name}' has a secret, which the journal does not record")
        }));
        Ok(())
    }
}

/// Returns a note about recreated objects.
fn new_ids(count: usize, noun: &str) -> String {
    format!("new IDs: {}", counted(count, noun))
}

/// Returns the body of the request that restores a changed schedule.
fn schedule_update(previous: &DeploymentSchedule) -> Map<String, Json> {
    json_object(json!({
        "schedule": previous.schedule,
        "active": previous.active,
        "slug": previous.slug,
    }))
}

/// Returns the body of the request that recreates a deleted schedule.
fn schedule_body(previous: &DeploymentSchedule) -> Json {
    json!({
        "schedule": previous.schedule,
        "active": previous.active,
        "max_scheduled_runs": previous.max_scheduled_runs,
        "parameters": previous.parameters,
        "slug": previous.slug,
    })
}

/// Returns the live schedule that corresponds to a recorded schedule: the schedule with the same ID, or an equal
/// schedule that an earlier rollback created.
fn find_schedule<'a>(
    previous: &DeploymentSchedule,
    live: &'a [DeploymentSchedule],
) -> Option<&'a DeploymentSchedule> {
    let by_id = live.iter().find(|schedule| schedule.id == previous.id);
    by_id.or_else(|| live.iter().find(|schedule| matches(&without_id(previous), &without_id(schedule))))
}

/// Returns whether an automation is the recorded automation, or an equal automation that an earlier rollback
/// created.
fn is_same_automation(previous: &Map<String, Json>, live: &Automation) -> bool {
    let mut body = previous.clone();
    for key in ["id", "created", "updated"] {
        body.shift_remove(key);
    }
    body.get_mut("trigger").into_iter().for_each(remove_ids);
    previous.get("id") == Some(&json!(live.id))
        || plan::is_same_trigger(&overlaid_object(&body, &live.raw), &live.raw)
}

/// Removes the IDs that the server assigns to triggers.
pub(super) fn remove_ids(trigger: &mut Json) {
    match trigger {
        Json::Object(fields) => {
            fields.shift_remove("id");
            fields.values_mut().for_each(remove_ids);
        }
        Json::Array(items) => items.iter_mut().for_each(remove_ids),
        _ => {}
    }
}

/// Returns the body of the request that recreates a deleted automation.
fn automation_body(raw: &Map<String, Json>, deployment: Uuid) -> Map<String, Json> {
    let field = |name: &str| Some((name.to_owned(), raw.get(name)?.clone()));
    let mut body: Map<String, Json> = AUTOMATION_FIELDS.into_iter().filter_map(field).collect();
    body.insert("owner_resource".into(), json!(owner_resource(deployment)));
    body
}
