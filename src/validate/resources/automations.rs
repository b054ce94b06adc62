//! Validates the references of declared automations.

use std::collections::BTreeSet;

use super::PreparedProject;
use crate::{
    api::{ApiError, Client},
    diagnostics::{Code, Diagnostic, Place, did_you_mean},
    resource::{
        DesiredResource, ReferenceKind, References, ResourceKey, ResourceReference,
        order::{DependencyOrder, describe_cycle},
    },
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
        let kind = reference.kind.label();
        let message = format!("{kind} '{}' is neither declared nor on the server", reference.name);
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).at(place);
        let help = similar.map(|name| format!("did you mean '{name}'?"));
        projects[index].findings.push(Diagnostic { help, ..diagnostic });
    }
    Ok(())
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
    let is_declared = |reference: &ResourceReference| match reference.kind.resource() {
        None => deployments.contains(&reference.name),
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
