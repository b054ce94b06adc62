//! Finds changes to recorded deployments that no deploy made.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::{
    api::{Automation, DeploymentSchedule},
    apply::{
        journaled_deployment::{Intended, JournaledDeployment},
        secret_overlay::{has_mask, matches, overlaid, overlaid_object},
    },
    deployment::LiveDeployment,
    plan::{self, FieldChange},
    schedule::Schedule,
    secret::MASK,
    value::{from_json, json_object},
};

/// Automation fields that the server sets itself.
const TIMES: [&str; 2] = ["created", "updated"];

/// Returns the changes that someone else made to a deployment after it was recorded.
///
/// A live value is expected if it equals the recorded value or a value that a deploy intended to write. All other
/// values are foreign changes.
pub(super) fn foreign_changes(
    record: &JournaledDeployment,
    live: Option<&LiveDeployment>,
    automations: &[Automation],
) -> Vec<FieldChange> {
    let change = |field: &str, old: Json, new: Json| FieldChange { field: field.into(), old, new };
    match (&record.previous, live) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![change("name", json!(record.name), json!(null))],
        (Some(previous), Some(live)) if previous.id != live.id => {
            vec![change("id", json!(previous.id), json!(live.id))]
        }
        (_, Some(live)) => {
            let mut changes = fields(record, live);
            let schedules: Vec<Json> = live
                .schedules
                .iter()
                .filter(|schedule| !is_own_schedule(record, schedule))
                .map(|s| json!(s))
                .collect();
            if !schedules.is_empty() {
                changes.push(change("schedules", json!([]), schedules.into()));
            }
            let automations: Vec<Json> = automations
                .iter()
                .filter(|automation| !is_explained(record, automation))
                .map(|automation| json!(automation.name))
                .collect();
            if !automations.is_empty() {
                changes.push(change("triggers", json!([]), automations.into()));
            }
            changes
        }
    }
}

fn fields(record: &JournaledDeployment, live: &LiveDeployment) -> Vec<FieldChange> {
    let states = |field: &str| -> Vec<Json> {
        let previous = record.previous.iter().filter_map(|previous| previous.fields.get(field));
        let intended = record.intended.iter().filter_map(|intended| intended.fields.get(field));
        previous.chain(intended).cloned().collect()
    };
    let names = record.previous.iter().flat_map(|previous| previous.fields.keys());
    let mut names: Vec<&String> =
        names.chain(record.intended.iter().flat_map(|intended| intended.fields.keys())).collect();
    names.sort_unstable();
    names.dedup();
    let changed = |name: &String| {
        let now = live.field(name)?;
        let states = states(name);
        let is_known = states.iter().any(|state| plan::is_same_field(name, now, &overlaid(state, now)));
        let new = if states.iter().any(has_mask) { json!(MASK) } else { now.clone() };
        let old = states.last().cloned().unwrap_or_default();
        (!is_known).then(|| FieldChange { field: name.clone(), old, new })
    };
    names.into_iter().filter_map(changed).collect()
}

/// Returns whether a schedule was recorded or was written by a deploy.
fn is_own_schedule(record: &JournaledDeployment, live: &DeploymentSchedule) -> bool {
    let previous: &[DeploymentSchedule] =
        record.previous.as_ref().map_or(&[], |previous| previous.schedules.as_slice());
    // Servers before Prefect 3.2 give schedules new IDs when a deployment is updated.
    if previous.iter().any(|schedule| matches(&without_id(schedule), &without_id(live))) {
        return true;
    }
    let replaced = previous
        .iter()
        .find(|schedule| schedule.id == live.id || (live.slug.is_some() && schedule.slug == live.slug));
    record.intended.iter().filter_map(|intended| intended.schedules.as_ref()).flatten().any(|item| {
        let item = overlaid(item, &json!({"parameters": live.parameters}));
        let Ok(item) = Schedule::from_item(&from_json(&item).as_mapping().cloned().unwrap_or_default())
        else {
            return false;
        };
        let is_active = live.active || replaced.is_some_and(|replaced| replaced.active == live.active);
        (item.active.is_some() || is_active)
            && plan::schedule_differences(&item, live, Timestamp::UNIX_EPOCH).is_empty()
    })
}

/// Returns whether an automation is unchanged since it was recorded, was created by the deploy, or might belong to
/// someone else.
fn is_explained(record: &JournaledDeployment, automation: &Automation) -> bool {
    let id = json!(automation.id);
    let recorded = record
        .previous
        .as_ref()
        .and_then(|previous| previous.automations.iter().find(|raw| raw.get("id") == Some(&id)));
    match recorded {
        Some(recorded) => {
            let raw = |raw: &Map<String, Json>| {
                Json::Object(
                    raw.iter()
                        .filter(|(key, _)| !TIMES.contains(&key.as_str()))
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect(),
                )
            };
            matches(&raw(recorded), &raw(&automation.raw))
        }
        // A rollback keeps an existing deployment, so other users' automations can still run it.
        None => record.previous.is_some() || is_intended(record, automation),
    }
}

