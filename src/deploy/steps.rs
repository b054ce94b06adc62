//! The steps of the selected deployments: which there are, whether they can run, and running them.

use std::path::Path;

use super::{Surroundings, prepare::Prepared, pull::PullSteps};
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::{Findings, Project, Section},
    steps::{Listed, Runner, StepContext, StepFailure, problems, registry},
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
    /// A section of the deployment replaces the file's: an empty or null `build` means none, an empty `push` means
    /// none, and a null `push` the file's, as in the reference.
    pub(crate) fn of(project: &Project, one: &Prepared, directory: &Path) -> Self {
        let written = &one.spec.fields;
        let own = one.spec.declared.pointer();
        let root = Pointer::root();
        let build = Section::of(written, "build");
        let push = Section::of(written, "push");
        let pull = Section::of(written, "pull");
        let build = match &build {
            Section::Absent => listed(project, &project.build, &root.join("build")),
            section => listed(project, section, &own.join("build")),
        };
        let push = match &push {
            Section::Absent | Section::Null => listed(project, &project.push, &root.join("push")),
            section => listed(project, section, &own.join("push")),
        };
        let pull_pointer =
            if matches!(pull, Section::Steps(_)) { own.join("pull") } else { root.join("pull") };
        let pull = super::pull::pull_steps(project, written, &one.fields, directory);
        Self { build, push, pull, pull_pointer }
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

/// Checks a step that runs here: its form, its name, and its inputs as far as they are written out.
pub(crate) fn check(listed: &Listed, findings: &mut Findings<'_>) {
    let Some(entries) = listed.step.as_mapping().filter(|entries| !entries.is_empty()) else { return };
    let Some((name, inputs)) = form(entries, &listed.pointer, findings) else { return };
    let pointer = listed.pointer.join(name);
    let Some(entry) = registry::find(name) else {
        let message = format!("there is no step '{name}' that can run here");
        let diagnostic =
            Diagnostic { help: registry::doubt(name), ..Diagnostic::error(Code::UNKNOWN_STEP, message) };
        findings.at_key(&pointer, diagnostic);
        return;
    };
    let inputs = inputs.iter().filter(|(key, _)| !matches!(key.as_str(), Some("id" | "requires")));
    let inputs: Mapping = inputs.map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, message) in problems(entry, &inputs, false) {
        let diagnostic = Diagnostic::error(Code::STEP_INPUT, message);
        match key {
            Some(key) => findings.at_key_once(&pointer.join(key), diagnostic),
            None => findings.at_key_once(&pointer, diagnostic),
        }
    }
}

/// Checks pull steps, which only a worker runs: a name that is probably wrong would fail there.
pub(crate) fn check_pull(steps: &[Value], pointer: &Pointer, findings: &mut Findings<'_>) {
    for (index, step) in steps.iter().enumerate() {
        let Some((Some(name), _)) =
            step.as_mapping().and_then(|step| step.iter().next()).map(|(k, v)| (k.as_str(), v))
        else {
            continue;
        };
        if let Some(doubt) = registry::doubt(name) {
            let message = format!("workers will not find the pull step '{name}'");
            let diagnostic = Diagnostic::warning(Code::UNKNOWN_PULL_STEP, message).help(doubt);
            findings.at_key_once(&pointer.join(index).join(name), diagnostic);
        }
    }
}

/// The name and the inputs of a step that has the right form.
fn form<'a>(
    entries: &'a Mapping,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<(&'a str, &'a Mapping)> {
    let (name, inputs) = entries.iter().next()?;
    let name = name.as_str()?;
    let diagnostic = match inputs {
        _ if entries.len() > 1 => {
            let others: Vec<_> = entries.keys().skip(1).filter_map(Value::as_str).collect();
            Diagnostic::error(
                Code::STEP_FORM,
                format!("Step has unexpected additional keys: {}", others.join(", ")),
            )
            .help("indent the inputs of a step further than its name")
        }
        Value::Mapping(inputs) => return Some((name, inputs)),
        _ => Diagnostic::error(Code::STEP_FORM, format!("the step '{name}' has no inputs"))
            .help("write its inputs below it, or `{}` if it takes none"),
    };
    findings.at_key_once(&pointer.join(name), diagnostic);
    None
}

/// Runs the build steps of all deployments, then the push steps; gives the outputs of each.
///
/// Every deployment starts in the project's directory. Equal steps run once.
pub(crate) async fn run(
    prepared: &[(Prepared, Sections)],
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
) -> Result<Vec<Mapping>, StepFailure> {
    let mut runner = Runner::new(with.environment, resolver);
    let mut outputs = vec![Mapping::new(); prepared.len()];
    let mut contexts: Vec<StepContext<'_>> = prepared.iter().map(|_| context(with)).collect();
    if prepared.iter().any(|(_, sections)| !sections.build.is_empty()) {
        with.progress.status("Running deployment build steps...");
    }
    for (((_, sections), outputs), context) in prepared.iter().zip(&mut outputs).zip(&mut contexts) {
        runner.run(&sections.build, outputs, context).await?;
    }
    if prepared.iter().any(|(_, sections)| !sections.push.is_empty()) {
        with.progress.status("Running deployment push steps...");
    }
    for (((one, sections), outputs), context) in prepared.iter().zip(&mut outputs).zip(&mut contexts) {
        runner.run(&sections.push, outputs, context).await?;
        outputs.extend(one.spec.variables.clone());
    }
    Ok(outputs)
}

fn context<'a>(with: &Surroundings<'a>) -> StepContext<'a> {
    StepContext {
        directory: with.directory.to_owned(),
        environment: with.environment,
        docker_namespace: with.docker_namespace,
        clock: with.clock,
        progress: with.progress,
    }
}
