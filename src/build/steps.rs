//! Runs the build and push steps of deployments.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections},
    docker::registry::ImageDigests,
    names,
    steps::{
        List, Preview, PreviewState, PreviewedStep, Ran, Runner, Section, StepContext, StepFailure, StepKind,
    },
    template::Resolver,
    value::{Mapping, Value},
};

/// Runs the build steps of all deployments and then their push steps. Returns the outputs for each
/// deployment.
///
/// The steps of each deployment start in the project's directory. Identical steps are only run once. The
/// steps that were run are stored in `ran`, even if a step fails.
pub(crate) async fn run(
    prepared: &[(ResolvedDeployment, StepSections)],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    ran: &mut Vec<Ran>,
) -> Result<Vec<Mapping>, StepFailure> {
    let runner = Runner::new(resolver, ctx.options.jobs, ctx.options.strict);
    let all = |section: Section| prepared.iter().flat_map(move |(_, sections)| sections.local(section));
    runner.announce(Section::LOCAL.into_iter().flat_map(all), ctx.progress);
    let outputs = run_sections(&runner, prepared, ctx, resolver).await;
    *ran = runner.ran();
    let outputs = outputs?;
    for line in ran.iter().filter_map(shared) {
        ctx.progress.remark(&line);
    }
    Ok(outputs)
}

async fn run_sections(
    runner: &Runner<'_>,
    prepared: &[(ResolvedDeployment, StepSections)],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<Vec<Mapping>, StepFailure> {
    let mut outputs = vec![Mapping::new(); prepared.len()];
    let digests = ImageDigests::default();
    let mut contexts: Vec<StepContext<'_>> =
        prepared.iter().map(|_| context(ctx, resolver, &digests)).collect();
    for section in Section::LOCAL {
        let lists = prepared.iter().zip(&mut outputs).zip(&mut contexts);
        let lists = lists.filter_map(|(((resolved, sections), outputs), context)| {
            let (deployment, steps) = (resolved.full_name(), sections.local(section));
            (!steps.is_empty()).then_some(List {
                deployment,
                steps,
                outputs,
                scope: &resolved.scope,
                context,
            })
        });
        let lists: Vec<List<'_, '_>> = lists.collect();
        if !lists.is_empty() {
            ctx.progress.remark(&format!("Running deployment {section} steps..."));
            runner.run(section, lists).await?;
        }
    }
    for ((resolved, _), outputs) in prepared.iter().zip(&mut outputs) {
        outputs.extend(resolved.spec.variables.clone());
    }
    Ok(outputs)
}

/// Describes a step that several deployments shared. Returns `None` if the step was not shared.
fn shared(ran: &Ran) -> Option<String> {
    const NAMED: usize = 5;
    if ran.is_ordered {
        return None;
    }
    let count = ran.deployments.len();
    let done = match ran.kind {
        _ if ran.is_reused() => "reused",
        StepKind::BuildDockerImage => "built once",
        StepKind::PushDockerImage => "pushed once",
        _ => "done once",
    };
    let names = names::first_of(&ran.deployments, NAMED);
    let what = ran.image().unwrap_or(&ran.step);
    (count > 1).then(|| format!("{what}: {done} for {count} deployments: {names}"))
}

/// A step that would run, with the indexes of the deployments that use it.
#[derive(Debug)]
pub(crate) struct UsedStep {
    pub(crate) step: PreviewedStep,
    pub(crate) section: Section,
    pub(crate) deployments: Vec<usize>,
}

/// Lists the steps that [`run`] would run. The returned outputs contain markers instead of values.
pub(crate) async fn preview(
    prepared: &[(ResolvedDeployment, StepSections)],
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<(Vec<Mapping>, Vec<UsedStep>), StepFailure> {
    let mut preview = Preview::new(ctx.environment, resolver);
    let mut progressed: Vec<PreviewState> =
        prepared.iter().map(|resolved| not_begun(resolved, ctx)).collect();
    let mut users: BTreeMap<usize, (Section, BTreeSet<usize>)> = BTreeMap::new();
    for section in Section::LOCAL {
        for (index, (resolved, sections)) in prepared.iter().enumerate() {
            let steps = sections.local(section);
            let added = preview.add(steps, &resolved.scope, &mut progressed[index]).await?;
            for step in added {
                users.entry(step).or_insert((section, BTreeSet::new())).1.insert(index);
            }
        }
    }
    let outputs = prepared.iter().zip(progressed).map(|((resolved, _), progressed)| {
        let variables = resolved.spec.variables.clone();
        progressed.outputs.into_iter().chain(variables).collect()
    });
    let steps = preview
        .into_steps()
        .into_iter()
        .zip(users.into_values())
        .map(|(step, (section, users))| UsedStep { step, section, deployments: users.into_iter().collect() });
    Ok((outputs.collect(), steps.collect()))
}

fn not_begun(
    (resolved, sections): &(ResolvedDeployment, StepSections),
    ctx: &DeployContext<'_>,
) -> PreviewState {
    let pull = match &sections.pull {
        PullSteps::Listed(steps) => steps.as_slice(),
        PullSteps::None | PullSteps::Generated { .. } => &[],
    };
    let steps = sections.build.iter().chain(&sections.push).map(|listed| &listed.step).chain(pull);
    let templates = steps.cloned().chain([resolved.fields.to_template()]).collect();
    PreviewState {
        outputs: Mapping::new(),
        directory: ctx.directory.to_owned(),
        templates: Value::Sequence(templates),
    }
}

pub(super) fn context<'a>(
    ctx: &DeployContext<'a>,
    resolver: &'a Resolver<'a>,
    digests: &'a ImageDigests,
) -> StepContext<'a> {
    StepContext {
        directory: ctx.directory.to_owned(),
        environment: Cow::Borrowed(ctx.environment),
        python: ctx.options.python.interpreter.as_deref(),
        docker_namespace: ctx.docker_namespace,
        images: &ctx.options.images,
        digests,
        clock: ctx.clock,
        progress: ctx.progress,
        resolver,
        without_outputs: false,
    }
}
