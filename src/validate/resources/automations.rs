//! Validates the references of declared automations and blocks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use super::PreparedProject;
use crate::{
    api::{ApiError, Client, WorkPool},
    diagnostics::{Code, Diagnostic, Place, did_you_mean},
    project::literals,
    records::registered_ids,
    resource::{
        AmbiguousResource, DeploymentRun, DesiredResource, ReferenceKind, References, ResourceKey,
        ResourceKind, ResourceReference,
        order::{DependencyOrder, describe_cycle},
        requests,
    },
    validate::{
        PreparedDeployment, parameters::run_parameters, schedules::METRIC_TRIGGERS, work_pools::job_variables,
    },
    value,
};

/// Reports automations and blocks that refer to themselves, directly or through other resources of the same kind.
pub(super) fn cycles(projects: &mut [PreparedProject<'_>]) {
    let (owners, resources): (Vec<usize>, Vec<&DesiredResource>) = super::indexed(projects).unzip();
    let report = |cycle: Vec<usize>| {
        let (first, others) = cycle.split_first()?;
        let DesiredResource { key, place, .. } = resources[*first];
        let others: Vec<&str> = others.iter().map(|index| resources[*index].key.name.as_str()).collect();
        let message = describe_cycle(key.kind, &key.name, &others);
        let diagnostic = Diagnostic::error(code(key.kind), message).at(place.clone());
        Some((owners[*first], diagnostic.help("remove one of the references")))
    };
    let found: Vec<_> =
        DependencyOrder::of_resources(&resources).cycles.into_iter().filter_map(report).collect();
    for (project, diagnostic) in found {
        projects[project].findings.push(diagnostic);
    }
}

/// Returns the error code for invalid references in resources of the given kind.
fn code(kind: ResourceKind) -> Code {
    if kind == ResourceKind::Block { Code::BLOCK_FIELD } else { Code::AUTOMATION }
}

/// Warns about deployments that are not declared and must therefore exist on the server.
pub(super) fn undeclared_offline(projects: &mut [PreparedProject<'_>]) {
    for Undeclared { project, reference, place, similar, .. } in undeclared(projects) {
        if reference.kind == ReferenceKind::Deployment {
            let message = format!("deployment '{}' is not declared", reference.name);
            let help = similar.map_or_else(
                || "the deployment must exist on the server".to_owned(),
                |name| format!("did you mean '{name}'?"),
            );
            let diagnostic = Diagnostic::warning(Code::AUTOMATION, message).at(place).help(help);
            projects[project].findings.push(diagnostic);
        }
    }
}

/// Checks that referenced objects without a declaration exist on the server.
pub(in crate::validate) async fn references(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let undeclared = undeclared(projects);
    let wanted = undeclared.iter().map(|undeclared| undeclared.reference.clone());
    let live = References::read(client, wanted).await?;
    for Undeclared { project, owner, reference, place, similar } in undeclared {
        if live.contains(&reference) {
            continue;
        }
        let (message, help) = if let Some(ids) = live.ambiguous(&reference) {
            (several(&reference.name, ids), Some("set `automation_id` to one of these IDs".to_owned()))
        } else {
            let kind = reference.kind.label();
            let message = format!("{kind} '{}' is neither declared nor on the server", reference.name);
            (message, similar.map(|name| format!("did you mean '{name}'?")))
        };
        let diagnostic = Diagnostic::error(code(owner), message).at(place);
        projects[project].findings.push(Diagnostic { help, ..diagnostic });
    }
    Ok(())
}

/// Resolves automation declarations whose names are ambiguous on the server. Selects the automation that the project
/// has registered. If the project has not registered any of the automations, reports an error, or, if the command only
/// compares, moves the declaration to the project's ambiguous resources.
pub(in crate::validate) async fn identities(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let is_automation = |resource: &&DesiredResource| resource.key.kind == ResourceKind::Automation;
    let declared = projects.iter().flat_map(|project| &project.resources).filter(is_automation);
    let names: Vec<&str> = declared.map(|resource| resource.key.name.as_str()).collect();
    let mut found = requests::automations_by_name(client, &names).await?;
    found.retain(|_, automations| automations.len() > 1);
    if found.is_empty() {
        return Ok(());
    }
    let project = projects.first().and_then(|project| project.ctx.options.project.as_ref());
    let registered = match project {
        Some(project) => registered_ids(client, project).await?,
        None => BTreeSet::new(),
    };
    for PreparedProject { ctx, resources, findings, ambiguous, .. } in projects {
        let identify = |resource: &mut DesiredResource| {
            let automations = found.get(&resource.key.name).filter(|_| is_automation(&&*resource));
            let Some(automations) = automations else { return true };
            let ids: Vec<Uuid> = automations.iter().map(|automation| automation.id).collect();
            let own: Vec<Uuid> = ids.iter().filter(|id| registered.contains(id)).copied().collect();
            if let [id] = own[..] {
                resource.id = Some(id);
                return true;
            }
            if ctx.options.only_compares {
                ambiguous.push(AmbiguousResource { key: resource.key.clone(), ids });
                return false;
            }
            let diagnostic = Diagnostic::error(Code::AUTOMATION, several(&resource.key.name, &ids));
            let help = "delete all but one of them with `prefectl automation delete --id ID`, or declare the automation \
                        under a different name";
            findings.push(diagnostic.at(resource.place.clone()).help(help));
            true
        };
        resources.retain_mut(identify);
    }
    Ok(())
}

fn several(name: &str, ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("the server has multiple automations named '{name}': {}", ids.join(", "))
}

/// Validates the values that actions pass to runs of declared deployments.
pub(in crate::validate) fn deployment_runs(
    projects: &mut [PreparedProject<'_>],
    pools: &BTreeMap<String, WorkPool>,
) {
    let resources = projects.iter().enumerate().flat_map(|(index, project)| {
        project
            .resources
            .iter()
            .flat_map(move |resource| resource.runs.iter().map(move |run| (index, run.clone())))
    });
    let runs: Vec<(usize, DeploymentRun)> = resources.collect();
    for (index, run) in runs {
        let mut deployments = projects.iter().flat_map(|project| &project.deployments);
        let Some(PreparedDeployment { resolved: deployment, .. }) =
            deployments.find(|prepared| prepared.resolved.full_name() == run.deployment)
        else {
            continue;
        };
        let schema = deployment.flow.as_ref().map(|flow| Arc::clone(&flow.parameters));
        let is_enforced = deployment.fields.enforce_parameter_schema().literal().unwrap_or(true);
        let pool = deployment.work_pool().and_then(|name| pools.get(name));
        let findings = &mut projects[index].findings;
        if let Some(schema) = schema {
            run_parameters(&run.parameters, &schema, is_enforced, &run.pointer.join("parameters"), findings);
        }
        if let Some(pool) = pool {
            let given = value::to_json(&literals(&run.job_variables).into());
            job_variables(&given, pool, &run.pointer.join("job_variables"), findings);
        }
    }
}

/// Reports metric triggers, which only Prefect Cloud supports.
pub(in crate::validate) fn metric_triggers(projects: &mut [PreparedProject<'_>]) {
    for PreparedProject { resources, findings, .. } in projects {
        for place in resources.iter().flat_map(|resource| &resource.metric_triggers) {
            findings.push(Diagnostic::error(Code::AUTOMATION, METRIC_TRIGGERS).at(place.clone()));
        }
    }
}

/// A reference to an object that no project declares.
struct Undeclared {
    /// Index of the project.
    project: usize,
    /// Kind of the referring resource.
    owner: ResourceKind,
    reference: ResourceReference,
    place: Option<Place>,
    /// Name of a similar declared object.
    similar: Option<String>,
}

/// Returns the references to objects that no project declares.
fn undeclared(projects: &[PreparedProject<'_>]) -> Vec<Undeclared> {
    let deployments: BTreeSet<String> = projects
        .iter()
        .flat_map(|project| &project.deployments)
        .map(|prepared| prepared.resolved.full_name())
        .collect();
    let keys: BTreeSet<&ResourceKey> =
        projects.iter().flat_map(|project| &project.resources).map(|resource| &resource.key).collect();
    let queues = created_queues(projects);
    let is_declared = |reference: &ResourceReference| match reference.kind.resource() {
        None => deployments.contains(&reference.name),
        Some(ResourceKind::WorkQueue) if queues.contains(&reference.name) => true,
        Some(kind) => keys.contains(&ResourceKey::new(kind, reference.name.clone())),
    };
    let mut found = Vec::new();
    for (index, project) in projects.iter().enumerate() {
        let references = project
            .resources
            .iter()
            .flat_map(|resource| resource.references.iter().map(move |found| (resource.key.kind, found)));
        for (owner, (reference, place)) in references.filter(|(_, (reference, _))| !is_declared(reference)) {
            let similar = match reference.kind {
                ReferenceKind::Deployment => {
                    did_you_mean(&reference.name, deployments.iter().map(String::as_str))
                }
                ReferenceKind::Block => {
                    let blocks = keys.iter().filter(|key| key.kind == ResourceKind::Block);
                    did_you_mean(&reference.name, blocks.map(|key| key.name.as_str()))
                }
                _ => None,
            };
            found.push(Undeclared {
                project: index,
                owner,
                reference: reference.clone(),
                place: place.clone(),
                similar: similar.map(str::to_owned),
            });
        }
    }
    found
}

/// Returns the work queues that the server creates: the default queues of the declared work pools and the queues of the
/// deployments.
fn created_queues(projects: &[PreparedProject<'_>]) -> BTreeSet<String> {
    let mut queues = BTreeSet::new();
    for PreparedProject { resources, deployments, .. } in projects {
        let pools = resources.iter().filter(|resource| resource.key.kind == ResourceKind::WorkPool);
        queues.extend(pools.map(|pool| format!("{}/{}", pool.key.name, ResourceKey::DEFAULT_QUEUE)));
        queues.extend(deployments.iter().filter_map(
            |PreparedDeployment { resolved: deployment, .. }| {
                let queue = deployment.fields.work_queue().literal()?;
                Some(format!("{}/{queue}", deployment.work_pool()?))
            },
        ));
    }
    queues
}
