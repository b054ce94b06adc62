//! Reports deployments that are declared more than once.

use std::collections::{BTreeMap, BTreeSet};

use super::PreparedProject;
use crate::{
    deployment::{ResolvedDeployment, desired},
    diagnostics::{Code, Diagnostic},
    project::{Findings, Key},
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
                "deployment '{flow}/{name}' is declared more than once; the last \
                                   declaration overwrites the others"
            );
            let diagnostic = Diagnostic::warning(Code::DUPLICATE_DEPLOYMENT, message);
            findings.at_value(&deployment.pointer_to(Key::Name), diagnostic);
        }
    }
}

/// Returns the name of the flow, or the entrypoint if the flow is unknown, and the name of the deployment.
fn identity(deployment: &ResolvedDeployment) -> Option<(&str, &str)> {
    let flow = deployment.flow.as_ref().map(|flow| flow.name.as_str()).or(deployment.entrypoint());
    Some((flow?, deployment.name()?))
}

/// Reports deployments that several project files declare. Each error is at the later declaration and names the
/// location of the first one.
pub(crate) fn duplicates_across_files(projects: &mut [PreparedProject<'_>]) {
    let mut first: BTreeMap<(String, String), (usize, String)> = BTreeMap::new();
    for (index, PreparedProject { project, deployments, findings, .. }) in projects.iter_mut().enumerate() {
        for (deployment, _) in deployments.iter() {
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
