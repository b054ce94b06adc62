//! What can be known to be wrong before anything runs or is written, for all selected deployments together.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    Surroundings, desired,
    prepare::Prepared,
    pull::PullSteps,
    steps::{self, Sections},
    triggers::{self, Trigger},
    version,
};
use crate::{
    api::WorkPool,
    diagnostics::{Code, Diagnostic, did_you_mean},
    json_schema,
    pointer::Pointer,
    project::Findings,
    schedule::Schedule,
    template,
    value::{self, Mapping, Value},
};

/// Checks one deployment by itself: name, pool, schedules, triggers, limits, parameters, steps.
pub(crate) fn deployment(one: &Prepared, sections: &Sections, findings: &mut Findings<'_>) {
    name(one, findings);
    if one.work_pool().is_none() {
        let message = "A work pool is required to deploy this flow. Please specify a work pool name via the '--pool' \
                       flag or in your prefect.yaml file.";
        findings
            .at_value(&one.pointer(["work_pool", "name"]), Diagnostic::error(Code::NO_WORK_POOL, message));
    }
    schedules(one, findings);
    trigger_items(one, findings);
    version_type(one, findings);
    concurrency_limit(one, findings);
    parameters(one, findings);
    for listed in sections.build.iter().chain(&sections.push) {
        steps::check(listed, findings);
    }
    if let PullSteps::Listed(listed) = &sections.pull {
        steps::check_pull(listed, &sections.pull_pointer, findings);
    }
}

/// Characters that the server refuses in names, with an error that says nothing.
const REFUSED: [char; 5] = ['/', '%', '&', '>', '<'];

fn name(one: &Prepared, findings: &mut Findings<'_>) {
    let at = one.pointer(["name"]);
    match one.text("name") {
        None => {
            findings.at_value(&at, Diagnostic::error(Code::NO_NAME, "A deployment name must be provided."))
        }
        Some(name) if is_pending(name) => {}
        Some(name) => {
            if let Some(refused) = name.chars().find(|character| REFUSED.contains(character)) {
                let message =
                    format!("the deployment name '{name}' contains '{refused}', which the API refuses");
                findings.at_value(&at, Diagnostic::error(Code::DEPLOYMENT_NAME, message));
            }
        }
    }
}

/// Whether a text still has a template that steps may fill in.
fn is_pending(text: &str) -> bool {
    template::placeholder::find(text).next().is_some() || text.contains("<<")
}

/// Whether a value, or anything in it, still has a template.
fn has_pending(value: &Value) -> bool {
    match value {
        Value::String(text) => is_pending(text),
        Value::Sequence(items) => items.iter().any(has_pending),
        Value::Mapping(entries) => entries.values().any(has_pending),
        _ => false,
    }
}

fn schedules(one: &Prepared, findings: &mut Findings<'_>) {
    let Some(Value::Sequence(items)) = one.fields.get("schedules") else { return };
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !has_pending(item)) {
        let Some(item) = item.as_mapping() else { continue };
        schedule(item, &one.pointer(["schedules"]).join(index), findings);
    }
}

/// A schedule, if it can be read; what is wrong with it becomes findings.
pub(crate) fn schedule(item: &Mapping, pointer: &Pointer, findings: &mut Findings<'_>) -> Option<Schedule> {
    match Schedule::from_item(item) {
        Ok(schedule) => Some(schedule),
        Err(errors) => {
            for error in errors {
                let diagnostic =
                    Diagnostic { help: error.help(), ..Diagnostic::error(Code::SCHEDULE, error.to_string()) };
                let at = error.key.map_or_else(|| pointer.clone(), |key| pointer.join(key));
                findings.at_value(&at, diagnostic);
            }
            None
        }
    }
}

fn trigger_items(one: &Prepared, findings: &mut Findings<'_>) {
    let Some(Value::Sequence(items)) = one.fields.get("triggers") else { return };
    let known: Vec<Value> =
        items.iter().filter(|item| !has_pending(&without_parameters(item))).cloned().collect();
    if known.len() == items.len() {
        triggers(&known, one.text("name").unwrap_or_default(), &one.pointer(["triggers"]), findings);
    }
}

