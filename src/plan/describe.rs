//! Converts deployment changes to entries in a plan document.

use serde_json::Value as Json;

use crate::{
    api::Automation,
    build::UnbuiltDeployment,
    deployment::{DesiredDeployment, LiveDeployment, Snapshot},
    flow::Flow,
    plan::{
        Action, Change, Changes, ComparedDeployment, FieldChange, Fingerprint, FlowGrade, PlannedChange,
        PlannedDeployment, fingerprint, ignored,
        presentation::{schedule, trigger, without_nulls},
        prune::Removal,
        redaction, retained,
    },
    project::{IgnorableField, IgnoredFields, Key},
    secret::Redactor,
    template::pending,
    value::json_object,
};

/// Name of the field that contains service level agreements.
pub(super) const SLA_FIELD: &str = "sla";

/// Default values of new deployments. A plan does not show them.
const DEFAULTS: [(&str, Json); 2] =
    [("paused", Json::Bool(false)), ("enforce_parameter_schema", Json::Bool(true))];

/// Fields that a plan does not show because they are derived or internal.
const NOT_SHOWN: [&str; 6] =
    ["name", "flow_id", "parameter_openapi_schema", "version_info", "schedules", "labels"];

/// Returns the plan entry of a deployment. `change` is the difference between `unbuilt` and the live
/// deployment.
pub(crate) fn describe(
    unbuilt: &UnbuiltDeployment,
    change: &Change<'_>,
    live: &Snapshot,
    redactor: &Redactor,
) -> PlannedDeployment {
    let desired = &unbuilt.desired;
    let existing = change.live();
    let automations = existing.map_or(&[][..], |existing| live.automations(existing.id));
    let mut changes = described(desired, change, live, &|field| unbuilt.is_unknown(field));
    changes.extend(unknown(unbuilt, existing));
    let action = match existing {
        None => Action::Create,
        Some(_) if changes.is_empty() => Action::Unchanged,
        Some(_) => Action::Update,
    };
    let ignored = existing.into_iter();
    let ignored = ignored.flat_map(|existing| ignored::differences(unbuilt, existing, automations));
    PlannedDeployment {
        name: pending::show(&desired.full_name()).into_owned(),
        file: desired.file.as_deref().map(str::to_owned),
        action,
        id: existing.map(|existing| existing.id),
        changes: changes.into_iter().map(|change| presentable(change, redactor)).collect(),
        retained: existing
            .map(|existing| retained::retained(unbuilt, existing, live.clears_job_variables(), redactor))
            .unwrap_or_default(),
        ignored: ignored.map(|change| presentable(change, redactor)).collect(),
        flow: Some(grade(&unbuilt.flow)),
        selected_by: Vec::new(),
        fingerprint: Fingerprint {
            live: fingerprint::live(existing, automations, &desired.ignored, redactor),
            desired: fingerprint::desired(desired, existing.is_some(), redactor),
        },
    }
}

/// Returns a deployment's changes. All values must be known.
pub(crate) fn describe_changes(
    ComparedDeployment { desired, change }: &ComparedDeployment<'_>,
    live: &Snapshot,
    redactor: &Redactor,
) -> Vec<PlannedChange> {
    let changes = described(desired, change, live, &|_| false);
    changes.into_iter().map(|change| presentable(change, redactor)).collect()
}

/// Returns the changes to all fields with known values.
fn described(
    desired: &DesiredDeployment,
    change: &Change<'_>,
    live: &Snapshot,
    is_unknown: &dyn Fn(&str) -> bool,
) -> Vec<PlannedChange> {
    match change {
        Change::Create => created(desired),
        Change::Update { live: existing, changes } => {
            updated(desired, existing, changes, live.automations(existing.id), is_unknown)
        }
        Change::Unchanged { .. } => Vec::new(),
    }
}

/// Returns the plan entry of a deployment that will be pruned.
pub(crate) fn describe_removal(removal: &Removal, redactor: &Redactor) -> PlannedDeployment {
    PlannedDeployment {
        name: removal.name.clone(),
        file: None,
        action: Action::Delete,
        id: Some(removal.id()),
        changes: Vec::new(),
        retained: Vec::new(),
        ignored: Vec::new(),
        flow: None,
        selected_by: Vec::new(),
        fingerprint: Fingerprint {
            live: fingerprint::live(Some(&removal.deployment), &[], &IgnoredFields::default(), redactor),
            desired: String::new(),
        },
    }
}

fn grade(flow: &Flow) -> FlowGrade {
    let reason = |reason: &crate::flow::Reason| match &reason.parameter {
        Some(parameter) => format!("{parameter}: {}", reason.reason),
        None => reason.reason.clone(),
    };
    FlowGrade { grade: flow.grade, reasons: flow.reasons.iter().map(reason).collect() }
}

fn change(field: &str, old: Json, new: Json) -> PlannedChange {
    PlannedChange { field: field.to_owned(), old, new, known_after_build: false }
}