/// Returns whether an automation has the contents that the recorded deploy intended to write.
pub(super) fn is_intended(record: &JournaledDeployment, automation: &Automation) -> bool {
    let bodies = record.intended.iter().flat_map(|intended: &Intended| &intended.automations);
    bodies.into_iter().any(|body| {
        let mut body = overlaid_object(body, &automation.raw);
        // The ID of a new deployment was not known when the body was recorded.
        if record.previous.is_none()
            && let Some(action) = body.get_mut("actions").and_then(|actions| actions.get_mut(0))
        {
            let live = automation.raw.get("actions").and_then(|actions| actions.get(0));
            let id = live.and_then(|action| action.get("deployment_id"));
            action["deployment_id"] = id.cloned().unwrap_or_default();
        }
        plan::is_same_trigger(&body, &automation.raw)
    })
}

/// Returns a schedule as JSON without its ID.
pub(super) fn without_id(schedule: &DeploymentSchedule) -> Json {
    let mut schedule = json_object(json!(schedule));
    schedule.shift_remove("id");
    Json::Object(schedule)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::deployment::SharedValues;

    fn live(fields: &Json) -> LiveDeployment {
        let mut raw = json_object(json!({"id": Uuid::nil(), "flow_id": Uuid::nil(), "name": "a"}));
        raw.extend(json_object(fields.clone()));
        LiveDeployment::new(serde_json::from_value(raw.into()).unwrap(), &SharedValues::default())
    }

    fn schedule(cron: &str, active: bool) -> Json {
        json!({"id": Uuid::new_v4(), "schedule": {"cron": cron, "timezone": null}, "active": active})
    }

    fn automation(name: &str) -> Automation {
        let raw = json!({"id": Uuid::new_v4(), "name": name, "enabled": true, "actions": [{}]});
        serde_json::from_value(raw).unwrap()
    }

    fn changed(
        record: &JournaledDeployment,
        live: Option<&LiveDeployment>,
        automations: &[Automation],
    ) -> Vec<String> {
        foreign_changes(record, live, automations).into_iter().map(|change| change.field).collect()
    }

    #[test]
    fn fields_are_explained_by_the_previous_and_the_intended_state() {
        let record = JournaledDeployment::for_test(
            "a",
            json!({"version": "1", "tags": ["a"], "job_variables": {"env": {"TOKEN": MASK}}}),
            json!({"version": "2", "tags": ["b"], "job_variables": {"env": {"TOKEN": MASK, "NEW": "x"}}}),
        );
        let token = json!({"env": {"TOKEN": "hunter2"}});
        for (fields, expected) in [
            (json!({"version": "1", "tags": ["a"], "job_variables": token}), &[][..]),
            (json!({"version": "2", "tags": ["a"], "job_variables": token}), &[]),
            (
                json!({"version": "2", "tags": ["b"], "job_variables": {"env": {"TOKEN": "t", "NEW": "x"}}}),
                &[],
            ),
            (json!({"version": "3", "tags": ["b"], "job_variables": token}), &["version"]),
            (json!({"version": "1", "tags": [], "job_variables": {"env": {}}}), &["job_variables", "tags"]),
            // Fields that a deploy does not write.
            (json!({"version": "1", "tags": ["a"], "job_variables": token, "status": "READY"}), &[]),
        ] {
            assert_eq!(changed(&record, Some(&live(&fields)), &[]), expected, "{fields}");
        }
        assert_eq!(changed(&record, None, &[]), ["name"]);
        let other = live(&json!({"id": Uuid::from_u128(1)}));
        assert_eq!(changed(&record, Some(&other), &[]), ["id"]);
        let secret =
            live(&json!({"version": "1", "tags": ["a"], "job_variables": {"env": {"TOKEN": "t", "X": "y"}}}));
        assert_eq!(foreign_changes(&record, Some(&secret), &[])[0].new, MASK);
    }

    #[test]
    fn schedules_and_automations_of_others_are_found() {
        let mut record = JournaledDeployment::for_test("a", json!({}), json!({}));
        record.intended[0].schedules = Some(vec![json!({"cron": "0 1 * * *"})]);
        record.intended[0].automations =
            vec![json_object(json!({"name": "own", "actions": [{"deployment_id": Uuid::nil()}]}))];
        let kept = serde_json::from_value(schedule("0 0 * * *", false)).unwrap();
        record.previous.as_mut().unwrap().schedules = vec![kept];
        let with = |schedules: Vec<Json>| live(&json!({"schedules": schedules}));
        for (schedules, expected) in [
            (vec![], &[][..]),
            (vec![schedule("0 0 * * *", false), schedule("0 1 * * *", true)], &[]),
            (vec![schedule("0 1 * * *", false)], &["schedules"]),
            (vec![schedule("0 0 * * *", true)], &["schedules"]),
            (vec![schedule("0 2 * * *", true)], &["schedules"]),
        ] {
            assert_eq!(changed(&record, Some(&with(schedules.clone())), &[]), expected, "{schedules:?}");
        }
        // Other users' automations remain if an existing deployment is restored, but not if it is deleted.
        assert_eq!(changed(&record, Some(&with(vec![])), &[automation("theirs")]), [""; 0]);
        record.previous = None;
        assert_eq!(changed(&record, Some(&with(vec![])), &[automation("own")]), [""; 0]);
        assert_eq!(changed(&record, Some(&with(vec![])), &[automation("theirs")]), ["triggers"]);
    }
}