/// The triggers of a deployment, if they can be read; what is wrong with them becomes findings.
pub(crate) fn triggers(
    items: &[Value],
    deployment: &str,
    at: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<Vec<Trigger>> {
    match triggers::triggers(items, deployment) {
        Ok(read) => {
            for key in read.unknown_keys {
                let diagnostic =
                    Diagnostic::warning(Code::UNKNOWN_KEY, format!("the key `{}` is not used", key.path));
                let help = key.suggestion.map(|known| format!("did you mean `{known}`?"));
                findings
                    .at_key_once(&at.join(key.index).join_all(&key.path), Diagnostic { help, ..diagnostic });
            }
            Some(read.triggers)
        }
        Err(errors) => {
            for error in errors {
                let at = at.join(error.index).join_all(&error.path);
                findings.at_value(&at, Diagnostic::error(Code::TRIGGER, error.message));
            }
            None
        }
    }
}

/// A trigger without its parameters, whose templates are for the event.
fn without_parameters(item: &Value) -> Value {
    let mut item = item.clone();
    if let Value::Mapping(entries) = &mut item {
        entries.shift_remove("parameters");
    }
    item
}

fn version_type(one: &Prepared, findings: &mut Findings<'_>) {
    let Some(kind) = one.text("version_type").filter(|kind| !is_pending(kind)) else { return };
    if let Err(error) = version::check_type(kind) {
        let diagnostic = Diagnostic::error(Code::VERSION_TYPE, error.to_string());
        let help = did_you_mean(kind, version::TYPES).map(|known| format!("did you mean {known}?"));
        findings.at_value(&one.pointer(["version_type"]), Diagnostic { help, ..diagnostic });
    }
}

fn concurrency_limit(one: &Prepared, findings: &mut Findings<'_>) {
    let Some(value) =
        one.fields.get("concurrency_limit").filter(|value| !value.is_null() && !has_pending(value))
    else {
        return;
    };
    let at = one.pointer(["concurrency_limit"]);
    match serde_yaml::from_value::<desired::ConcurrencyLimit>(value.clone()) {
        Ok(limit) => {
            if let Some((key, message)) = limit.problem() {
                let at = key.map_or_else(|| at.clone(), |key| at.join(key));
                findings.at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, message));
            }
        }
        Err(_) => findings
            .at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, "the limit must be a whole number")),
    }
}

fn parameters(one: &Prepared, findings: &mut Findings<'_>) {
    let Some(Value::Mapping(given)) = one.fields.get("parameters") else { return };
    let known: Mapping =
        given.iter().filter(|(_, value)| !has_pending(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let enforced = one.fields.get("enforce_parameter_schema").and_then(Value::as_bool).unwrap_or(true);
    let at = one.pointer(["parameters"]);
    check_parameters(&desired::object(&known), &one.flow.parameters, enforced, &at, findings);
}

/// Checks parameters against a flow's schema: wrong types are errors where the schema is enforced.
pub(crate) fn check_parameters(
    given: &Json,
    schema: &Json,
    enforced: bool,
    at: &Pointer,
    findings: &mut Findings<'_>,
) {
    let properties = schema.get("properties").and_then(Json::as_object);
    for name in given.as_object().into_iter().flat_map(serde_json::Map::keys) {
        let names = || properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str));
        if names().any(|known| known == name) {
            continue;
        }
        let diagnostic =
            Diagnostic::warning(Code::UNKNOWN_PARAMETER, format!("the flow has no parameter '{name}'"));
        let help = match did_you_mean(name, names()) {
            Some(known) => format!("did you mean '{known}'?"),
            None if names().next().is_none() => "it takes none".to_owned(),
            None => format!("it takes {}", names().collect::<Vec<_>>().join(", ")),
        };
        findings.at_key(&at.join(name.as_str()), diagnostic.help(help));
    }
    if !enforced {
        return;
    }
    for violation in json_schema::violations(given, schema, false) {
        let place = violation.path.iter().fold(at.clone(), |at, key| join(&at, key));
        let message =
            format!("Validation failed for field '{}': {}", violation.path.join("."), violation.message);
        findings.at_value(&place, Diagnostic::error(Code::PARAMETER_TYPE, message));
    }
}

