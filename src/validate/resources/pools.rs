//! Validates declared work pools and the deployments that use them.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::PreparedProject;
use crate::{
    api::WorkPool,
    diagnostics::{Code, Diagnostic},
    project::{Findings, Key, PoolKey, literals},
    resource::{DesiredResource, ResourceKind},
    validate::{PreparedDeployment, work_pools},
    value::{self, Mapping},
};

/// Returns the types of the declared work pools.
pub(super) fn types_used<'a>(sections: impl Iterator<Item = &'a Mapping>) -> impl Iterator<Item = &'a str> {
    let pools = sections.filter_map(|section| section.get("work_pools")?.as_sequence()).flatten();
    pools.filter_map(|pool| pool.get("type")?.as_str())
}

/// Returns the declared work pools in their desired state.
pub(in crate::validate) fn declared_pools(
    projects: &[PreparedProject<'_>],
    live: &BTreeMap<String, WorkPool>,
) -> BTreeMap<String, WorkPool> {
    let resources = projects.iter().flat_map(|project| &project.resources);
    let pools = resources.filter(|resource| resource.key.kind == ResourceKind::WorkPool);
    let pool = |resource: &DesiredResource| {
        let name = resource.key.name.clone();
        let text = |field: &str| resource.fields.get(field).and_then(serde_json::Value::as_str);
        let template = resource.fields.get("base_job_template").and_then(serde_json::Value::as_object);
        let base = live.get(&name).cloned().unwrap_or_else(|| WorkPool {
            id: Uuid::nil(),
            name: name.clone(),
            kind: text("type").unwrap_or_default().to_owned(),
            description: None,
            base_job_template: serde_json::Map::new(),
            is_paused: false,
            concurrency_limit: None,
            status: None,
            raw: serde_json::Map::new(),
        });
        let base_job_template = template.cloned().unwrap_or_else(|| base.base_job_template.clone());
        (name, WorkPool { base_job_template, ..base })
    };
    pools.map(pool).collect()
}

/// Reports declared work pools whose type differs from the type on the server, unless the command only compares.
pub(in crate::validate) fn pool_types(
    projects: &mut [PreparedProject<'_>],
    live: &BTreeMap<String, WorkPool>,
) {
    let checked = projects.iter_mut().filter(|project| !project.ctx.options.only_compares);
    for PreparedProject { resources, findings, .. } in checked {
        for resource in resources.iter().filter(|resource| resource.key.kind == ResourceKind::WorkPool) {
            let declared = resource.fields.get("type").and_then(serde_json::Value::as_str);
            let (Some(pool), Some(declared)) = (live.get(&resource.key.name), declared) else { continue };
            if pool.kind != declared {
                let message = format!(
                    "{} has the type '{}' on the server, which cannot be changed to '{declared}'",
                    resource.key, pool.kind
                );
                let diagnostic = Diagnostic::error(Code::DECLARED_POOL_TYPE, message);
                let name = &resource.key.name;
                let help = format!(
                    "correct the type, declare the work pool under a different name, or delete it \
                     with `prefectl work-pool delete {name}`"
                );
                findings.push(diagnostic.at(resource.place.clone()).help(help));
            }
        }
    }
}

/// Validates job variables against the declared work pools, which may not exist yet.
pub(super) fn job_variables(
    deployments: &[PreparedDeployment],
    pools: &BTreeMap<String, WorkPool>,
    findings: &mut Findings<'_>,
) {
    for PreparedDeployment { resolved: deployment, .. } in deployments {
        let Some(pool) = deployment.work_pool().and_then(|name| pools.get(name)) else { continue };
        if let Some(given) = deployment.fields.job_variables().literal() {
            let at = deployment.pointer_to(Key::WorkPool).join(PoolKey::JobVariables);
            work_pools::job_variables(&value::to_json(&literals(given).into()), pool, &at, findings);
        }
    }
}
