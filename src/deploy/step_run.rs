//! Runs steps without registering anything.

use std::path::{Path, PathBuf};

use super::{Failure, preparation};
use crate::{
    api::Client,
    build::{
        Found,
        pulled_code::{self, Workspace},
        steps,
    },
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    project::Project,
    resolve::ApiLookup,
    template::Resolver,
    validate,
    value::Mapping,
};

/// Which steps to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sought {
    pub(crate) build: bool,
    pub(crate) push: bool,
    pub(crate) pull: bool,
    /// Where to pull to; a temporary directory if nowhere.
    pub(crate) into: Option<PathBuf>,
}

/// What the steps of a deployment gave.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) deployment: String,
    pub(crate) outputs: Mapping,
    pub(crate) pulled: Option<Found>,
}

/// Runs steps of the deployments that the options pick, as a deploy would, or a worker.
///
/// # Errors
///
/// Anything that would end a deploy, a step that fails, or a flow that is not in what was pulled.
pub(crate) async fn run_steps(
    ctx: &DeployContext<'_>,
    client: Option<&Client>,
    sought: &Sought,
) -> Result<Vec<Trial>, Failure> {
    let loaded = preparation::load(ctx)?;
    let project = &loaded.project;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(client);
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut prepared = preparation::prepare(project, ctx, &resolver, &mut findings).await?;
    for (_, sections) in &mut prepared {
        sections.build.retain(|_| sought.build);
        sections.push.retain(|_| sought.push);
        validate::unset_inputs(sections, ctx.environment, &mut findings);
    }
    preparation::stop_on_errors(&mut findings, ctx)?;
    if sought.into.is_some() && prepared.len() > 1 {
        return Err(only_one(prepared.len()));
    }
    let outputs = steps::run(&prepared, ctx, &resolver, &mut Vec::new()).await;
    let outputs = outputs.map_err(|failure| Failure::step(failure, project))?;
    let mut trials = Vec::new();
    for ((one, sections), outputs) in prepared.iter().zip(outputs) {
        let mut trial = Trial { deployment: one.full_name(), outputs, pulled: None };
        if sought.pull {
            let stored = pulled_code::would_be_stored(one, sections, &trial.outputs, ctx, &mut findings);
            preparation::stop_on_errors(&mut findings, ctx)?;
            let Some(stored) = stored else { continue };
            let place =
                Workspace::new(sought.into.as_deref()).map_err(|error| Failure::pull(error, project))?;
            let pulled = pulled_code::pull(&stored, place.path(), ctx, &resolver, true)
                .await
                .map_err(|error| Failure::pull(error, project))?;
            trial.pulled = Some(pulled);
        }
        trials.push(trial);
    }
    Ok(trials)
}

/// Runs the pull steps that the server has of a deployment.
///
/// # Errors
///
/// No such deployment, a step that fails, or a flow that is not in what was pulled.
pub(crate) async fn run_stored(
    names: &[String],
    ctx: &DeployContext<'_>,
    client: &Client,
    into: Option<&Path>,
) -> Result<Vec<Trial>, Failure> {
    if into.is_some() && names.len() > 1 {
        return Err(only_one(names.len()));
    }
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut trials = Vec::new();
    for name in names {
        let missing = || usage(format!("there is no deployment '{name}' on the server; write FLOW/NAME"));
        let (flow, own) = name.split_once('/').ok_or_else(missing)?;
        let deployment = client.deployment_by_name(flow, own).await?.ok_or_else(missing)?;
        let place = Workspace::new(into).map_err(|error| Failure::pull(error, &Project::empty()))?;
        let found = pulled_code::pull(
            &pulled_code::stored(name, flow, &deployment),
            place.path(),
            ctx,
            &resolver,
            false,
        )
        .await
        .map_err(|error| Failure::pull(error, &Project::empty()))?;
        let deployment = name.clone();
        trials.push(Trial { deployment, outputs: Mapping::new(), pulled: Some(found) });
    }
    Ok(trials)
}

fn only_one(count: usize) -> Failure {
    usage(format!("--into is for one deployment, not for {count}"))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::Findings(vec![Diagnostic::error(Code::OPTIONS, message.into())])
}
