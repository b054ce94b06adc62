//! Runs the build and push steps of deployments.

use super::{BuildError, image_lock, step_context::step_context};
use crate::{
    deployment::{DeployContext, PullSteps},
    docker::registry::ImageDigests,
    names,
    steps::{
        CompletedStep, DistinctStep, DryRun, DryRunState, History, List, LockUse, Runner, StepContext,
        StepKind,
    },
    template::Resolver,
    validate::{PreparedDeployment, PreparedProject},
    value::{Mapping, Value},
};

/// Runs the build and push steps of all deployments. Returns the outputs for each deployment of each project.
///
/// The result is the same as if the deployments ran their steps sequentially. Steps start in the project's
/// root directory. Identical steps run only once, even if they are in different files. Stores the steps that
/// have run in `completed`, even if a step fails.
pub(crate) async fn run(
    projects: &[PreparedProject<'_>],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    completed: &mut Vec<CompletedStep>,
) -> Result<Vec<Vec<Mapping>>, BuildError> {
    if ctx.options.images.reads_lock() {
        // Reports images that are missing in the lock before any step runs.
        dry_run(projects, ctx, resolver).await?;
    }
    let runner = Runner::new(resolver, ctx.options.jobs, ctx.options.strict);
    let deployments = projects.iter().flat_map(|project| &project.deployments);
    let steps = deployments.flat_map(|prepared| prepared.sections.local()).map(|(_, listed)| listed);
    runner.announce(steps, ctx.progress);
    let digests = ImageDigests::default();
    let outputs = run_lists(&runner, projects, resolver, &digests).await;
    *completed = runner.completed_steps();
    let outputs = outputs?;
    if let LockUse::Write(path) = &ctx.options.images.lock {
        image_lock::write(path, completed, &digests)?;
    }
    for line in completed.iter().filter_map(shared) {
        ctx.progress.remark(&line);
    }
    Ok(outputs)
}

async fn run_lists(
    runner: &Runner<'_>,
    projects: &[PreparedProject<'_>],
    resolver: &Resolver<'_>,
    digests: &ImageDigests,
) -> Result<Vec<Vec<Mapping>>, BuildError> {
    let mut outputs: Vec<Vec<Mapping>> =
        projects.iter().map(|project| vec![Mapping::new(); project.deployments.len()]).collect();
    let mut contexts: Vec<Vec<StepContext<'_>>> = projects
        .iter()
        .map(|project| {
            project.deployments.iter().map(|_| step_context(&project.ctx, resolver, digests)).collect()
        })
        .collect();
    let (mut owners, mut lists) = (Vec::new(), Vec::new());
    for (project, (outputs, contexts)) in projects.iter().zip(outputs.iter_mut().zip(&mut contexts)) {
        let states = outputs.iter_mut().zip(contexts);
        for (prepared, (outputs, context)) in project.deployments.iter().zip(states) {
            let PreparedDeployment { resolved, sections } = prepared;
            let (deployment, steps) = (resolved.full_name(), sections.local().collect::<Vec<_>>());
            if !steps.is_empty() {
                owners.push(project.project);
                lists.push(List { deployment, steps, outputs, scope: &resolved.scope, context });
            }
        }
    }
    let failed = |(list, failure): (usize, _)| BuildError::step(failure, owners[list]);
    runner.run(lists).await.map_err(failed)?;
    for (project, outputs) in projects.iter().zip(&mut outputs) {
        for (prepared, outputs) in project.deployments.iter().zip(outputs) {
            outputs.extend(prepared.resolved.spec.variables.clone());
        }
    }
    Ok(outputs)
}

/// Describes an image or a push shared by multiple deployments. Returns `None` for other steps, and for steps that
/// were not shared.
fn shared(step: &CompletedStep) -> Option<String> {
    const NAMED: usize = 5;
    let done = match step.kind {
        StepKind::BuildDockerImage | StepKind::PushDockerImage if step.is_reused() => "reused",
        StepKind::BuildDockerImage => "built once",
        StepKind::PushDockerImage => "pushed once",
        StepKind::PushToS3 | StepKind::PushToGcs | StepKind::PushToAzure => "done once",
        _ => return None,
    };
    let count = step.deployments.len();
    let names = names::first_of(&step.deployments, NAMED);
    let subject = step.image().unwrap_or(&step.name);
    (count > 1).then(|| format!("{subject}: {done} for {count} deployments: {names}"))
}

/// Lists the steps that [`run`] would run. A step's deployment indexes refer to the combined list of all
/// projects' deployments. The returned outputs contain markers instead of values.
pub(crate) async fn dry_run(
    projects: &[PreparedProject<'_>],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<(Vec<Vec<Mapping>>, Vec<DistinctStep>), BuildError> {
    let mut dry_run = DryRun::new(ctx.environment, resolver, &ctx.options.images);
    let initial_states = |project: &PreparedProject<'_>| {
        project.deployments.iter().map(|deployment| initial_state(deployment, &project.ctx)).collect()
    };
    let mut states: Vec<Vec<DryRunState>> = projects.iter().map(initial_states).collect();
    let mut index = 0;
    for (project, states) in projects.iter().zip(&mut states) {
        for (prepared, state) in project.deployments.iter().zip(states) {
            let PreparedDeployment { resolved, sections } = prepared;
            let added = dry_run.add(index, sections.local(), &resolved.scope, state).await;
            added.map_err(|failure| BuildError::step(failure, project.project))?;
            index += 1;
        }
    }
    let outputs = |(project, states): (&PreparedProject<'_>, Vec<DryRunState>)| {
        let outputs = project.deployments.iter().zip(states).map(|(prepared, state)| {
            state.outputs.into_iter().chain(prepared.resolved.spec.variables.clone()).collect()
        });
        outputs.collect()
    };
    let outputs = projects.iter().zip(states).map(outputs).collect();
    Ok((outputs, dry_run.into_steps()))
}

fn initial_state(
    PreparedDeployment { resolved, sections }: &PreparedDeployment,
    ctx: &DeployContext<'_>,
) -> DryRunState {
    let pull = match &sections.pull {
        PullSteps::Listed(steps) => steps.as_slice(),
        PullSteps::None | PullSteps::Generated { .. } => &[],
    };
    let steps = sections.local().map(|(_, listed)| &listed.step).chain(pull);
    let templates = steps.cloned().chain([resolved.fields.to_template()]).collect();
    DryRunState {
        outputs: Mapping::new(),
        directory: ctx.directory.to_owned(),
        docker_namespace: ctx.docker_namespace.map(str::to_owned),
        history: History::default(),
        templates: Value::Sequence(templates),
    }
}
