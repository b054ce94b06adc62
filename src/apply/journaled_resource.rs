//! Records of resources in the journal, which a rollback restores.

use std::cmp::Reverse;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, JsonObject},
    apply::{
        outcome::WriteError,
        rollback::{ConflictPolicy, Recovery, Restored, RollbackContext, remove_ids},
        secret_overlay::{has_mask, matches},
    },
    plan::{self, ComparedResource, FieldChange, MovedQueue, ResourceChange},
    project::resources::ACTION_LISTS,
    resource::{
        BlockSecrets, LiveResource, Phase, References, ResourceKey, ResourceKind, SecretHashes,
        block_references, is_same_field, requests,
    },
    secret::Redactor,
    value::json_object,
};

/// The state of a resource before the first write, and the states that deploys intended to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournaledResource {
    pub(crate) key: ResourceKey,
    /// The previous state. `None` if the resource did not exist.
    previous: Option<PreviousResource>,
    /// The declared fields of the first deploy and of each deploy that resumed it. Actions refer to other objects by
    /// name.
    intended: Vec<JsonObject>,
    /// Whether any of the deploys writes secrets. Secrets are not recorded.
    has_secrets: bool,
}

/// State of a resource on the server before the first write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PreviousResource {
    id: Uuid,
    /// Previous values of the fields that the deploy writes.
    fields: JsonObject,
    /// Time of a block's last change. `None` in journals of earlier releases.
    #[serde(default)]
    updated: Option<String>,
}

/// Restores the resources that a deploy phase wrote, in reverse write order.
pub(crate) async fn recover_resources(
    rollback: &RollbackContext<'_>,
    records: &[JournaledResource],
    phase: Phase,
) -> Vec<(ResourceKey, Recovery)> {
    let mut recoveries = Vec::new();
    let mut ordered: Vec<&JournaledResource> = records.iter().rev().collect();
    ordered.sort_by_key(|record| (Reverse(record.key.kind), record.previous_priority()));
    for record in ordered {
        if record.key.kind.phase() == phase {
            recoveries.push((record.key.clone(), record.recover(rollback).await));
        }
    }
    recoveries
}

impl JournaledResource {
    pub(crate) fn new(ComparedResource { desired, change }: &ComparedResource) -> Self {
        let fields = |live: &LiveResource| {
            let own = live
                .fields
                .iter()
                .filter(|(field, _)| desired.fields.contains_key(*field) || *field == requests::BLOCK_SCHEMA);
            own.map(|(field, value)| (field.clone(), value.clone())).collect()
        };
        let has_secrets = match change {
            ResourceChange::Create => !desired.secrets.is_empty(),
            ResourceChange::Update { new_secrets, .. } => !new_secrets.is_empty(),
            ResourceChange::Unchanged { .. } => false,
        };
        let previous = change.live().map(|live| PreviousResource {
            id: live.id,
            fields: fields(live),
            updated: (desired.key.kind == ResourceKind::Block).then(|| updated(live).to_owned()),
        });
        Self { key: desired.key.clone(), previous, intended: vec![desired.fields.clone()], has_secrets }
    }

    /// Returns the record of a queue whose priority the server changes, but that the deploy does not write.
    pub(crate) fn of_moved_queue(moved: &MovedQueue) -> Self {
        let priority = |priority: u64| JsonObject::from_iter([("priority".to_owned(), priority.into())]);
        let previous = PreviousResource { id: moved.id, fields: priority(moved.from), updated: None };
        Self {
            key: moved.key.clone(),
            previous: Some(previous),
            intended: vec![priority(moved.to)],
            has_secrets: false,
        }
    }

    /// Adds the previous priority of a queue whose priority the server changes.
    pub(crate) fn add_moved_queue(&mut self, moved: &MovedQueue) {
        if let Some(previous) = &mut self.previous {
            previous.fields.insert("priority".to_owned(), moved.from.into());
        }
    }

    /// Returns whether the resource is a work queue that existed before the deploy.
    pub(crate) fn is_of_existing_queue(&self) -> bool {
        self.key.kind == ResourceKind::WorkQueue && self.previous.is_some()
    }

    /// Returns a work queue's previous priority, or `None` for a new queue and for other resource kinds.
    ///
    /// Restoring a priority can change the priorities of other queues. A rollback therefore deletes new queues first,
    /// and then restores the priorities in ascending order.
    fn previous_priority(&self) -> Option<u64> {
        let previous = self.previous.as_ref().filter(|_| self.key.kind == ResourceKind::WorkQueue)?;
        previous.fields.get("priority").and_then(Json::as_u64)
    }

    /// Redacts secrets.
    pub(super) fn redacted(&self, redactor: &Redactor) -> Self {
        let redact = |fields: &JsonObject| {
            let entries = fields.iter().map(|(field, value)| {
                let name = plan::resources::secret_name(&self.key, field);
                (field.clone(), plan::redacted_value(name, value, redactor))
            });
            entries.collect()
        };
        let previous = self.previous.as_ref();
        let previous = previous
            .map(|previous| PreviousResource { fields: redact(&previous.fields), ..previous.clone() });
        Self { previous, intended: self.intended.iter().map(redact).collect(), ..self.clone() }
    }

