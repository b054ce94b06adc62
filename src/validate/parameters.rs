//! Validates a deployment's parameters against its flow's parameter schema.

use serde_json::Value as Json;

use crate::{
    deployment::{ResolvedDeployment, desired},
    diagnostics::{Code, Diagnostic, did_you_mean},
    json_schema::{self, Nullable},
    pointer::Pointer,
    project::{Findings, Key, ScheduleItem, literals},
    resource::is_computed,
    validate::paths::join,
    value::{Mapping, Value},
};

/// Validates the parameters of a deployment that are known before its steps run.
pub(super) fn known_parameters(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let fields = &deployment.fields;
    let (Some(flow), Some(given)) = (&deployment.flow, fields.parameters().literal()) else { return };
    let enforced = fields.enforce_parameter_schema().literal().unwrap_or(true);
    let at = deployment.pointer_to(Key::Parameters);
    check_parameters(&desired::object(&literals(given)), &flow.parameters, enforced, &at, findings);
}

/// Warns about schedules that start runs without a required parameter.
pub(super) fn required_by_schedules(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let fields = &deployment.fields;
    let (Some(flow), Some(schedules)) = (&deployment.flow, fields.schedules().literal()) else { return };
    let required = flow.parameters.get("required").and_then(Json::as_array).into_iter().flatten();
    let given = fields.parameters().literal();
    let missing: Vec<&str> = required
        .filter_map(Json::as_str)
        .filter(|name| !given.is_some_and(|given| given.contains_key(name)))
        .collect();
    let is_paused = fields.get(Key::Paused).and_then(Value::as_bool) == Some(true);
    if missing.is_empty() || is_paused {
        return;
    }
    for (index, schedule) in schedules.iter().enumerate() {
        let is_inactive = schedule.get("active").and_then(Value::as_bool) == Some(false);
        let given = ScheduleItem(schedule).parameters().literal();
        let is_missing = |name: &&&str| !given.is_some_and(|given| given.contains_key(**name));
        let missing: Vec<String> =
            missing.iter().filter(is_missing).map(|name| format!("'{name}'")).collect();
        if missing.is_empty() || is_inactive {
            continue;
        }
        let plural = if missing.len() == 1 { "" } else { "s" };
        let message =
            format!("scheduled runs will fail without the required parameter{plural} {}", missing.join(", "));
        let diagnostic = Diagnostic::warning(Code::MISSING_PARAMETER, message)
            .help("set the parameter in `parameters` of the deployment or the schedule, or add a default to the flow");
        findings.at_value(&deployment.pointer_to(Key::Schedules).join(index), diagnostic);
    }
}

/// Validates the parameters of a run that an automation starts. Values that the server computes when the
/// automation runs are accepted as any type.
pub(super) fn run_parameters(
    given: &Mapping,
    schema: &Json,
    enforced: bool,
    at: &Pointer,
    findings: &mut Findings<'_>,
) {
    check_parameters(&desired::object(given), schema, false, at, findings);
    let known = given.iter().filter(|(_, value)| !is_computed(value));
    let known: Mapping = known.map(|(key, value)| (key.clone(), value.clone())).collect();
    check_parameters(&desired::object(&literals(&known)), schema, enforced, at, findings);
}

/// Validates parameters against the parameter schema of a flow. Type errors are only reported if `enforced`
/// is set.
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
            None if names().next().is_none() => "the flow does not accept parameters".to_owned(),
            None => format!("the flow accepts {}", names().collect::<Vec<_>>().join(", ")),
        };
        findings.at_key(&at.join(name.as_str()), diagnostic.help(help));
    }
    if !enforced {
        return;
    }
    for violation in json_schema::violations(given, schema, Nullable::WithoutDefault) {
        let place = violation.path.iter().fold(at.clone(), |at, key| join(&at, key));
        let message =
            format!("Validation failed for field '{}': {}", violation.path.join("."), violation.message);
        let diagnostic = Diagnostic::error(Code::PARAMETER_TYPE, message);
        let diagnostic =
            if violation.wants_text { findings.with_quotes(&place, diagnostic) } else { diagnostic };
        findings.at_value(&place, diagnostic);
    }
}
