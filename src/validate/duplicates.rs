//! Reports deployments that are declared more than once.

use std::collections::BTreeSet;

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
        let flow = deployment.flow.as_ref().map(|flow| flow.name.as_str()).or(deployment.entrypoint());
        let (Some(flow), Some(name)) = (flow, deployment.name()) else { continue };
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
