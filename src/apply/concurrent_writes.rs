//! Detects resources that another client has written since the comparison. The other client may be another run of the
//! same deploy.

use std::{slice, time::Duration};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    apply::Outcome,
    deployment::OnUnchanged,
    plan::{self, FieldChange, ResourceChange},
    resource::{DesiredResource, LiveResource, Observed, is_same_field, requests},
    secret::Redactor,
};

/// Maximum number of times to re-read a block while waiting for the other client to record the block's secret hashes.
const ATTEMPTS: usize = 10;

/// Time between two attempts.
const WAIT: Duration = Duration::from_millis(200);

/// Returns the outcome for a resource that another client has written: unchanged if the resource has all
/// declared values, otherwise a conflict. Returns `None` if the resource does not exist. `before` is the
/// state at the time of the comparison.
pub(super) async fn outcome(
    client: &Client,
    desired: &DesiredResource,
    before: Option<&LiveResource>,
    redactor: &Redactor,
) -> Result<Option<Outcome>, ApiError> {
    let mut attempts = ATTEMPTS;
    loop {
        let mut observed = Observed::read(client, slice::from_ref(desired)).await?;
        match plan::resources::compare(desired, &mut observed, OnUnchanged::Skip) {
            ResourceChange::Create => return Ok(None),
            ResourceChange::Unchanged { live } => return Ok(Some(Outcome::Unchanged(live.id))),
            ResourceChange::Update { fields, new_secrets, .. }
                if !new_secrets.is_empty() && fields.is_empty() && attempts > 0 =>
            {
                attempts -= 1;
                tokio::time::sleep(WAIT).await;
            }
            ResourceChange::Update { live, .. } => {
                let differences = changes(desired, before, Some(&live), redactor);
                return Ok(Some(Outcome::Conflict { differences, written: false }));
            }
        }
    }
}

/// Returns the differences between two states of a resource's declared fields, with secrets redacted.
pub(super) fn changes(
    desired: &DesiredResource,
    before: Option<&LiveResource>,
    now: Option<&LiveResource>,
    redactor: &Redactor,
) -> Vec<FieldChange> {
    let id = |live: Option<&LiveResource>| live.map(|live| live.id);
    if id(before) != id(now) {
        let (old, new) = (json!(id(before)), json!(id(now)));
        return vec![FieldChange { field: "id".to_owned(), old, new }];
    }
    let (Some(before), Some(now)) = (before, now) else { return Vec::new() };
    let value = |live: &LiveResource, field: &str| live.fields.get(field).cloned().unwrap_or_default();
    let fields = desired.fields.keys();
    let changes = fields.map(|field| FieldChange {
        field: field.clone(),
        old: value(before, field),
        new: value(now, field),
    });
    let mut changes: Vec<FieldChange> = changes
        .filter(|change| !is_same_field(desired.key.kind, &change.field, Some(&change.new), &change.old))
        .collect();
    changes.iter_mut().for_each(|change| plan::resources::mask(&desired.key, change, redactor));
    changes
}

/// Returns the outcome of a created automation. If another client created an automation with the same name first,
/// deletes the new automation, because the server allows duplicate names.
pub(super) async fn without_duplicate(
    client: &Client,
    desired: &DesiredResource,
    created: Uuid,
    redactor: &Redactor,
) -> Result<Outcome, ApiError> {
    let name = desired.key.name.as_str();
    let found = requests::automations_by_name(client, &[name]).await?.remove(name).unwrap_or_default();
    let Some(first) = found.iter().min_by_key(|automation| (automation.created(), automation.id)) else {
        return Ok(Outcome::Created(created));
    };
    if first.id == created {
        return Ok(Outcome::Created(created));
    }
    client.delete_automation(created).await?;
    let selected = DesiredResource { id: Some(first.id), ..desired.clone() };
    let deleted = || Outcome::Conflict {
        differences: vec![FieldChange { field: "id".to_owned(), old: json!(first.id), new: Json::Null }],
        written: false,
    };
    Ok(outcome(client, &selected, None, redactor).await?.unwrap_or_else(deleted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ResourceKey, ResourceKind};

    #[test]
    fn differences_of_secret_variables_are_redacted() {
        let object = |value: &str| crate::value::json_object(json!({"value": value}));
        let live = |value: &str| LiveResource { id: Uuid::nil(), fields: object(value) };
        for (name, old, new) in
            [("region", "eu-1", "us-2"), ("api_token", "********", "******** (another value)")]
        {
            let key = ResourceKey::new(ResourceKind::Variable, name);
            let desired = DesiredResource::new(key, object("mine"), None);
            let [change] =
                &changes(&desired, Some(&live("eu-1")), Some(&live("us-2")), &Redactor::default())[..]
            else {
                panic!("one change is expected")
            };
            assert_eq!((&change.old, &change.new), (&json!(old), &json!(new)), "{name}");
        }
    }
}