    /// Merges this record with the record of the resumed deploy. Returns this record unchanged if `earlier` is `None`.
    pub(crate) fn continuing(mut self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        let mut previous = earlier.previous.clone();
        if let (Some(previous), Some(now)) = (&mut previous, self.previous) {
            // The interrupted deploy has not written the fields that it did not declare.
            for (field, value) in now.fields {
                previous.fields.entry(field).or_insert(value);
            }
        }
        let mut intended = earlier.intended.clone();
        intended.append(&mut self.intended);
        intended.dedup();
        let has_secrets = earlier.has_secrets || self.has_secrets;
        Self { key: self.key, previous, intended, has_secrets }
    }

    /// Restores the recorded state.
    async fn recover(&self, rollback: &RollbackContext<'_>) -> Recovery {
        let client = rollback.client;
        let id = self.previous.as_ref().map(|previous| previous.id);
        let live = match requests::read(client, [(&self.key, id)]).await {
            Ok(mut live) => live.remove(&self.key),
            Err(error) => return Recovery::Failed(error.into()),
        };
        let conflicts = match rollback.policy {
            ConflictPolicy::Overwrite => Vec::new(),
            ConflictPolicy::Report => self.foreign_changes(live.as_ref()),
        };
        if !conflicts.is_empty() {
            return Recovery::Conflict(conflicts);
        }
        let mut restored = Restored::default();
        match self.restore(rollback, live, &mut restored).await {
            Ok(()) => Recovery::Restored(restored),
            Err(error) => Recovery::Failed(error),
        }
    }

    async fn restore(
        &self,
        rollback: &RollbackContext<'_>,
        live: Option<LiveResource>,
        restored: &mut Restored,
    ) -> Result<(), WriteError> {
        match (&self.previous, live) {
            (None, None) => Ok(()),
            (None, Some(live)) => {
                // The server deletes the default queue with its pool.
                if !self.key.is_permanent() {
                    restored.add_deletion(rollback.remover.resource(&self.key, live.id).await?)?;
                }
                Ok(())
            }
            (Some(_), None) => {
                restored.lost.push(format!("the {} was deleted on the server", self.key.kind.name()));
                Ok(())
            }
            (Some(was), Some(live)) => Ok(self.fields(rollback.client, was, &live, restored).await?),
        }
    }

    async fn fields(
        &self,
        client: &Client,
        was: &PreviousResource,
        live: &LiveResource,
        restored: &mut Restored,
    ) -> Result<(), ApiError> {
        if was.updated.as_deref() == Some(updated(live)) {
            // The deploy has not written the block.
            return Ok(());
        }
        if self.has_secrets {
            restored.lost.push(
                "the journal does not contain secrets, so they keep the values from the deploy".to_owned(),
            );
        }
        let is_same =
            was.fields.iter().all(|(field, value)| self.is_previous(field, value, current(live, field)));
        let mut fields = was.fields.clone();
        if is_same || fields.is_empty() {
            return Ok(());
        }
        if self.key.kind == ResourceKind::Block {
            // The server masks the secret fields of a block.
            let data = fields.get_mut("data").and_then(Json::as_object_mut);
            data.into_iter().for_each(|data| data.retain(|_, value| !has_mask(value)));
        } else if let Some((field, _)) = fields.iter().find(|(_, value)| has_mask(value)) {
            restored.lost.push(format!(
                "the journal does not contain the secret `{field}`, so it keeps the value from the deploy"
            ));
            return Ok(());
        }
        restored.wrote = true;
        let data =
            fields.get("data").and_then(Json::as_object).filter(|_| self.key.kind == ResourceKind::Block);
        let references =
            data.into_iter().flat_map(block_references::references_in).map(|(_, reference)| reference);
        let references = References::read(client, references).await?;
        let secrets = BlockSecrets::default();
        requests::update(client, &self.key, live, &fields, &secrets, &references).await?;
        if self.key.kind == ResourceKind::Block {
            let restored = requests::read(client, [(&self.key, Some(live.id))]).await?;
            if let Some(now) = restored.get(&self.key) {
                SecretHashes::renew(client, &self.key, updated(live), updated(now)).await?;
            }
        }
        Ok(())
    }

    /// Returns whether a field has its previous value. The server assigns new IDs to a restored trigger.
    fn is_previous(&self, field: &str, was: &Json, now: &Json) -> bool {
        if self.key.kind != ResourceKind::Automation || field != "trigger" {
            return matches(was, now);
        }
        let mut was = was.clone();
        remove_ids(&mut was);
        is_same_field(self.key.kind, field, Some(now), &comparable(field, &was, now))
    }

