//! Runs the build and push steps of deployments.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuildError, image_lock, step_context::step_context};
use crate::{
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections},
    docker::registry::ImageDigests,
    names,
    steps::{
        DistinctStep, DryRun, DryRunState, History, List, LockUse, Ran, Runner, Section, StepContext,
        StepKind,
    },
    template::Resolver,
    validate::PreparedProject,
    value::{Mapping, Value},
};

/// Runs the build and push steps of all deployments. Returns the outputs for each deployment of each project.
///
/// The result is the same as if the deployments ran their steps one after the other. Steps start in the project's
/// root directory. Identical steps run only once, even if they are in different files. Stores the steps that have run
/// in `ran`, even if a step fails.
pub(crate) async fn run(
    projects: &[PreparedProject<'_>],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    ran: &mut Vec<Ran>,
) -> Result<Vec<Vec<Mapping>>, BuildError> {
    if ctx.options.images.reads_lock() {
        // Reports images that are missing in the lock before any step runs.
        dry_run(projects, ctx, resolver).await?;
    }
    let runner = Runner::new(resolver, ctx.options.jobs, ctx.options.strict);
    let deployments = projects.iter().flat_map(|project| &project.deployments);
    let steps = deployments.flat_map(|(_, sections)| sections.local()).map(|(_, listed)| listed);
    runner.announce(steps, ctx.progress);
    let digests = ImageDigests::default();
    let outputs = run_lists(&runner, projects, resolver, &digests).await;
    *ran = runner.ran();
    let outputs = outputs?;
    if let LockUse::Write(path) = &ctx.options.images.lock {
        image_lock::write(path, ran, &digests)?;
    }
    for line in ran.iter().filter_map(shared) {
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
        for ((resolved, sections), (outputs, context)) in project.deployments.iter().zip(states) {
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
        for ((resolved, _), outputs) in project.deployments.iter().zip(outputs) {
            outputs.extend(resolved.spec.variables.clone());
        }
    }
    Ok(outputs)
}

/// Describes an image or a push shared by multiple deployments. Returns `None` for other steps, and for steps that
/// were not shared.
fn shared(ran: &Ran) -> Option<String> {
    const NAMED: usize = 5;
    let done = match ran.kind {
        StepKind::BuildDockerImage | StepKind::PushDockerImage if ran.is_reused() => "reused",
        StepKind::BuildDockerImage => "built once",
        StepKind::PushDockerImage => "pushed once",
        StepKind::PushToS3 | StepKind::PushToGcs | StepKind::PushToAzure => "done once",
        _ => return None,
    };
    let count = ran.deployments.len();
    let names = names::first_of(&ran.deployments, NAMED);
    let what = ran.image().unwrap_or(&ran.step);
    (count > 1).then(|| format!("{what}: {done} for {count} deployments: {names}"))
}

/// A step that would run, with the indexes of the deployments that use it. The indexes refer to the list of all
/// projects' deployments.
#[derive(Debug)]
pub(crate) struct UsedStep {
    pub(crate) step: DistinctStep,
    pub(crate) section: Section,
    pub(crate) deployments: Vec<usize>,
}

/// Lists the steps that [`run`] would run. The returned outputs contain markers instead of values.
pub(crate) async fn dry_run(
    projects: &[PreparedProject<'_>],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<(Vec<Vec<Mapping>>, Vec<UsedStep>), BuildError> {
    let mut dry_run = DryRun::new(ctx.environment, resolver, &ctx.options.images);
    let not_begun = |project: &PreparedProject<'_>| {
        project.deployments.iter().map(|deployment| not_begun(deployment, &project.ctx)).collect()
    };
    let mut progressed: Vec<Vec<DryRunState>> = projects.iter().map(not_begun).collect();
    let mut users: BTreeMap<usize, (Section, BTreeSet<usize>)> = BTreeMap::new();
    let mut index = 0;
    for (project, states) in projects.iter().zip(&mut progressed) {
        for ((resolved, sections), state) in project.deployments.iter().zip(states) {
            for (section, steps) in [(Section::Build, &sections.build), (Section::Push, &sections.push)] {
                let added = dry_run.add(steps, &resolved.scope, state).await;
                for step in added.map_err(|failure| BuildError::step(failure, project.project))? {
                    users.entry(step).or_insert((section, BTreeSet::new())).1.insert(index);
                }
            }
            index += 1;
        }
    }
    let outputs = |(project, states): (&PreparedProject<'_>, Vec<DryRunState>)| {
        let outputs = project.deployments.iter().zip(states).map(|((resolved, _), state)| {
            state.outputs.into_iter().chain(resolved.spec.variables.clone()).collect()
        });
        outputs.collect()
    };
    let outputs = projects.iter().zip(progressed).map(outputs).collect();
    let steps = dry_run
        .into_steps()
        .into_iter()
        .zip(users.into_values())
        .map(|(step, (section, users))| UsedStep { step, section, deployments: users.into_iter().collect() });
    Ok((outputs, steps.collect()))
}

fn not_begun(
    (resolved, sections): &(ResolvedDeployment, StepSections),
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