/// Returns a new deployment's field values without default values.
fn created(desired: &DesiredDeployment) -> Vec<PlannedChange> {
    let body = json_object(desired.create_body(uuid::Uuid::nil(), jiff::Timestamp::UNIX_EPOCH));
    let is_empty = |value: &Json| match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    };
    let is_default =
        |field: &str, value: &Json| DEFAULTS.iter().any(|(name, default)| *name == field && default == value);
    let shown = body.into_iter().filter(|(field, value)| {
        !NOT_SHOWN.contains(&field.as_str()) && !is_empty(value) && !is_default(field, value)
    });
    let fields = shown.map(|(field, value)| change(&field, Json::Null, value));
    let schedules = desired.schedules.listed().iter();
    let schedules = schedules.map(|wanted| change("schedules", Json::Null, wanted.described()));
    let triggers = desired.triggers.iter();
    let triggers = triggers.map(|wanted| change("triggers", Json::Null, trigger(&wanted.planned_body())));
    let slas =
        desired.slas.iter().flatten().map(|sla| change(SLA_FIELD, Json::Null, sla.body(uuid::Uuid::nil())));
    fields.chain(schedules).chain(triggers).chain(slas).collect()
}

fn updated(
    desired: &DesiredDeployment,
    live: &LiveDeployment,
    changes: &Changes<'_>,
    automations: &[Automation],
    is_unknown: &dyn Fn(&str) -> bool,
) -> Vec<PlannedChange> {
    let is_known = |field: &&FieldChange| !is_unknown(&field.field);
    let fields = changes.fields.iter().filter(is_known);
    let fields = fields.map(|FieldChange { field, old, new }| change(field, old.clone(), new.clone()));
    let mut described: Vec<PlannedChange> = fields.collect();
    described.extend(
        changes.schedules.create.iter().map(|wanted| change("schedules", Json::Null, wanted.described())),
    );
    for (old, body) in &changes.schedules.update {
        let mut new = json_object(schedule(old));
        new.extend(body.iter().map(|(key, value)| (key.clone(), value.clone())));
        described.push(change("schedules", schedule(old), without_nulls(Json::Object(new))));
    }
    let deleted = live
        .schedules
        .iter()
        .filter(|wanted| changes.schedules.delete.iter().any(|deleted| deleted.id == wanted.id));
    described.extend(deleted.map(|wanted| change("schedules", schedule(wanted), Json::Null)));
    if !is_unknown(Key::Triggers.name()) {
        triggers(changes, automations, &mut described);
    }
    for sla in desired.slas.iter().flatten().filter(|_| changes.slas) {
        described.push(change(SLA_FIELD, Json::Null, sla.body(live.id)));
    }
    described
}

/// Adds trigger changes. If a deleted and a created automation have the same name, they are shown as an update.
fn triggers(changes: &Changes<'_>, automations: &[Automation], described: &mut Vec<PlannedChange>) {
    let triggers = &changes.triggers;
    let mut deleted: Vec<&Automation> =
        if triggers.delete_owned { automations.iter().collect() } else { triggers.delete.clone() };
    for wanted in &triggers.create {
        let position = deleted.iter().position(|old| old.name == wanted.name);
        let old = position.map(|position| deleted.swap_remove(position));
        let old = old.map_or(Json::Null, |old| trigger(&Json::Object(old.raw.clone())));
        let new = trigger(&Json::Object(wanted.body.clone()));
        if old != new {
            described.push(change("triggers", old, new));
        }
    }
    described.extend(
        deleted
            .into_iter()
            .map(|old| change("triggers", trigger(&Json::Object(old.raw.clone())), Json::Null)),
    );
}

/// Returns the changes to fields whose values are unknown until the steps have run. Excludes an existing deployment's
/// ignored fields.
fn unknown(unbuilt: &UnbuiltDeployment, existing: Option<&LiveDeployment>) -> Vec<PlannedChange> {
    let old = |key: Key| match (key, existing) {
        (_, None) => Json::Null,
        (Key::Schedules, Some(existing)) => existing.schedules.iter().map(schedule).collect(),
        (key, Some(existing)) => existing.field(key.name()).cloned().unwrap_or_default(),
    };
    let is_ignored = |key: &&Key| {
        existing.is_some()
            && unbuilt.desired.ignored.paths().iter().any(|path| {
                path.keys.is_empty()
                    && (path.field.name() == key.name()
                        || (path.field == IgnorableField::Version && **key == Key::VersionType))
            })
    };
    unbuilt
        .unknown
        .iter()
        .filter(|key| !is_ignored(key))
        .map(|key| change(key.name(), old(*key), deferred_value()))
        .collect()
}

fn deferred_value() -> Json {
    crate::value::to_json(&pending::marker(""))
}

/// Redacts secrets in a change and replaces markers for unknown values with a description.
fn presentable(change: PlannedChange, redactor: &Redactor) -> PlannedChange {
    let PlannedChange { field, old, new, .. } = change;
    let known_after_build = pending::is_pending_json(&new) && pending::may_become(&new, &old);
    let (old, new) = redaction::redacted_pair(&field, &old, &new, redactor);
    PlannedChange { field, old, new: pending::show_json(&new), known_after_build }
}
