//! Checks that the code fetched by a deployment's pull steps contains the deployment's flow.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    api::Deployment,
    build::{
        render,
        workspace::{self, Pulled, StoredDeployment},
    },
    deployment::{DeployContext, DesiredDeployment, ResolvedDeployment, StepSections},
    diagnostics::{Code, Diagnostic},
    fs::FileError,
    pointer::Pointer,
    project::{Fields, Findings, Key},
    steps::{Section, StepFailure},
    template::Resolver,
    value::{self, Mapping, Value},
};

/// The error returned if the code cannot be pulled or does not contain the flow.
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

/// The result of pull steps, and the flow's name in the pulled code.
#[derive(Debug)]
pub(crate) struct PulledFlow {
    pub(crate) pulled: Pulled,
    pub(crate) flow: Option<String>,
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
        let place = Workspace::new(None)?;
        match workspace::pull(first, place.path(), ctx, resolver).await? {
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
                    if let Some(warning) = stored.is_older(&directory, ctx) {
                        ctx.progress.warn(&warning);
                    }
                }
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(PullError::Findings(errors)) }
}

/// Runs a deployment's pull steps, and finds the deployment's flow in the pulled code.
pub(crate) async fn pull(
    stored: &StoredDeployment,
    workspace: &Path,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    has_project: bool,
) -> Result<PulledFlow, PullError> {
    ctx.progress.remark(&format!("Running {} deployment pull step(s)", stored.steps.len()));
    let pulled = workspace::pull(stored, workspace, ctx, resolver).await?;
    let flow = match &pulled {
        Pulled::OutOfReach { .. } => None,
        Pulled::Code { directory, .. } => {
            let flow = stored
                .find_flow(directory, ctx)
                .map_err(|diagnostic| PullError::Findings(vec![diagnostic]))?;
            if has_project && let Some(warning) = stored.is_older(directory, ctx) {
                ctx.progress.warn(&warning);
            }
            Some(flow)
        }
    };
    Ok(PulledFlow { pulled, flow })
}

/// Returns the data that a deploy would store for a resolved deployment.
pub(crate) fn would_be_stored(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<StoredDeployment> {
    let steps = render::pull_steps(deployment, sections, outputs, ctx, findings)?;
    Some(StoredDeployment {
        deployment: deployment.full_name(),
        entrypoint: deployment.entrypoint()?.to_owned(),
        flow_name: deployment.flow.as_ref().map(|flow| flow.name.clone()),
        steps: listed(steps.as_ref()),
        pointer: sections.pull_pointer.clone(),
        has_image: deployment.fields.image().is_some_and(|image| !image.is_null()),
    })
}

/// Returns the data that a deploy stores for a rendered deployment.
pub(crate) fn rendered(desired: &DesiredDeployment, sections: &StepSections) -> StoredDeployment {
    StoredDeployment {
        deployment: desired.full_name(),
        entrypoint: desired.entrypoint.clone(),
        flow_name: Some(desired.flow_name.clone()),
        steps: listed(desired.pull_steps.as_ref()),
        pointer: sections.pull_pointer.clone(),
        has_image: desired.job_variables.get(Fields::IMAGE).is_some_and(|image| !image.is_null()),
    }
}

/// Returns the data that the server stores for a deployment.
pub(crate) fn stored(name: &str, flow: &str, deployment: &Deployment) -> StoredDeployment {
    let image = deployment.job_variables.get(Fields::IMAGE);
    StoredDeployment {
        deployment: name.to_owned(),
        entrypoint: deployment.entrypoint().unwrap_or_default().to_owned(),
        flow_name: Some(flow.to_owned()),
        steps: deployment.pull_steps().iter().map(value::from_json).collect(),
        pointer: Pointer::root().join(Key::Steps(Section::Pull)),
        has_image: image.is_some_and(|image| !image.is_null()),
    }
}

/// Converts the pull steps stored on the server to values.
fn listed(steps: Option<&serde_json::Value>) -> Vec<Value> {
    let steps = steps.and_then(|steps| steps.as_array()).map(Vec::as_slice).unwrap_or_default();
    steps.iter().map(value::from_json).collect()
}

/// Working directory of the pull steps.
pub(crate) enum Workspace {
    /// A temporary directory. It is deleted with its contents when the value is dropped.
    Temporary(crate::fs::TemporaryFolder),
    Kept(PathBuf),
}

impl Workspace {
    /// Creates a temporary directory. If `into` is set, uses that directory instead, which must be empty.
    pub(crate) fn new(into: Option<&Path>) -> Result<Self, PullError> {
        let Some(path) = into else {
            let made = crate::fs::private_folder("prefectl-pull-");
            let failed = |error| {
                usage(FileError::new("make a directory in", &std::env::temp_dir(), error).to_string())
            };
            return made.map(Self::Temporary).map_err(failed);
        };
        let made = fs::create_dir_all(path).and_then(|()| path.canonicalize());
        let made = made.map_err(|error| usage(FileError::new("make", path, error).to_string()))?;
        let is_empty =
            |entries: io::Result<fs::ReadDir>| entries.is_ok_and(|mut entries| entries.next().is_none());
        if is_empty(fs::read_dir(&made)) {
            Ok(Self::Kept(made))
        } else {
            Err(usage(format!(
                "the directory {} is not empty; use an empty directory, because workers start in one",
                path.display()
            )))
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}

fn usage(message: impl Into<String>) -> PullError {
    PullError::Findings(vec![Diagnostic::error(Code::OPTIONS, message.into())])
}
