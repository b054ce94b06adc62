//! The steps of the selected deployments: which there are, and running them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Surroundings, overrides::Spec, prepare::Prepared, pull::PullSteps};
use crate::{
    names,
    pointer::Pointer,
    project::{Project, Section},
    steps::{List, Listed, Preview, PreviewedStep, Progressed, Ran, Runner, StepContext, StepFailure},
    template::Resolver,
    value::{Mapping, Value},
};

/// The steps of one deployment, its own or those of the file.
#[derive(Debug)]
pub(crate) struct Sections {
    pub(crate) build: Vec<Listed>,
    pub(crate) push: Vec<Listed>,
    pub(crate) pull: PullSteps,
    /// Where the pull steps are listed.
    pub(crate) pull_pointer: Pointer,
}

impl Sections {
    pub(crate) fn of(project: &Project, one: &Prepared, directory: &Path) -> Self {
        let written = &one.spec.fields;
        let (build, push) = Self::build_and_push(project, &one.spec);
        let is_own = matches!(Section::of(written, "pull"), Section::Steps(_));
        let owner = if is_own { one.spec.declared.pointer() } else { Pointer::root() };
        let pull = super::pull::pull_steps(project, written, &one.fields, directory);
        Self { build, push, pull, pull_pointer: owner.join("pull") }
    }

    fn build(&self) -> &[Listed] {
        &self.build
    }

    fn push(&self) -> &[Listed] {
        &self.push
    }

    /// The steps that run here.
    ///
    /// A section of the deployment replaces the file's: an empty or null `build` means none, an empty `push` means
    /// none, and a null `push` the file's, as in the reference.
    pub(crate) fn build_and_push(project: &Project, spec: &Spec) -> (Vec<Listed>, Vec<Listed>) {
        let own = spec.declared.pointer();
        let root = Pointer::root();
        let build = match &Section::of(&spec.fields, "build") {
            Section::Absent => listed(project, &project.build, &root.join("build")),
            section => listed(project, section, &own.join("build")),
        };
        let push = match &Section::of(&spec.fields, "push") {
            Section::Absent | Section::Null => listed(project, &project.push, &root.join("push")),
            section @ Section::Steps(_) => listed(project, section, &own.join("push")),
        };
        (build, push)
    }
}

fn listed(project: &Project, section: &Section, pointer: &Pointer) -> Vec<Listed> {
    let is_list =
        project.document.as_ref().and_then(|document| document.locate(pointer)?.as_sequence()).is_some();
    let at = |index: usize| if is_list { pointer.join(index) } else { pointer.clone() };
    let listed = |(index, step): (usize, &Value)| Listed {
        step: step.clone(),
        written: project.document.as_ref().map(|document| document.value_span(&at(index))),
        pointer: at(index),
    };
    section.steps().iter().enumerate().map(listed).collect()
}

type StepsOf = fn(&Sections) -> &[Listed];

/// Runs the build steps of all deployments, then the push steps; gives the outputs of each deployment.
///
/// Every deployment starts in the project's directory. Equal steps run once. `ran` gets what has run, also when one
/// fails.
pub(crate) async fn run(
    prepared: &[(Prepared, Sections)],
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    ran: &mut Vec<Ran>,
) -> Result<Vec<Mapping>, StepFailure> {
    let runner = Runner::new(resolver, with.options.jobs, with.options.strict);
    let all = |steps_of: StepsOf| prepared.iter().flat_map(move |(_, sections)| steps_of(sections));
    runner.announce(all(Sections::build).chain(all(Sections::push)), with.progress);
    let outputs = run_sections(&runner, prepared, with, resolver).await;
    *ran = runner.ran();
    let outputs = outputs?;
    for line in ran.iter().filter_map(shared) {
        with.progress.remark(&line);
    }
    Ok(outputs)
}

