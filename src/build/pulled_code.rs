//! Checks that the code fetched by a deployment's pull steps contains the deployment's flow.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    stored_deployment::StoredDeployment,
    worker::{self, Pulled},
    workspace::{Workspace, WorkspaceError},
};
use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    steps::StepFailure,
    template::Resolver,
    value::{self, Mapping, Value},
};

/// The error returned if the code cannot be pulled or lacks the flow.
#[derive(Debug)]
pub(crate) enum PullError {
    /// A failed step.
    Step(StepFailure),
    /// Errors in the flow, or a workspace that cannot be used.
    Findings(Vec<Diagnostic>),
}

impl From<StepFailure> for PullError {
    fn from(failure: StepFailure) -> Self {
        Self::Step(failure)
    }
}

impl From<WorkspaceError> for PullError {
    fn from(error: WorkspaceError) -> Self {
        Self::Findings(vec![Diagnostic::error(Code::OPTIONS, error.to_string())])
    }
}

/// The result of pulling the code and searching it for the flow.
#[derive(Debug)]
pub(crate) enum PulledFlow {
    /// The pulled code contains the flow with this name. A worker would start the flow in this directory.
    Found { name: String, directory: PathBuf, outputs: Mapping },
    /// The code is not accessible from this machine.
    OutOfReach { reason: String },
}

/// Verifies that the pull steps of deployments fetch their flows. Runs identical lists of pull steps only once.
///
/// # Errors
///
/// Fails if a step fails. Otherwise, returns an error for each flow that is missing from the pulled code.
pub(crate) async fn verify(
    stored: &[StoredDeployment],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<(), PullError> {
    let mut groups: BTreeMap<(String, bool), Vec<&StoredDeployment>> = BTreeMap::new();
    for stored in stored {
        let steps = value::to_json(&Value::Sequence(stored.steps.clone())).to_string();
        groups.entry((steps, stored.has_image)).or_default().push(stored);
    }
    let mut errors = Vec::new();
    for group in groups.values() {
        let Some(first) = group.first() else { continue };
        let workspace = Workspace::temporary()?;
        match worker::pull(first, workspace.path(), ctx, resolver).await? {
            Pulled::OutOfReach { reason } => {
                let message = format!(
                    "the pull steps of '{}' cannot be verified on this machine: {reason}",
                    first.deployment
                );
                ctx.progress.warn(&Diagnostic::warning(Code::PULL_NOT_VERIFIED, message));
            }
            Pulled::Code { directory, .. } => {
                for stored in group {
                    errors.extend(stored.find_flow(&directory, ctx).err());
                    stored.compare_with_local_file(&directory, ctx);
                }
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(PullError::Findings(errors)) }
}

/// Runs a deployment's pull steps, and finds the deployment's flow in the pulled code. The steps run in the directory
/// `into`, or in a temporary directory if `into` is `None`. `has_project` specifies whether to compare the pulled code
/// with the local project.
pub(super) async fn pull_flow(
    stored: &StoredDeployment,
    into: Option<&Path>,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    has_project: bool,
) -> Result<PulledFlow, PullError> {
    let workspace = Workspace::new(into)?;
    ctx.progress.remark(&format!("Running {} deployment pull step(s)", stored.steps.len()));
    match worker::pull(stored, workspace.path(), ctx, resolver).await? {
        Pulled::OutOfReach { reason } => Ok(PulledFlow::OutOfReach { reason }),
        Pulled::Code { directory, outputs } => {
            let name = stored.find_flow(&directory, ctx).map_err(|error| PullError::Findings(vec![error]))?;
            if has_project {
                stored.compare_with_local_file(&directory, ctx);
            }
            Ok(PulledFlow::Found { name, directory, outputs })
        }
    }
}
