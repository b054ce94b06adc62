//! Finds differences in fields that `ignore_changes` lists.

use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    api::Automation,
    build::UnbuiltDeployment,
    deployment::{LiveDeployment, desired::Schedules},
    plan::{FieldChange, PlannedChange, fields, presentation, retained, schedules, triggers},
    project::IgnorableField,
};

/// Returns the ignored fields whose live values differ from the file. Excludes fields that are unknown until the build
/// has run.
pub(super) fn differences(
    unbuilt: &UnbuiltDeployment,
    live: &LiveDeployment,
    automations: &[Automation],
) -> Vec<PlannedChange> {
    let ignored = &unbuilt.desired.ignored;
    if ignored.is_empty() {
        return Vec::new();
    }
    let mut found = fields::ignored(&unbuilt.desired, live);
    if ignored.contains(IgnorableField::Schedules) {
        found.extend(schedule_differences(&unbuilt.desired.schedules, live));
    }
    if ignored.contains(IgnorableField::Triggers) {
        found.extend(trigger_differences(unbuilt, live.id, automations));
    }
    let known = found.into_iter().filter(|change| !unbuilt.is_unknown(&change.field));
    let planned = known.map(|FieldChange { field, old, new }| PlannedChange {
        field,
        old,
        new,
        known_after_build: false,
    });
    planned.collect()
}

fn schedule_differences(desired: &Schedules, live: &LiveDeployment) -> Option<FieldChange> {
    let changes = schedules::compare(desired, &live.schedules, Timestamp::UNIX_EPOCH);
    let is_equal =
        changes.is_ok_and(|changes| changes.is_empty()) && retained::schedules(desired, live).is_empty();
    (!is_equal).then(|| FieldChange {
        field: IgnorableField::Schedules.name().into(),
        old: live.schedules.iter().map(presentation::schedule).collect(),
        new: desired.listed().iter().map(crate::schedule::Schedule::described).collect(),
    })
}

fn trigger_differences(
    unbuilt: &UnbuiltDeployment,
    id: Uuid,
    automations: &[Automation],
) -> Option<FieldChange> {
    let changes = triggers::compare(&unbuilt.desired, id, automations);
    let shown = |automation: &Automation| presentation::trigger(&Json::Object(automation.raw.clone()));
    let wanted = unbuilt.desired.triggers.iter();
    (!changes.is_empty()).then(|| FieldChange {
        field: IgnorableField::Triggers.name().into(),
        old: automations.iter().map(shown).collect(),
        new: wanted.map(|trigger| presentation::trigger(&trigger.automation_body(id))).collect(),
    })
}