async fn run_sections(
    runner: &Runner<'_>,
    prepared: &[(Prepared, Sections)],
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
) -> Result<Vec<Mapping>, StepFailure> {
    let mut outputs = vec![Mapping::new(); prepared.len()];
    let mut contexts: Vec<StepContext<'_>> = prepared.iter().map(|_| context(with, resolver)).collect();
    for (phase, steps_of) in [("build", Sections::build as StepsOf), ("push", Sections::push)] {
        let lists = prepared.iter().zip(&mut outputs).zip(&mut contexts);
        let lists = lists.filter_map(|(((one, sections), outputs), context)| {
            let (deployment, steps) = (one.full_name(), steps_of(sections));
            (!steps.is_empty()).then_some(List { deployment, steps, outputs, scope: &one.scope, context })
        });
        let lists: Vec<List<'_, '_>> = lists.collect();
        if !lists.is_empty() {
            with.progress.remark(&format!("Running deployment {phase} steps..."));
            runner.run(phase, lists).await?;
        }
    }
    for ((one, _), outputs) in prepared.iter().zip(&mut outputs) {
        outputs.extend(one.spec.variables.clone());
    }
    Ok(outputs)
}

/// Says for whom a build or push has run that several deployments share.
fn shared(ran: &Ran) -> Option<String> {
    const NAMED: usize = 5;
    if ran.is_ordered {
        return None;
    }
    let count = ran.deployments.len();
    let done = match (ran.is_reused(), ran.step.as_str()) {
        (true, _) => "reused",
        (_, "build_docker_image") => "built once",
        (_, "push_docker_image") => "pushed once",
        _ => "done once",
    };
    let names = names::first_of(&ran.deployments, NAMED);
    let what = ran.image().unwrap_or(&ran.step);
    (count > 1).then(|| format!("{what}: {done} for {count} deployments: {names}"))
}

/// A step that would run, and the positions of the deployments that it would run for.
#[derive(Debug)]
pub(crate) struct UsedStep {
    pub(crate) step: PreviewedStep,
    /// `build` or `push`.
    pub(crate) section: &'static str,
    pub(crate) deployments: Vec<usize>,
}

/// Goes through the steps as [`run`] does, without running any; the outputs are stand-ins.
pub(crate) async fn preview(
    prepared: &[(Prepared, Sections)],
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
) -> Result<(Vec<Mapping>, Vec<UsedStep>), StepFailure> {
    let mut preview = Preview::new(with.environment, resolver);
    let mut progressed: Vec<Progressed> = prepared.iter().map(|one| not_begun(one, with)).collect();
    let mut users: BTreeMap<usize, (&'static str, BTreeSet<usize>)> = BTreeMap::new();
    for section in ["build", "push"] {
        for (index, (one, sections)) in prepared.iter().enumerate() {
            let steps = if section == "build" { &sections.build } else { &sections.push };
            let added = preview.add(steps, &one.scope, &mut progressed[index]).await?;
            for step in added {
                users.entry(step).or_insert((section, BTreeSet::new())).1.insert(index);
            }
        }
    }
    let outputs = prepared.iter().zip(progressed).map(|((one, _), progressed)| {
        let variables = one.spec.variables.clone();
        progressed.outputs.into_iter().chain(variables).collect()
    });
    let steps = preview
        .into_steps()
        .into_iter()
        .zip(users.into_values())
        .map(|(step, (section, users))| UsedStep { step, section, deployments: users.into_iter().collect() });
    Ok((outputs.collect(), steps.collect()))
}

fn not_begun((one, sections): &(Prepared, Sections), with: &Surroundings<'_>) -> Progressed {
    let pull = match &sections.pull {
        PullSteps::Listed(steps) => steps.as_slice(),
        PullSteps::None | PullSteps::Generated { .. } => &[],
    };
    let steps = sections.build.iter().chain(&sections.push).map(|listed| &listed.step).chain(pull);
    let templates = steps.cloned().chain([Value::Mapping(Mapping::clone(&one.fields))]).collect();
    Progressed {
        outputs: Mapping::new(),
        directory: with.directory.to_owned(),
        templates: Value::Sequence(templates),
    }
}

pub(super) fn context<'a>(with: &Surroundings<'a>, resolver: &'a Resolver<'a>) -> StepContext<'a> {
    StepContext {
        directory: with.directory.to_owned(),
        environment: Cow::Borrowed(with.environment),
        python: with.options.python.interpreter.as_deref(),
        docker_namespace: with.docker_namespace,
        images: &with.options.images,
        clock: with.clock,
        progress: with.progress,
        resolver,
        without_outputs: false,
    }
}
