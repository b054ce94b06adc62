//! Converts declared work pools and their queues to resources.

use serde_json::{Value as Json, json};

use super::{
    DesiredResource, ResourceKey, ResourceKind,
    fields::{Placeholders, declared_fields},
    pool_template,
    pool_types::PoolTypes,
};
use crate::{
    base_job_template::{BaseJobTemplate, EditError, NewVariable},
    diagnostics::{Code, Diagnostic, did_you_mean},
    names::{SHOWN, first_of},
    project::{
        Findings,
        resources::{AddedVariable, Pool},
    },
};

/// Converts a work pool declaration to a resource. Returns `None` if the type is invalid or unknown.
///
/// The base job template is the type's default template with the declared variables applied.
pub(super) fn pool(
    pool: &Pool,
    types: &PoolTypes,
    placeholders: Placeholders,
    findings: &mut Findings<'_>,
) -> Option<DesiredResource> {
    let kind = pool.kind.as_deref()?;
    if !check_type(pool, kind, types, findings) {
        return None;
    }
    let default = types.template(&pool.name, kind);
    let base = pool.base_job_template.as_ref().or(default);
    if base.is_none() && types.is_complete() {
        without_template(pool, findings);
    }
    let template = base.map(|base| edited(pool, BaseJobTemplate::new(kind, base.clone()), findings));
    let template = template.map(BaseJobTemplate::into_document);
    if let Some(template) = template.as_ref().filter(|_| pool.base_job_template.is_some()) {
        let pointer = pool.pointer.join("base_job_template");
        pool_template::check(template, placeholders, &pointer, findings);
    }
    let fields = declared_fields([
        ("type", Some(json!(kind))),
        ("description", pool.description.as_ref().map(|text| json!(text))),
        ("is_paused", pool.paused.map(Json::from)),
        ("concurrency_limit", pool.concurrency_limit.map(Json::from)),
        ("base_job_template", template.map(Json::Object)),
    ]);
    let key = ResourceKey::new(ResourceKind::WorkPool, pool.name.clone());
    let defaults = declared_fields([("base_job_template", default.cloned().map(Json::Object))]);
    let place = findings.place(&pool.pointer);
    Some(DesiredResource { defaults, ..DesiredResource::new(key, fields, place) })
}

/// Checks whether a work pool's type exists. A pool with a declared base job template may have any type because the
/// server only knows a custom worker's type after a pool with this type exists.
fn check_type(pool: &Pool, kind: &str, types: &PoolTypes, findings: &mut Findings<'_>) -> bool {
    if pool.base_job_template.is_some() || types.contains(kind) {
        return true;
    }
    // Without a server, Prefect Cloud types and custom worker types are unknown.
    if !types.is_complete() && kind.contains(':') {
        return true;
    }
    let known: Vec<&str> = types.names().collect();
    let similar = did_you_mean(kind, known.iter().copied());
    let may_exist = !types.is_complete() && similar.is_none();
    let message = format!("unknown type '{kind}' of work pool '{}'", pool.name);
    let diagnostic = if may_exist {
        Diagnostic::warning(Code::DECLARED_POOL_TYPE, message)
    } else {
        Diagnostic::error(Code::DECLARED_POOL_TYPE, message)
    };
    let help = match similar {
        Some(similar) => format!("did you mean '{similar}'?"),
        None => format!(
            "use {}, or add `base_job_template` for the type of a custom worker",
            first_of(&known, SHOWN)
        ),
    };
    findings.at_value(&pool.pointer.join("type"), diagnostic.help(help));
    may_exist
}

/// Reports a work pool's variables if its base job template is unknown.
fn without_template(pool: &Pool, findings: &mut Findings<'_>) {
    let variables = pool.variables.iter().map(|variable| (&variable.name, &variable.pointer));
    let added = pool.added_variables.iter().map(|variable| (&variable.name, &variable.pointer));
    for (name, pointer) in variables.chain(added) {
        let message = format!("work pool '{}': variable '{name}' requires a base job template", pool.name);
        let diagnostic = Diagnostic::error(Code::WORK_POOL_VARIABLE, message);
        findings.at_key(pointer, diagnostic.help("add `base_job_template`, or remove the variable"));
    }
}

/// Applies the declared variables to a template. Adds errors to `findings`.
fn edited(pool: &Pool, mut template: BaseJobTemplate, findings: &mut Findings<'_>) -> BaseJobTemplate {
    let message = |error: &EditError| format!("work pool '{}': {error}", pool.name);
    for added in &pool.added_variables {
        let AddedVariable { name, kind, default, place, pointer } = added;
        let variable =
            NewVariable { name: name.clone(), kind: *kind, default: default.clone(), place: place.clone() };
        if let Err(error) = template.add_variable(&variable) {
            let diagnostic = Diagnostic::error(Code::WORK_POOL_VARIABLE, message(&error));
            match &error {
                EditError::Place { .. } => findings.at_value(&pointer.join("place"), diagnostic),
                EditError::InvalidDefault { .. } => findings.at_value(&pointer.join("default"), diagnostic),
                EditError::NoPlace(_) => {
                    let help = "add `place` with the location in the job configuration";
                    findings.at_key(pointer, diagnostic.help(help));
                }
                _ => findings.at_key(pointer, diagnostic),
            }
        }
    }
    for variable in &pool.variables {
        if let Err(error) = template.set_default(&variable.name, variable.value.clone()) {
            let diagnostic = Diagnostic::error(Code::WORK_POOL_VARIABLE, message(&error));
            match error {
                EditError::InvalidDefault { .. } => findings.at_value(&variable.pointer, diagnostic),
                _ => findings.at_key(&variable.pointer, diagnostic),
            }
        }
    }
    template
}

/// Converts a work pool's queue declarations to resources, sorted by priority.
///
/// Queues must be written in this order, because assigning a priority can change the priorities of other queues.
pub(super) fn queues(pool: &Pool, findings: &Findings<'_>) -> Vec<DesiredResource> {
    if pool.kind.is_none() {
        return Vec::new();
    }
    let mut queues: Vec<_> = pool.queues.iter().collect();
    queues.sort_by_key(|queue| queue.priority.unwrap_or(u64::MAX));
    let resource = |queue: &crate::project::resources::Queue| {
        let key = ResourceKey::queue_of(&pool.name, &queue.name);
        let fields = declared_fields([
            ("description", queue.description.as_ref().map(|text| json!(text))),
            ("is_paused", queue.paused.map(Json::from)),
            ("priority", queue.priority.map(Json::from)),
            ("concurrency_limit", queue.concurrency_limit.map(Json::from)),
        ]);
        DesiredResource::new(key, fields, findings.place(&queue.pointer))
    };
    queues.into_iter().map(resource).collect()
}
