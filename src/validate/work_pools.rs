//! Validates work pools, and job variables against the base job templates of the work pools.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::{
    api::{Capabilities, WorkPool},
    deployment::ResolvedDeployment,
    diagnostics::{Code, Diagnostic, did_you_mean},
    json_schema::{self, Nullable},
    names::shell_word,
    pointer::Pointer,
    project::{Findings, Key, PoolKey, literals},
    validate::{ignored, paths::join},
    value,
};

/// Validates the work pools and the job variables of all deployments.
pub(crate) fn work_pools<'a>(
    prepared: impl IntoIterator<Item = &'a ResolvedDeployment>,
    pools: &BTreeMap<String, WorkPool>,
    all: &[String],
    declared: &BTreeSet<String>,
    findings: &mut Findings<'_>,
) {
    for deployment in prepared {
        let Some(name) = deployment.work_pool() else { continue };
        let at = deployment.pointer_to(Key::WorkPool).join(PoolKey::Name);
        let Some(pool) = pools.get(name) else {
            let message = format!(
                "This deployment configuration references work pool '{name}' which does not exist. This means no \
                 worker will be able to pick up its runs. You can create a work pool in the Prefect UI."
            );
            let help = unknown_pool_help(name, all, declared);
            let diagnostic = Diagnostic::error(Code::UNKNOWN_WORK_POOL, message).help(help);
            if deployment.spec.has_own_work_pool() {
                findings.at_value(&at, diagnostic);
            } else {
                // The command line or the settings name the pool.
                findings.push(diagnostic);
            }
            continue;
        };
        if pool.kind == "prefect-agent" {
            let message = "Cannot create a project-style deployment with work pool of type 'prefect-agent'. If you \
                           wish to use an agent with your deployment, please use the `prefect deployment build` command.";
            let help = "Prefect 3 does not support agents; use a work pool of a different type, such as process or \
                 docker";
            findings.at_value(&at, Diagnostic::error(Code::AGENT_WORK_POOL, message).help(help));
        }
        ignored::job_variables(deployment, pool, findings);
        if let Some(given) = deployment.fields.job_variables().literal() {
            let at = deployment.pointer_to(Key::WorkPool).join(PoolKey::JobVariables);
            job_variables(&value::to_json(&literals(given).into()), pool, &at, findings);
        }
    }
}

/// Returns a hint for a work pool that does not exist. `all` contains the names of the server's work pools, and
/// `declared` the names of the declared work pools.
fn unknown_pool_help(name: &str, all: &[String], declared: &BTreeSet<String>) -> String {
    if declared.contains(name) {
        return format!(
            "run `prefectl deploy --all` to create the declared work pool '{name}'; previews and deploys of selected \
             deployments do not write declared resources"
        );
    }
    let create =
        format!("create the work pool with `prefectl work-pool create {} --type TYPE`", shell_word(name));
    match did_you_mean(name, all.iter().map(String::as_str)) {
        Some(known) => format!("did you mean '{known}'? Or {create}"),
        None => create,
    }
}

/// Warns about null job variables that make the server reject later updates of the deployment.
pub(super) fn null_job_variables(
    deployment: &ResolvedDeployment,
    pools: &BTreeMap<String, WorkPool>,
    capabilities: &Capabilities,
    findings: &mut Findings<'_>,
) {
    let pool = deployment.work_pool().and_then(|name| pools.get(name));
    let (Some(pool), Some(given)) = (pool, deployment.fields.job_variables().literal()) else { return };
    let at = deployment.pointer_to(Key::WorkPool).join(PoolKey::JobVariables);
    for path in refused_in_updates(&value::to_json(&literals(given).into()), pool, capabilities) {
        let message = format!(
            "job variable '{}' is null, but work pool '{}' has a default value: the server accepts null in a new \
             deployment, but rejects later updates of the deployment",
            path.join("."),
            pool.name
        );
        let diagnostic = Diagnostic::warning(Code::JOB_VARIABLE_TYPE, message)
            .help("remove the key to use the default value");
        findings.at_value(&path.iter().fold(at.clone(), |at, key| join(&at, key)), diagnostic);
    }
}

/// Returns the paths of null job variables that override a default of the work pool. A self-hosted server accepts these
/// null values in a new deployment but rejects them in an update.
pub(crate) fn refused_in_updates(
    given: &Json,
    pool: &WorkPool,
    capabilities: &Capabilities,
) -> Vec<Vec<String>> {
    let is_self_hosted = capabilities.version().is_some();
    let Some(schema) = pool.variables_schema().filter(|_| is_self_hosted && contains_null(given)) else {
        return Vec::new();
    };
    let paths = |nullable| {
        json_schema::violations(given, schema, nullable).into_iter().map(|violation| violation.path)
    };
    let always_refused: BTreeSet<Vec<String>> = paths(Nullable::All).collect();
    paths(Nullable::WithoutDefault).filter(|path| !always_refused.contains(path)).collect()
}

fn contains_null(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.iter().any(contains_null),
        Json::Object(entries) => entries.values().any(contains_null),
        _ => false,
    }
}

/// Validates job variables against the schema in the base job template of a work pool.
pub(crate) fn job_variables(given: &Json, pool: &WorkPool, at: &Pointer, findings: &mut Findings<'_>) {
    let Some(schema) = pool.variables_schema() else { return };
    let properties = schema.get("properties").and_then(Json::as_object);
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else { return };
    for name in given.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if properties.contains_key(name) {
            continue;
        }
        let message = format!("job variable '{name}' is not defined by work pool '{}'", pool.name);
        let names = properties.keys().map(String::as_str);
        let help = did_you_mean(name, names.clone()).map_or_else(
            || format!("the work pool defines {}", names.collect::<Vec<_>>().join(", ")),
            |known| format!("did you mean '{known}'?"),
        );
        findings.at_key(
            &at.join(name.as_str()),
            Diagnostic::warning(Code::UNKNOWN_JOB_VARIABLE, message).help(help),
        );
    }
    for violation in json_schema::violations(given, schema, Nullable::All) {
        let place = violation.path.iter().fold(at.clone(), |at, key| join(&at, key));
        let field = violation.path.join(".");
        let message =
            format!("job variable '{field}' is invalid for work pool '{}': {}", pool.name, violation.message);
        findings.at_value(&place, Diagnostic::error(Code::JOB_VARIABLE_TYPE, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_nulls_that_only_updates_reject() {
        let pool = json!({
            "id": uuid::Uuid::nil(), "name": "p", "type": "process",
            "base_job_template": {"variables": {
                "type": "object",
                "required": ["image"],
                "properties": {
                    "stream": {"type": "boolean", "default": true},
                    "label": {"type": "string"},
                    "env": {"anyOf": [{"type": "object"}, {"type": "null"}], "default": null},
                    "image": {"type": "string", "default": "x"},
                },
            }},
        });
        let pool: WorkPool = serde_json::from_value(pool).unwrap();
        let server = Capabilities::new(Some("3.9.1".into()));
        let given = json!({"stream": null, "label": null, "env": null, "image": null});
        assert_eq!(refused_in_updates(&given, &pool, &server), [["stream"]]);
        assert!(refused_in_updates(&json!({"stream": 1}), &pool, &server).is_empty());
        let cloud = Capabilities::new(None);
        assert!(refused_in_updates(&given, &pool, &cloud).is_empty());
    }
}
