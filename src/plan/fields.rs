//! Compares the fields of desired and live deployments.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    deployment::{DesiredDeployment, LiveDeployment, OnUnchanged},
    project::{ConcurrencyLimit, IgnorableField},
};

/// A change to a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FieldChange {
    pub(crate) field: String,
    pub(crate) old: Json,
    pub(crate) new: Json,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, old, new } = self;
        write!(f, "{field}: {old} -> {new}")
    }
}

/// Returns the fields to write: the fields that differ, or all fields if unchanged deployments are also written.
pub(super) fn compare(
    desired: &DesiredDeployment,
    live: &LiveDeployment,
    clears_job_variables: bool,
    on_unchanged: OnUnchanged,
) -> Vec<FieldChange> {
    let mut changes = differences(desired.update_body(live), live, on_unchanged);
    changes.retain(|change| {
        let has_no_effect = change.field == "job_variables" && is_empty_mapping(&change.new);
        (!has_no_effect || clears_job_variables || on_unchanged == OnUnchanged::Write)
            && !desired.ignored.contains_api_field(&change.field)
    });
    changes
}

/// Returns the ignored values that differ from the file.
pub(super) fn ignored(desired: &DesiredDeployment, live: &LiveDeployment) -> Vec<FieldChange> {
    let sent = desired.update_body(live);
    let changes = desired.declared_body().into_iter().filter_map(|(field, new)| {
        let old = sent.get(&field)?;
        (!is_same_field(&field, old, &new)).then(|| FieldChange { old: old.clone(), field, new })
    });
    changes.collect()
}

/// Returns the current values of the fields that a deploy writes.
pub(crate) fn owned_fields(desired: &DesiredDeployment, live: &LiveDeployment) -> Map<String, Json> {
    let fields = desired.declared_body().into_iter();
    fields.filter_map(|(field, _)| Some((field.clone(), live.field(&field)?.clone()))).collect()
}

/// Returns the fields and schedules that have changed on the server between two snapshots, except ignored fields.
pub(crate) fn changes_between(
    desired: &DesiredDeployment,
    before: &LiveDeployment,
    now: &LiveDeployment,
) -> Vec<FieldChange> {
    let mut fields = owned_fields(desired, now);
    desired.ignored.adopt(&mut fields, |field| before.field(field));
    let mut changes = differences(fields, before, OnUnchanged::Skip);
    if desired.ignored.contains(IgnorableField::Schedules) {
        return changes;
    }
    let schedules = |live: &LiveDeployment| {
        let mut schedules = live.schedules.clone();
        schedules.sort_unstable_by_key(|schedule| schedule.id);
        json!(schedules)
    };
    let (old, new) = (schedules(before), schedules(now));
    if old != new {
        changes.push(FieldChange { field: "schedules".into(), old, new });
    }
    changes
}

fn differences(
    body: Map<String, Json>,
    live: &LiveDeployment,
    on_unchanged: OnUnchanged,
) -> Vec<FieldChange> {
    body.into_iter()
        .filter_map(|(field, new)| {
            let old = live.field(&field)?;
            (on_unchanged == OnUnchanged::Write || !is_same_field(&field, old, &new)).then(|| FieldChange {
                old: old.clone(),
                field,
                new,
            })
        })
        .collect()
}

/// Returns whether a field's live value equals the new value.
pub(crate) fn is_same_field(field: &str, old: &Json, new: &Json) -> bool {
    match field {
        "work_queue_name" if new.is_null() => old.is_null() || old == "default",
        // Null and an empty list both mean no pull steps.
        "pull_steps" => steps(old) == steps(new),
        "concurrency_options" => known_options(old) == known_options(new),
        _ => old == new,
    }
}

fn is_empty_mapping(value: &Json) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn steps(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns the values of the known concurrency options. A null value is treated as a missing option.
fn known_options(value: &Json) -> Option<[Option<&Json>; 2]> {
    let options = value.as_object()?;
    Some(ConcurrencyLimit::OPTIONS.map(|key| options.get(key).filter(|value| !value.is_null())))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::deployment::SharedValues;

    fn changed(body: &Json, live: &LiveDeployment) -> Vec<String> {
        let body = body.as_object().unwrap().clone();
        differences(body, live, OnUnchanged::Skip).into_iter().map(|change| change.field).collect()
    }

    #[test]
    fn compares_live_states_exactly() {
        let live = |variables: Json| {
            let raw =
                json!({"id": Uuid::nil(), "flow_id": Uuid::nil(), "name": "x", "job_variables": variables});
            LiveDeployment::new(serde_json::from_value(raw).unwrap(), &SharedValues::default())
        };
        let empty = json!({"job_variables": {}});
        assert_eq!(changed(&empty, &live(json!({"image": "x"}))), ["job_variables"]);
        assert_eq!(changed(&empty, &live(json!({}))), [""; 0]);
    }

    #[test]
    fn equal_fields_are_not_changes() {
        let live = json!({
            "id": Uuid::nil(), "flow_id": Uuid::nil(), "name": "x",
            "version": "1", "tags": ["a"], "description": null, "work_queue_name": "default",
            "concurrency_limit": null, "global_concurrency_limit": {"limit": 2},
            "concurrency_options": {
                "collision_strategy": "ENQUEUE", "grace_period_seconds": null, "option_of_a_later_release": 1
            },
            "job_variables": {"env": {"A": "1"}}, "parameters": {"b": 1, "a": 2}
        });
        let live = LiveDeployment::new(serde_json::from_value(live).unwrap(), &SharedValues::default());
        let same = json!({
            "version": "1", "tags": ["a"], "description": null, "work_queue_name": null, "concurrency_limit": 2,
            "concurrency_options": {"collision_strategy": "ENQUEUE"}, "job_variables": {"env": {"A": "1"}},
            "parameters": {"a": 2, "b": 1}, "version_info": {"type": "prefect:simple"}
        });
        assert_eq!(changed(&same, &live), Vec::<String>::new());
        let other = json!({
            "version": "2", "tags": [], "work_queue_name": "q", "concurrency_limit": null,
            "concurrency_options": null, "job_variables": {"env": {}}, "parameters": {"a": 2}
        });
        assert_eq!(
            changed(&other, &live),
            [
                "version",
                "tags",
                "work_queue_name",
                "concurrency_limit",
                "concurrency_options",
                "job_variables",
                "parameters"
            ]
        );
    }
}
