//! Converts declared automations to resources.

use serde_json::{Value as Json, json};

use super::{
    DeploymentRun, DesiredResource, ReferenceKind, ResourceKey, ResourceKind, ResourceReference, actions,
    fields::Placeholders, run_loops,
};
use crate::{
    deployment::triggers::{self, StandaloneTrigger},
    diagnostics::{Code, Diagnostic, Severity},
    pointer::Pointer,
    project::{
        Findings, TriggerItem,
        resources::{ACTION_LISTS, Automation},
    },
    value::{Mapping, Value, json_object},
};

/// Converts an automation declaration to a resource. Returns `None` if the trigger or an action is invalid.
pub(super) fn automation(
    automation: &Automation,
    placeholders: Placeholders,
    findings: &mut Findings<'_>,
) -> Option<DesiredResource> {
    let Automation { name, description, enabled, tags, trigger, pointer, .. } = automation;
    let condition = match trigger {
        Some(trigger) => self::trigger(trigger, &pointer.join("trigger"), findings),
        None => None,
    };
    let (mut references, mut runs) = (Vec::new(), Vec::new());
    let mut is_valid = condition.is_some();
    let mut lists = ACTION_LISTS.map(|_| Vec::new());
    for ((key, list), valid) in ACTION_LISTS.iter().zip(&automation.actions).zip(&mut lists) {
        for (index, entries) in list {
            let pointer = pointer.join(*key).join(*index);
            match actions::action(entries, placeholders, &pointer, findings) {
                None => is_valid = false,
                Some((action, reference)) => {
                    valid.push(action);
                    let place = |kind: ReferenceKind| findings.place(&pointer.join(kind.name_key()));
                    runs.extend(reference.as_ref().and_then(|reference| run(reference, entries, &pointer)));
                    references.extend(reference.map(|reference| (reference.clone(), place(reference.kind))));
                }
            }
        }
    }
    let [on_fire, on_trigger, on_resolve] = lists;
    if let (Some(condition), true) = (&condition, *enabled && is_valid)
        && let Some((index, help)) = run_loops::looping_action(condition, &on_fire)
    {
        let message =
            "the automation starts flow runs in an infinite loop, because its trigger matches their events";
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).help(help);
        findings.at_value(&pointer.join(ACTION_LISTS[0]).join(index), diagnostic);
    }
    let fields = json_object(json!({
        "description": description,
        "enabled": enabled,
        "tags": tags,
        "trigger": condition,
        "actions": on_fire,
        "actions_on_trigger": on_trigger,
        "actions_on_resolve": on_resolve,
    }));
    let key = ResourceKey::new(ResourceKind::Automation, name.clone());
    let resource = DesiredResource::new(key, fields, findings.place(pointer));
    let defaults = json_object(json!({
        "description": "",
        "enabled": true,
        "tags": [],
        "actions_on_trigger": [],
        "actions_on_resolve": [],
    }));
    let metric_triggers = match trigger {
        Some(trigger) => {
            let trigger = Value::Mapping(trigger.clone());
            let found = TriggerItem(&trigger).metric_triggers(&pointer.join("trigger")).into_iter();
            found.map(|pointer| findings.place(&pointer)).collect()
        }
        None => Vec::new(),
    };
    is_valid.then_some(DesiredResource { defaults, references, runs, metric_triggers, ..resource })
}

/// Returns the deployment run that an action starts, or `None` if the action does not pass values to a deployment.
fn run(reference: &ResourceReference, action: &Mapping, pointer: &Pointer) -> Option<DeploymentRun> {
    let values = |key: &str| action.get(key).and_then(Value::as_mapping).cloned().unwrap_or_default();
    let (parameters, job_variables) = (values("parameters"), values("job_variables"));
    let is_run =
        reference.kind == ReferenceKind::Deployment && !(parameters.is_empty() && job_variables.is_empty());
    let (deployment, pointer) = (reference.name.clone(), pointer.clone());
    is_run.then_some(DeploymentRun { deployment, parameters, job_variables, pointer })
}

/// Validates a trigger and adds default values.
fn trigger(entries: &Mapping, pointer: &Pointer, findings: &mut Findings<'_>) -> Option<Json> {
    let StandaloneTrigger { condition, errors, unknown_keys, warnings } = triggers::standalone(entries);
    let is_valid = errors.is_empty() && unknown_keys.is_empty();
    for error in errors {
        findings.at_value(&pointer.join_all(&error.path), Diagnostic::error(Code::AUTOMATION, error.message));
    }
    for unknown in unknown_keys {
        let message = format!("unknown key `{}` in a trigger", unknown.path);
        let diagnostic = Diagnostic::error(Code::UNKNOWN_KEY, message);
        let help = unknown.suggestion.map(|known| format!("did you mean `{known}`?"));
        findings.at_key(&pointer.join_all(&unknown.path), Diagnostic { help, ..diagnostic });
    }
    for warning in warnings {
        let diagnostic = Diagnostic::error(Code::AUTOMATION, warning.message);
        let diagnostic = Diagnostic { severity: Severity::Warning, help: warning.help, ..diagnostic };
        findings.at_value(&pointer.join_all(&warning.path), diagnostic);
    }
    condition.filter(|_| is_valid)
}
