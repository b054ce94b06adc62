//! Reports deployments that are declared more than once.

use std::collections::{BTreeMap, BTreeSet};

use super::{PreparedDeployment, PreparedProject};
use crate::{
    deployment::{PreviewName, ResolvedDeployment, desired},
    diagnostics::{Code, Diagnostic},
    flow::Inspector,
    project::{Findings, Key},
    target::FlowNames,
};

/// Warns about deployments that would have the same name on the server.
pub(crate) fn duplicates<'a>(
    prepared: impl Iterator<Item = &'a ResolvedDeployment>,
    findings: &mut Findings<'_>,
) {
    let mut seen = BTreeSet::new();
    for deployment in prepared {
        let Some((flow, name)) = identity(deployment) else { continue };
        if !seen.insert((flow, desired::api_name(name))) {
            let message = format!(
                "deployment '{flow}/{name}' is declared more than once; the last declaration overwrites the others"
            );
            let diagnostic = Diagnostic::warning(Code::DUPLICATE_DEPLOYMENT, message);
            findings.at_value(&deployment.pointer_to(Key::Name), diagnostic);
        }
    }
}

/// Returns the flow's name, or the entrypoint if the flow is unknown, and the deployment's name.
fn identity(deployment: &ResolvedDeployment) -> Option<(&str, &str)> {
    let flow = deployment.flow.as_ref().map(|flow| flow.name.as_str()).or(deployment.entrypoint());
    Some((flow?, deployment.name()?))
}

/// Reports deployments that multiple project files declare. Each error is at the later declaration and contains the
/// location of the first declaration.
pub(crate) fn duplicates_across_files(projects: &mut [PreparedProject<'_>]) {
    let mut first: BTreeMap<(String, String), (usize, String)> = BTreeMap::new();
    for (index, PreparedProject { project, deployments, findings, .. }) in projects.iter_mut().enumerate() {
        for PreparedDeployment { resolved: deployment, .. } in deployments.iter() {
            let Some((flow, name)) = identity(deployment).filter(|_| deployment.flow.is_some()) else {
                continue;
            };
            let pointer = deployment.pointer_to(Key::Name);
            let place = project.place(&pointer);
            let place = place
                .map_or_else(String::new, |place| format!("{}:{}", place.source.name(), place.start().line));
            let key = (flow.to_owned(), desired::api_name(name));
            let (owner, declared) = first.entry(key).or_insert((index, place));
            if *owner != index {
                let message = format!("deployment '{flow}/{name}' is already declared in {declared}");
                findings.at_value(&pointer, Diagnostic::error(Code::DUPLICATE_ACROSS_FILES, message));
            }
        }
    }
}

/// Reports declared deployments that have the name of a preview copy.
pub(crate) fn names_of_copies(projects: &mut [PreparedProject<'_>], preview: &PreviewName) {
    let deployments = projects.iter().flat_map(|project| &project.deployments);
    let identities = deployments.filter_map(|prepared| identity(&prepared.resolved));
    let copies: BTreeSet<(String, String)> =
        identities.map(|(flow, name)| (flow.to_owned(), desired::api_name(name))).collect();
    for PreparedProject { project, ctx, findings, .. } in projects {
        let inspector = Inspector::new();
        let names =
            FlowNames { inspector: &inspector, directory: ctx.directory, environment: ctx.environment };
        for declared in &project.deployments {
            let Some(name) = declared.name().map(desired::api_name) else { continue };
            let Some(original) = preview.original(&name) else { continue };
            let Some(flow) = declared.entrypoint().and_then(|entrypoint| names.of(entrypoint)) else {
                continue;
            };
            if copies.contains(&(flow.clone(), name.clone())) {
                let message = format!(
                    "deployment '{flow}/{name}' has the name of the copy of '{flow}/{original}' in preview '{}'",
                    preview.as_str()
                );
                let diagnostic = Diagnostic::error(Code::PREVIEW_NAME, message)
                    .help("choose a different name for the preview, or rename the deployment");
                findings.at_value(&declared.pointer().join(Key::Name), diagnostic);
            }
        }
    }
}
