//! Validates the references of declared automations.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::PreparedProject;
use crate::{
    api::{ApiError, Client},
    diagnostics::{Code, Diagnostic, Place, did_you_mean},
    resource::{
        DesiredResource, ReferenceKind, References, ResourceKey, ResourceKind, ResourceReference,
        order::{DependencyOrder, describe_cycle},
        registered_ids, requests,
    },
    validate::schedules::METRIC_TRIGGERS,
};

/// Reports automations that refer to themselves, directly or through other automations.
pub(super) fn cycles(projects: &mut [PreparedProject<'_>]) {
    let resources: Vec<DesiredResource> =
        projects.iter().flat_map(|project| project.resources.iter().cloned()).collect();
    let cycles = DependencyOrder::of_resources(&resources).cycles;
    let Some(project) = projects.first_mut() else { return };
    for cycle in cycles {
        let Some((first, others)) = cycle.split_first() else { continue };
        let DesiredResource { key, place, .. } = &resources[*first];
        let others: Vec<&str> = others.iter().map(|index| resources[*index].key.name.as_str()).collect();
        let message = describe_cycle(key.kind, &key.name, &others);
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).at(place.clone());
        project.findings.push(diagnostic.help("remove one of the references"));
    }
}

/// Warns about deployments that are not declared and must therefore exist on the server.
pub(super) fn undeclared_offline(projects: &mut [PreparedProject<'_>]) {
    for (index, (reference, place), similar) in undeclared(projects) {
        if reference.kind == ReferenceKind::Deployment {
            let message = format!("deployment '{}' is not declared", reference.name);
            let help = similar.map_or_else(
                || "the deployment must exist on the server".to_owned(),
                |name| format!("did you mean '{name}'?"),
            );
            let diagnostic = Diagnostic::warning(Code::AUTOMATION, message).at(place).help(help);
            projects[index].findings.push(diagnostic);
        }
    }
}

/// Validates the references to objects that are not declared, which must exist on the server.
pub(in crate::validate) async fn references(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let undeclared = undeclared(projects);
    let wanted = undeclared.iter().map(|(_, (reference, _), _)| reference.clone());
    let live = References::read(client, wanted).await?;
    for (index, (reference, place), similar) in undeclared {
        if live.contains(&reference) {
            continue;
        }
        let (message, help) = if let Some(ids) = live.ambiguous(&reference) {
            (several(&reference.name, ids), Some("set `automation_id` to one of these ids".to_owned()))
        } else {
            let kind = reference.kind.label();
            let message = format!("{kind} '{}' is neither declared nor on the server", reference.name);
            (message, similar.map(|name| format!("did you mean '{name}'?")))
        };
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).at(place);
        projects[index].findings.push(Diagnostic { help, ..diagnostic });
    }
    Ok(())
}

/// Determines which automation on the server each declaration describes if several automations have its name. This is the
/// automation that the project has registered. If there is no such automation, reports an error.
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
    for PreparedProject { resources, findings, .. } in projects {
        for resource in resources.iter_mut().filter(|resource| is_automation(&&**resource)) {
            let Some(automations) = found.get(&resource.key.name) else { continue };
            let ids: Vec<Uuid> = automations.iter().map(|automation| automation.id).collect();
            let own: Vec<Uuid> = ids.iter().filter(|id| registered.contains(id)).copied().collect();
            if let [id] = own[..] {
                resource.id = Some(id);
                continue;
            }
            let diagnostic = Diagnostic::error(Code::AUTOMATION, several(&resource.key.name, &ids));
            let help = "delete all but one of them with `prefectl automation delete --id ID`, or declare the automation \
                        under another name";
            findings.push(diagnostic.at(resource.place.clone()).help(help));
        }
    }
    Ok(())
}

fn several(name: &str, ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("the server has several automations with the name '{name}': {}", ids.join(", "))
}

/// Reports metric triggers, which only Prefect Cloud supports.
pub(in crate::validate) fn metric_triggers(projects: &mut [PreparedProject<'_>]) {
    for PreparedProject { resources, findings, .. } in projects {
        for place in resources.iter().flat_map(|resource| &resource.metric_triggers) {
            findings.push(Diagnostic::error(Code::AUTOMATION, METRIC_TRIGGERS).at(place.clone()));
        }
    }
}

type Undeclared = (usize, (ResourceReference, Option<Place>), Option<String>);

/// Returns the references to objects that no project declares, with the index of the project and a similar name.
fn undeclared(projects: &[PreparedProject<'_>]) -> Vec<Undeclared> {
    let deployments: BTreeSet<String> = projects
        .iter()
        .flat_map(|project| &project.deployments)
        .map(|(deployment, _)| deployment.full_name())
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
        let references = project.resources.iter().flat_map(|resource| &resource.references);
        for (reference, place) in references.filter(|(reference, _)| !is_declared(reference)) {
            let similar = did_you_mean(&reference.name, deployments.iter().map(String::as_str))
                .filter(|_| reference.kind == ReferenceKind::Deployment);
            found.push((index, (reference.clone(), place.clone()), similar.map(str::to_owned)));
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
        queues.extend(deployments.iter().filter_map(|(deployment, _)| {
            let queue = deployment.fields.work_queue().literal()?;
            Some(format!("{}/{queue}", deployment.work_pool()?))
        }));
    }
    queues
}