/// A step into a value: a whole number may be an index, and then that is what it is.
fn join(at: &Pointer, key: &str) -> Pointer {
    key.parse::<usize>().map_or_else(|_| at.join(key), |index| at.join(index))
}

/// Service level agreements are known to Prefect Cloud only.
pub(crate) fn slas(one: &Prepared, with: &Surroundings<'_>, findings: &mut Findings<'_>) {
    let given = one.fields.get("sla").is_some_and(|sla| !sla.is_null());
    if given && !with.client.is_cloud() {
        let message = "SLA configuration is currently only supported on Prefect Cloud.";
        findings.at_key(&one.pointer(["sla"]), Diagnostic::error(Code::SLA, message));
    }
}

/// Checks the work pools of all deployments, and their job variables.
pub(crate) fn work_pools<'a>(
    prepared: impl IntoIterator<Item = &'a Prepared>,
    pools: &BTreeMap<String, WorkPool>,
    all: &[String],
    findings: &mut Findings<'_>,
) {
    for one in prepared {
        let Some(name) = one.work_pool() else { continue };
        let at = one.pointer(["work_pool", "name"]);
        let Some(pool) = pools.get(name) else {
            let message = format!(
                "This deployment configuration references work pool '{name}' which does not exist. This means no \
                 worker will be able to pick up its runs. You can create a work pool in the Prefect UI."
            );
            let help = did_you_mean(name, all.iter().map(String::as_str)).map_or_else(
                || format!("create it with `prefectl work-pool create {name} --type TYPE`"),
                |known| format!("did you mean '{known}'? Or create it with `prefectl work-pool create {name} --type TYPE`"),
            );
            findings.at_value(&at, Diagnostic::error(Code::UNKNOWN_WORK_POOL, message).help(help));
            continue;
        };
        if pool.kind == "prefect-agent" {
            let message = "Cannot create a project-style deployment with work pool of type 'prefect-agent'. If you \
                           wish to use an agent with your deployment, please use the `prefect deployment build` command.";
            let help =
                "agents are gone since Prefect 3.0: use a pool of another type, such as process or docker";
            findings.at_value(&at, Diagnostic::error(Code::AGENT_WORK_POOL, message).help(help));
        }
        if let Some(Value::Mapping(given)) =
            one.fields.get("work_pool").and_then(|pool| pool.get("job_variables"))
        {
            let known = given.iter().filter(|(_, value)| !has_pending(value));
            let known: Mapping = known.map(|(key, value)| (key.clone(), value.clone())).collect();
            let at = one.pointer(["work_pool", "job_variables"]);
            check_job_variables(&value::to_json(&Value::Mapping(known)), pool, &at, findings);
        }
    }
}

/// Checks job variables against the pool's base job template; the server refuses what does not fit it.
pub(crate) fn check_job_variables(given: &Json, pool: &WorkPool, at: &Pointer, findings: &mut Findings<'_>) {
    let Some(schema) = pool.base_job_template.get("variables").filter(|schema| schema.is_object()) else {
        return;
    };
    let properties = schema.get("properties").and_then(Json::as_object);
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else { return };
    for name in given.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if properties.contains_key(name) {
            continue;
        }
        let message = format!("the job variable '{name}' is not used by work pool '{}'", pool.name);
        let names = properties.keys().map(String::as_str);
        let help = did_you_mean(name, names.clone()).map_or_else(
            || format!("it takes {}", names.collect::<Vec<_>>().join(", ")),
            |known| format!("did you mean '{known}'?"),
        );
        findings.at_key(
            &at.join(name.as_str()),
            Diagnostic::warning(Code::UNKNOWN_JOB_VARIABLE, message).help(help),
        );
    }
    for violation in json_schema::violations(given, schema, true) {
        let place = violation.path.iter().fold(at.clone(), |at, key| join(&at, key));
        let field = violation.path.join(".");
        let message = format!(
            "the job variable '{field}' does not fit work pool '{}': {}",
            pool.name, violation.message
        );
        findings.at_value(&place, Diagnostic::error(Code::JOB_VARIABLE_TYPE, message));
    }
}
