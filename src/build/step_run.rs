//! Runs steps without registering anything.

use std::path::{Path, PathBuf};

use super::BuildError;
use crate::{
    api::Client,
    build::{PulledFlow, StoredDeployment, pulled_code::pull_flow, steps},
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    project::Project,
    resolve::ApiLookup,
    template::Resolver,
    validate::{self, PreparationError, PreparedDeployment, PreparedProject},
    value::Mapping,
};

/// Step sections to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepSelection {
    pub(crate) build: bool,
    pub(crate) push: bool,
    pub(crate) pull: bool,
    /// Working directory of the pull steps. If `None`, they run in a temporary directory.
    pub(crate) into: Option<PathBuf>,
}

/// Result of a deployment's steps.
#[derive(Debug)]
pub(crate) struct StepRun {
    pub(crate) deployment: String,
    pub(crate) outputs: Mapping,
    pub(crate) pulled: Option<PulledFlow>,
}

/// Runs steps of the selected deployments.
///
/// # Errors
///
/// Fails if a deploy would fail before its first step, if a step fails, or if the pulled code does not
/// contain the flow.
pub(crate) async fn run_steps(
    ctx: &DeployContext<'_>,
    client: Option<&Client>,
    selection: &StepSelection,
) -> Result<Vec<StepRun>, BuildError> {
    let loaded = validate::load_projects(ctx)?;
    let lookup = ApiLookup(client);
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut projects = validate::prepare(&loaded, ctx, &resolver).await?;
    for PreparedProject { deployments, findings, .. } in &mut projects {
        for PreparedDeployment { sections, .. } in deployments {
            sections.build.retain(|_| selection.build);
            sections.push.retain(|_| selection.push);
            validate::unset_inputs(sections, ctx.environment, findings);
        }
    }
    validate::report_project_findings(&mut projects, ctx)?;
    let count = projects.iter().map(|project| project.deployments.len()).sum();
    if selection.into.is_some() && count > 1 {
        return Err(only_for_one(count));
    }
    let outputs = steps::run(&projects, ctx, &resolver, &mut Vec::new()).await?;
    let mut runs = Vec::new();
    for (project, outputs) in projects.iter_mut().zip(outputs) {
        for (index, outputs) in outputs.into_iter().enumerate() {
            runs.extend(step_run(project, index, outputs, selection, &resolver).await?);
        }
    }
    Ok(runs)
}

/// Returns the result of a deployment's build and push steps, after its pull steps have run if they are selected.
/// `index` is the index of the deployment in the project. Returns `None` if the deployment has no pull steps.
async fn step_run(
    PreparedProject { project, ctx, findings, deployments, .. }: &mut PreparedProject<'_>,
    index: usize,
    outputs: Mapping,
    selection: &StepSelection,
    resolver: &Resolver<'_>,
) -> Result<Option<StepRun>, BuildError> {
    let deployment = &deployments[index];
    let mut run = StepRun { deployment: deployment.resolved.full_name(), outputs, pulled: None };
    if !selection.pull {
        return Ok(Some(run));
    }
    let stored = StoredDeployment::of_prepared(deployment, &run.outputs, ctx, findings);
    validate::report_findings(findings.take(), ctx)?;
    let Some(stored) = stored else { return Ok(None) };
    let pulled = pull_flow(&stored, selection.into.as_deref(), ctx, resolver, true).await;
    run.pulled = Some(pulled.map_err(|error| BuildError::pull(error, project))?);
    Ok(Some(run))
}

/// Runs the pull steps that the server stores for the given deployments.
///
/// # Errors
///
/// Fails if a deployment does not exist, if a step fails, or if the pulled code does not contain the flow.
pub(crate) async fn run_stored(
    names: &[String],
    ctx: &DeployContext<'_>,
    client: &Client,
    into: Option<&Path>,
) -> Result<Vec<StepRun>, BuildError> {
    if into.is_some() && names.len() > 1 {
        return Err(only_for_one(names.len()));
    }
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut runs = Vec::new();
    for name in names {
        let missing = || {
            usage(format!("deployment '{name}' does not exist on the server; specify the name as FLOW/NAME"))
        };
        let (flow, own) = name.split_once('/').ok_or_else(missing)?;
        let deployment = client.deployment_by_name(flow, own).await?.ok_or_else(missing)?;
        let stored = StoredDeployment::of_server(name, flow, &deployment);
        let pulled = pull_flow(&stored, into, ctx, &resolver, false).await;
        let pulled = pulled.map_err(|error| BuildError::pull(error, &Project::empty()))?;
        runs.push(StepRun { deployment: name.clone(), outputs: Mapping::new(), pulled: Some(pulled) });
    }
    Ok(runs)
}

fn only_for_one(count: usize) -> BuildError {
    usage(format!("--into requires that a single deployment is selected, but {count} are selected"))
}

fn usage(message: impl Into<String>) -> BuildError {
    PreparationError::Findings(vec![Diagnostic::error(Code::OPTIONS, message.into())]).into()
}
