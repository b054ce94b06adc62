//! Validates schedules, triggers and service level agreements.

use std::collections::BTreeSet;

use crate::{
    deployment::{
        ResolvedDeployment,
        item_reader::{ItemError, ItemWarning, UnknownKey},
        slas::{self, Sla},
        triggers::{self, Trigger},
    },
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::{Findings, Key, ScheduleItem, TriggerItem},
    resource::{Placeholders, check_run_parameters},
    schedule::Schedule,
    template::has_template,
    validate::parameters::run_parameters,
    value::{Mapping, Value},
};

/// The message for a metric trigger if the server is not Prefect Cloud.
pub(super) const METRIC_TRIGGERS: &str = "metric triggers are only supported on Prefect Cloud";

pub(super) fn schedules(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let Some(items) = deployment.fields.schedules().literal() else { return };
    let at = deployment.pointer_to(Key::Schedules);
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !has_template(item)) {
        let Some(item) = item.as_mapping() else { continue };
        schedule(item, &at.join(index), findings);
    }
    slugs(items, &at, findings);
}

/// Reports duplicate slugs of schedules. The server would only report an unclear error.
fn slugs(items: &[Value], at: &Pointer, findings: &mut Findings<'_>) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(slug) = ScheduleItem(item).slug().literal() else { continue };
        if !slug.is_empty() && !seen.insert(slug) {
            let message = format!("another schedule of this deployment already has the slug '{slug}'");
            let diagnostic =
                Diagnostic::error(Code::SCHEDULE, message).help("give each schedule a unique slug");
            findings.at_value(&at.join(index).join(ScheduleItem::SLUG), diagnostic);
        }
    }
}

/// Parses a schedule. Adds errors to `findings` and returns `None` if the schedule is invalid.
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

pub(super) fn trigger_items(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let Some(items) = deployment.fields.triggers().literal() else { return };
    for (index, item) in items.iter().enumerate() {
        let Some(parameters) = item.get(TriggerItem::PARAMETERS).and_then(Value::as_mapping) else {
            continue;
        };
        let at = deployment.pointer_to(Key::Triggers).join(index).join(TriggerItem::PARAMETERS);
        check_run_parameters(parameters, Code::TRIGGER, Placeholders::Unresolved, &at, findings);
        if let Some(flow) = &deployment.flow {
            let is_enforced = deployment.fields.enforce_parameter_schema().literal().unwrap_or(true);
            run_parameters(parameters, &flow.parameters, is_enforced, &at, findings);
        }
    }
    if items.iter().all(|item| !TriggerItem(item).has_template()) {
        let at = deployment.pointer_to(Key::Triggers);
        triggers(items, deployment.name().unwrap_or_default(), &at, findings);
    }
}

/// Parses the triggers of a deployment. Adds errors to `findings` and returns `None` if a trigger is invalid.
pub(crate) fn triggers(
    items: &[Value],
    deployment: &str,
    at: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<Vec<Trigger>> {
    match triggers::triggers(items, deployment) {
        Ok(read) => {
            unknown_keys(read.unknown_keys, at, findings);
            for ItemWarning { index, path, message, help } in read.warnings {
                let diagnostic = Diagnostic { help, ..Diagnostic::warning(Code::TRIGGER, message) };
                findings.at_value(&at.join(index).join_all(&path), diagnostic);
            }
            Some(read.triggers)
        }
        Err(errors) => wrong_items(Code::TRIGGER, errors, at, findings),
    }
}

/// Reports features that only Prefect Cloud supports: SLAs and metric triggers.
pub(crate) fn only_on_cloud(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    if deployment.fields.slas().literal().is_some() {
        let diagnostic = Diagnostic::error(Code::SLA, slas::OnlyOnCloud.to_string());
        findings.at_key(&deployment.pointer_to(Key::Sla), diagnostic);
    }
    let Some(items) = deployment.fields.triggers().literal() else { return };
    for (index, item) in items.iter().enumerate() {
        let at = deployment.pointer_to(Key::Triggers).join(index);
        for at in TriggerItem(item).metric_triggers(&at) {
            findings.at_value(&at, Diagnostic::error(Code::TRIGGER, METRIC_TRIGGERS));
        }
    }
}

/// Parses the SLAs of a deployment. Returns `None` if the deployment has no SLAs or if they are invalid.
pub(crate) fn slas(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) -> Option<Vec<Sla>> {
    let items = deployment.fields.slas().literal()?;
    let at = deployment.pointer_to(Key::Sla);
    match slas::slas(items) {
        Ok(read) => {
            unknown_keys(read.unknown_keys, &at, findings);
            Some(read.slas)
        }
        Err(errors) => wrong_items(Code::SLA, errors, &at, findings),
    }
}

fn unknown_keys(keys: Vec<UnknownKey>, at: &Pointer, findings: &mut Findings<'_>) {
    for key in keys {
        let diagnostic = Diagnostic::warning(
            Code::UNKNOWN_KEY,
            format!("the key '{}' is unknown and has no effect", key.path),
        );
        let help = key.suggestion.map(|known| format!("did you mean `{known}`?"));
        findings.at_key(&at.join(key.index).join_all(&key.path), Diagnostic { help, ..diagnostic });
    }
}

fn wrong_items<T>(
    code: Code,
    errors: Vec<ItemError>,
    at: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<T> {
    for error in errors {
        findings
            .at_value(&at.join(error.index).join_all(&error.path), Diagnostic::error(code, error.message));
    }
    None
}
