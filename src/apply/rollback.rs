//! Restores deployments to their previous state.
//!
//! The current state is read first and only the differences are written, because a failed request may have
//! succeeded.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Automation, Client},
    apply::before::{Before, Was},
    deployment::{LiveDeployment, Snapshot, triggers::owner_resource},
    plan::prune,
};

/// Restores deployments. Each result contains messages about state that could not be restored.
pub(super) async fn restore(client: &Client, before: &[Before]) -> Vec<Result<Vec<String>, ApiError>> {
    let names: BTreeSet<_> =
        before.iter().map(|previous| (previous.flow.clone(), previous.name.clone())).collect();
    let live = match Snapshot::observe(client, &names).await {
        Ok(live) => live,
        Err(error) => {
            let reason = error.to_string();
            let rest = before.iter().skip(1).map(|_| Err(ApiError::Setup(reason.clone())));
            return std::iter::once(Err(error)).chain(rest.collect::<Vec<_>>()).take(before.len()).collect();
        }
    };
    stream::iter(before)
        .map(async |previous| {
            let _slot = client.write_slot().await;
            Restore { client, live: &live }.deployment(previous).await
        })
        .buffered(2 * Client::MAX_WRITES)
        .collect()
        .await
}

struct Restore<'a> {
    client: &'a Client,
    live: &'a Snapshot,
}

impl Restore<'_> {
    async fn deployment(&self, before: &Before) -> Result<Vec<String>, ApiError> {
        let mut notes = Vec::new();
        match (&before.was, self.live.deployment(&before.flow, &before.name)) {
            (None, None) => {}
            (None, Some(now)) => prune::remove(self.client, now.id).await?,
            (Some(_), None) => notes.push("it was deleted on the server".to_owned()),
            (Some(was), Some(now)) => {
                if self.client.replaces_deployments().await? {
                    self.schedules(was, now, &mut notes).await?;
                    self.fields(was, now, &mut notes).await?;
                } else {
                    self.fields(was, now, &mut notes).await?;
                    self.schedules(was, now, &mut notes).await?;
                }
                self.automations(was, now.id, &mut notes).await?;
            }
        }
        Ok(notes)
    }

    async fn fields(&self, was: &Was, now: &LiveDeployment, notes: &mut Vec<String>) -> Result<(), ApiError> {
        let differ = was.fields.iter().any(|(field, value)| now.field(field) != Some(value));
        if !differ {
            return Ok(());
        }
        let is_empty = |value: &Json| value.as_object().is_some_and(Map::is_empty);
        if was.fields.get("job_variables").is_some_and(is_empty)
            && now.has_job_variables()
            && !self.live.clears_job_variables()
        {
            notes.push("its job variables stay: this server cannot remove all of them".to_owned());
        }
        self.client.update_deployment(now.id, &was.fields).await?;
        Ok(())
    }

    async fn schedules(
        &self,
        was: &Was,
        now: &LiveDeployment,
        notes: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        let mut gone = Vec::new();
        for schedule in &was.schedules {
            match now.schedules.iter().find(|schedule_now| schedule_now.id == schedule.id) {
                Some(same) if same == schedule => {}
                Some(_) => {
                    let body = Map::from_iter([
                        ("schedule".to_owned(), json!(schedule.schedule)),
                        ("active".to_owned(), json!(schedule.active)),
                        ("slug".to_owned(), json!(schedule.slug)),
                    ]);
                    self.client.update_schedule(now.id, schedule, &body).await?;
                }
                None => gone.push(json!({
                    "schedule": schedule.schedule,
                    "active": schedule.active,
                    "max_scheduled_runs": schedule.max_scheduled_runs,
                    "parameters": schedule.parameters,
                    "slug": schedule.slug,
                })),
            }
        }
        for schedule in &now.schedules {
            if !was.schedules.iter().any(|schedule_now| schedule_now.id == schedule.id) {
                self.client.delete_schedule(now.id, schedule.id).await?;
            }
        }
        if !gone.is_empty() {
            self.client.create_schedules(now.id, &gone).await?;
            notes.push(format!("{} of its schedules have new ids", gone.len()));
        }
        Ok(())
    }

    async fn automations(&self, was: &Was, id: Uuid, notes: &mut Vec<String>) -> Result<(), ApiError> {
        let now = self.live.automations(id);
        let has_id = |raw: &Map<String, Json>, id: Uuid| raw.get("id") == Some(&json!(id));
        for automation in now {
            if !was.automations.iter().any(|raw| has_id(raw, automation.id)) {
                self.client.delete_automation(automation.id).await?;
            }
        }
        let is_there =
            |raw: &Map<String, Json>| now.iter().any(|automation: &Automation| has_id(raw, automation.id));
        let gone: Vec<_> = was.automations.iter().filter(|raw| !is_there(raw)).collect();
        for raw in &gone {
            self.client.create_automation(&automation_body(raw, id)).await?;
        }
        if !gone.is_empty() {
            notes.push(format!("{} of its automations have new ids", gone.len()));
        }
        Ok(())
    }
}

/// Returns the body of the request that recreates a deleted automation.
fn automation_body(raw: &Map<String, Json>, deployment: Uuid) -> Map<String, Json> {
    const KEYS: [&str; 8] = [
        "name",
        "description",
        "enabled",
        "tags",
        "trigger",
        "actions",
        "actions_on_trigger",
        "actions_on_resolve",
    ];
    let mut body: Map<String, Json> =
        KEYS.iter().filter_map(|key| Some(((*key).to_owned(), raw.get(*key)?.clone()))).collect();
    body.insert("owner_resource".into(), json!(owner_resource(deployment)));
    body
}