    /// Returns the fields that have neither their previous value nor an intended value.
    fn foreign_changes(&self, live: Option<&LiveResource>) -> Vec<FieldChange> {
        let Some(live) = live else { return Vec::new() };
        if let Some(was) = &self.previous
            && was.id != live.id
        {
            let (old, new) = (serde_json::json!(was.id), serde_json::json!(live.id));
            return vec![FieldChange { field: "id".to_owned(), old, new }];
        }
        let was = |field: &str| self.previous.as_ref().and_then(|was| was.fields.get(field));
        let is_intended = |field: &str, now: &Json| {
            let mut intended = self.intended.iter().filter_map(|intended| intended.get(field));
            intended.any(|intended| {
                is_same_field(self.key.kind, field, live.fields.get(field), &comparable(field, intended, now))
            })
        };
        let is_ours = |field: &str| {
            let now = current(live, field);
            // The server changes the priorities of existing queues when another queue is created.
            let is_moved = self.key.kind == ResourceKind::WorkQueue && field == "priority";
            is_moved
                || was(field).is_some_and(|was| self.is_previous(field, was, now))
                || is_intended(field, now)
        };
        // The last deploy's values override the values of earlier deploys.
        let intended: IndexMap<&String, &Json> = self.intended.iter().flatten().collect();
        let change = |(field, intended): (&String, &Json)| FieldChange {
            field: field.clone(),
            old: intended.clone(),
            new: current(live, field).clone(),
        };
        intended.into_iter().filter(|(field, _)| !is_ours(field)).map(change).collect()
    }
}

/// Returns the time of a resource's last change.
fn updated(live: &LiveResource) -> &str {
    current(live, "updated").as_str().unwrap_or_default()
}

/// Returns a field's current value, or null if the field is missing.
fn current<'a>(live: &'a LiveResource, field: &str) -> &'a Json {
    live.fields.get(field).unwrap_or(&Json::Null)
}

/// Returns a field's intended value in a form that can be compared with the current value. Takes secrets and the IDs
/// of other objects from the current value.
fn comparable(field: &str, intended: &Json, now: &Json) -> Json {
    let intended = super::secret_overlay::overlaid(intended, now);
    if !ACTION_LISTS.contains(&field) {
        return intended;
    }
    let actions = intended.as_array().into_iter().flatten();
    let without_name = |action: &Json| {
        let entries = json_object(action.clone()).into_iter();
        entries.filter(|(key, _)| !References::is_name_key(key)).collect::<JsonObject>()
    };
    actions.map(|action| Json::Object(without_name(action))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(previous: Option<Json>, intended: Json) -> JournaledResource {
        let previous = previous.map(|fields| PreviousResource {
            id: Uuid::nil(),
            fields: json_object(fields),
            updated: None,
        });
        JournaledResource {
            key: ResourceKey::new(ResourceKind::Variable, "v"),
            previous,
            intended: vec![json_object(intended)],
            has_secrets: false,
        }
    }

    #[test]
    fn values_of_a_resumed_deploy_are_not_foreign() {
        let first = record(Some(json!({"value": 1})), json!({"value": 2}));
        let second = record(Some(json!({"value": 2, "tags": ["t"]})), json!({"value": 3, "tags": []}));
        let continued = second.continuing(Some(&first));
        for (fields, foreign) in [
            (json!({"value": 1, "tags": ["t"]}), vec![]),
            (json!({"value": 2, "tags": ["t"]}), vec![]),
            (json!({"value": 3, "tags": []}), vec![]),
            (json!({"value": 4, "tags": []}), vec![("value", json!(3), json!(4))]),
            (json!({"value": 2, "tags": ["x"]}), vec![("tags", json!([]), json!(["x"]))]),
        ] {
            let live = LiveResource { id: Uuid::nil(), fields: json_object(fields.clone()) };
            let changes = continued.foreign_changes(Some(&live)).into_iter();
            let changes: Vec<_> = changes.map(|change| (change.field, change.old, change.new)).collect();
            let foreign: Vec<_> =
                foreign.into_iter().map(|(field, old, new)| (field.to_owned(), old, new)).collect();
            assert_eq!(changes, foreign, "{fields}");
        }
    }

    #[test]
    fn a_resumed_deploy_continues_the_record() {
        let mut first = record(Some(json!({"value": 1})), json!({"value": 2}));
        first.has_secrets = true;
        let second = record(Some(json!({"value": 2, "tags": ["t"]})), json!({"value": 2, "tags": []}));
        let continued = second.continuing(Some(&first));
        let previous = continued.previous.unwrap().fields;
        assert_eq!(Json::Object(previous), json!({"value": 1, "tags": ["t"]}));
        assert_eq!(continued.intended.len(), 2);
        assert!(continued.has_secrets);
        let created = record(None, json!({"value": 2})).continuing(None);
        let continued = record(Some(json!({"value": 2})), json!({"value": 2})).continuing(Some(&created));
        assert_eq!((continued.previous, continued.intended.len()), (None, 1));
    }
}
