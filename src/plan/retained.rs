//! Finds differences that a deploy does not overwrite.

use serde_json::{Value as Json, json};

use crate::{
    api::DeploymentSchedule,
    build::UnbuiltDeployment,
    deployment::{LiveDeployment, desired::Schedules},
    plan::{Retained, presentation, redaction},
    project::{IgnorableField, Key},
    secret::Redactor,
};

/// Returns the server values that differ from the file but that a deploy does not overwrite.
pub(super) fn retained(
    unbuilt: &UnbuiltDeployment,
    live: &LiveDeployment,
    clears_job_variables: bool,
    redactor: &Redactor,
) -> Vec<Retained> {
    let mut found = Vec::new();
    let mut keep = |field: &str, value: Json, reason: &str| {
        let value = redaction::redacted_value(field, &value, redactor);
        found.push(Retained { field: field.to_owned(), value, reason: reason.to_owned() });
    };
    let desired = &unbuilt.desired;
    let has_variables = desired.job_variables.as_object().is_some_and(|wanted| !wanted.is_empty());
    let ignores = |field| desired.ignored.contains(field);
    let ignores_variables = desired.ignored.contains_api_field("job_variables");
    if !has_variables && !ignores_variables && !clears_job_variables && live.has_job_variables() {
        let reason =
            "this server ignores an empty mapping; to remove all job variables, delete the deployment";
        keep("job_variables", live.field("job_variables").cloned().unwrap_or_default(), reason);
    }
    let enforced = live.field("enforce_parameter_schema").and_then(Json::as_bool);
    let is_given =
        desired.enforce_parameter_schema.is_some() || unbuilt.unknown.contains(&Key::EnforceParameterSchema);
    if !is_given && !ignores(IgnorableField::EnforceParameterSchema) && enforced == Some(false) {
        keep(
            "enforce_parameter_schema",
            json!(false),
            "the file does not set this field; set it to `true` to overwrite the value on the server",
        );
    }
    if !ignores(IgnorableField::Schedules) {
        for (schedule, reason) in schedules(&desired.schedules, live) {
            keep("schedules", presentation::schedule(schedule), reason);
        }
    }
    found
}

/// Returns the live schedules that a deploy keeps even though they differ from the file, with the reasons.
pub(super) fn schedules<'a>(
    desired: &Schedules,
    live: &'a LiveDeployment,
) -> Vec<(&'a DeploymentSchedule, &'static str)> {
    // Without schedules in the file, live schedules cannot be compared.
    let Schedules::Exactly(wanted) = desired else { return Vec::new() };
    let is_slugged = live.schedules.iter().all(|live| live.slug.is_some()) && !wanted.is_empty();
    let reason = |schedule: &DeploymentSchedule| {
        let declared = wanted.iter().find(|wanted| {
            let by_slug =
                schedule.slug.is_some() && (wanted.slug == schedule.slug || wanted.replaces == schedule.slug);
            by_slug || (!is_slugged && wanted.runs_as(&schedule.schedule))
        });
        match declared {
            None if is_slugged => Some(
                "the file does not contain a schedule with this slug; like Prefect, a deploy keeps the schedule",
            ),
            Some(wanted) if wanted.active.is_none() && !schedule.active => {
                Some("the schedule is paused on the server; set `active: true` in the file to resume it")
            }
            _ => None,
        }
    };
    live.schedules.iter().filter_map(|schedule| Some((schedule, reason(schedule)?))).collect()
}
