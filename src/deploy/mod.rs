//! Deploying: from prefect.yaml and options to deployments on the server.
//!
//! Data flows one way: load, select, override, resolve and inspect (`prepare`), check, run the steps, render, observe
//! (`live`), compare (`plan`), apply, report. Nothing is written before everything that can be checked has been.

mod apply;
mod check;
mod desired;
mod expressions;
mod failure;
mod items;
mod live;
mod lookup;
mod options;
mod outputs;
mod overrides;
mod plan;
mod prepare;
mod pull;
mod render;
mod report;
mod select;
mod slas;
mod steps;
mod trial;
mod triggers;
mod version;
mod workspace;

pub(crate) use apply::Pacer;
pub(crate) use failure::Failure;
pub(crate) use options::Options;
pub(crate) use report::{Line, Report, Status};
pub(crate) use select::SelectError;
pub(crate) use trial::{Found, Sought, Trial, run_steps, run_stored};
pub(crate) use workspace::Pulled;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use self::{
    desired::Desired,
    expressions::Names,
    live::Live,
    lookup::ApiLookup,
    overrides::Spec,
    prepare::{FlowNames, Prepared, Preparing},
    pull::PullSteps,
    render::Rendering,
    steps::Sections,
    workspace::Stored,
};
use crate::{
    api::{Client, Links, WorkPool},
    clock::Clock,
    diagnostics::{Code, Diagnostic, Severity},
    environment::Environment,
    flow::{Asking, Inspector},
    git,
    progress::Progress,
    project::{self, Declared, Findings, Project, ProjectError, Section},
    secret::Redactor,
    template::Resolver,
    value::Value,
};

/// What a deploy works with on this side of the API.
pub(crate) struct Surroundings<'a> {
    pub(crate) options: &'a Options,
    /// The current directory, links resolved.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) redactor: &'a Redactor,
    pub(crate) default_work_pool: Option<&'a str>,
    pub(crate) docker_namespace: Option<&'a str>,
}

/// The server to deploy to.
pub(crate) struct Server<'a> {
    pub(crate) client: &'a Client,
    pub(crate) links: &'a Links,
    /// Told by the client when the server is busy.
    pub(crate) pacer: &'a Pacer,
}

/// Deploys what the options say.
///
/// # Errors
///
/// When nothing was registered. What went wrong while registering is in the report.
pub(crate) async fn deploy(with: &Surroundings<'_>, server: &Server<'_>) -> Result<Report, Failure> {
    let (project, warnings) = load(with)?;
    let mut findings = Findings::new(project.document.as_ref());
    for warning in warnings {
        findings.push(warning);
    }

    let lookup = ApiLookup(Some(server.client));
    let resolver = Resolver::new(&lookup, with.redactor.clone());
    let prepared = prepare(&project, with, &resolver, &mut findings).await?;
    for (_, sections) in &prepared {
        check::unset_inputs(sections, with.environment, &mut findings);
    }
    let pools = check_with_server(&prepared, server.client, &mut findings).await;
    // The file's mistakes are told even if the server cannot be asked.
    stop_on_errors(&mut findings, with)?;
    let pools = pools?;
    let on_this_machine: BTreeSet<String> = notes(&prepared)
        .filter(|note| matches!(note, pull::Note::ThisMachine(_)))
        .map(pull::Note::text)
        .collect();
    for note in &on_this_machine {
        with.progress.status(note);
    }

    let results =
        steps::run(&prepared, with, &resolver).await.map_err(|failure| Failure::step(failure, &project))?;
    let rendering = Rendering { with, facts: git::discover(with.directory), pools: &pools };
    let desired: Vec<Desired> = prepared
        .iter()
        .zip(&results.outputs)
        .filter_map(|((one, sections), outputs)| {
            render::render(one, sections, outputs, &rendering, &mut findings)
        })
        .collect();
    stop_on_errors(&mut findings, with)?;
    if with.options.verify_pull {
        let stored: Vec<Stored> = prepared
            .iter()
            .zip(&desired)
            .map(|((_, sections), desired)| trial::of_desired(desired, sections))
            .collect();
        trial::verify(&stored, with, &resolver, &project).await?;
    }

    let report = write(&desired, &pools, with, server).await?;
    Ok(Report { steps: results.ran, ..report })
}

/// Everything that can be found about the selected deployments without asking the server or running anything.
///
/// # Errors
///
/// When there is no file to check, or the options make no sense.
pub(crate) async fn findings(with: &Surroundings<'_>) -> Result<Vec<Diagnostic>, Failure> {
    let path = with.options.prefect_file.as_deref().unwrap_or(Path::new(project::DEFAULT_FILE));
    let (project, warnings) = match project::load(path, with.directory) {
        Err(ProjectError::Invalid { diagnostics, .. }) => return Ok(diagnostics),
        other => other?,
    };
    let mut findings = Findings::new(project.document.as_ref());
    for warning in warnings {
        findings.push(warning);
    }
    if !project.deployments.is_empty() {
        let resolver = Resolver::offline(with.redactor.clone());
        prepare(&project, with, &resolver, &mut findings).await?;
    }
    Ok(findings.take())
}

/// Reads the project file. One that is not named may be missing: then everything comes from the options.
fn load(with: &Surroundings<'_>) -> Result<(Project, Vec<Diagnostic>), Failure> {
    let named = with.options.prefect_file.as_deref();
    let path = named.unwrap_or(Path::new(project::DEFAULT_FILE));
    match project::load(path, with.directory) {
        Err(ProjectError::File(error)) if named.is_none() && error.is_not_found() => {
            Ok((Project::empty(), Vec::new()))
        }
        other => Ok(other?),
    }
}

/// Picks the deployments, lays the options over them, reads their flows and checks each.
///
/// Where the sources do not tell all, Python is asked about all flows at once, and with its answers all is done again:
/// which deployments are picked, and what their expressions give, may depend on them.
async fn prepare(
    project: &Project,
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(Prepared, Sections)>, Failure> {
    let inspector = Inspector::new();
    let mut found = Findings::new(project.document.as_ref());
    let mut prepared = prepare_with(&inspector, project, with, resolver, &mut found).await;
    let (python, environment) = (&with.options.python, with.environment);
    let asking = Asking { python, directory: with.directory, environment, progress: with.progress };
    let asked = inspector.ask_python(&asking).await;
    asked.warnings.into_iter().for_each(|warning| findings.push(warning));
    if asked.learnt {
        found = Findings::new(project.document.as_ref());
        prepared = prepare_with(&inspector, project, with, resolver, &mut found).await;
    }
    found.take().into_iter().for_each(|one| findings.push(one));
    prepared
}

async fn prepare_with(
    inspector: &Inspector,
    project: &Project,
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(Prepared, Sections)>, Failure> {
    let specs = select(project, with, inspector, findings)?;
    let fields: Vec<Value> = specs.iter().map(|spec| Value::Mapping(spec.fields.clone())).collect();
    let steps = [&project.build, &project.push, &project.pull].into_iter().flat_map(Section::steps);
    let names = Names::used_in(fields.iter().chain(steps), with, resolver)
        .await
        .map_err(|error| Failure::resolve(error, None))?;
    let preparing = Preparing { project, with, resolver, inspector, names: &names };
    let mut prepared = Vec::new();
    for spec in specs {
        let Some(one) = preparing.deployment(spec, findings).await? else { continue };
        let sections = Sections::of(project, &one, with.directory);
        check::deployment(&one, &sections, with.environment, &names, findings);
        prepared.push((one, sections));
    }
    prepare::duplicates(prepared.iter().map(|(one, _)| one), findings);
    if notes(&prepared).any(|note| *note == pull::Note::DefaultDirectory) {
        let message = pull::Note::DefaultDirectory.text();
        findings.push(Diagnostic::warning(Code::DEFAULT_DIRECTORY, message));
    }
    Ok(prepared)
}

/// The deployments that the options pick, with the options over them.
fn select(
    project: &Project,
    with: &Surroundings<'_>,
    inspector: &Inspector,
    findings: &mut Findings<'_>,
) -> Result<Vec<Spec>, Failure> {
    let names = FlowNames { inspector, directory: with.directory, environment: with.environment };
    let flow_name = |declared: &Declared| names.of(declared.entrypoint()?);
    let mut selection = select::select(project, with.options, flow_name)?;
    for warning in std::mem::take(&mut selection.warnings) {
        findings.push(warning);
    }
    if !selection.single && with.options.describe_a_deployment() {
        let message = "You have passed options to the deploy command, but you are creating or updating multiple \
                       deployments. These options will be ignored.";
        findings.push(Diagnostic::warning(Code::IGNORED_OPTIONS, message));
    }
    prepare::specs(selection, with, findings)
        .map_err(|(pointer, error)| Failure::option(error, project.place(&pointer)))
}

/// What users are told about the pull steps that were made for them.
fn notes(prepared: &[(Prepared, Sections)]) -> impl Iterator<Item = &pull::Note> {
    prepared.iter().filter_map(|(_, sections)| match &sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}

/// Checks what only the server knows, and reads the work pools.
async fn check_with_server(
    prepared: &[(Prepared, Sections)],
    client: &Client,
    findings: &mut Findings<'_>,
) -> Result<BTreeMap<String, WorkPool>, Failure> {
    if !client.is_cloud() {
        for (one, _) in prepared {
            check::only_on_cloud(one, findings);
        }
    }
    let names: BTreeSet<String> =
        prepared.iter().filter_map(|(one, _)| one.work_pool()).map(str::to_owned).collect();
    let pools = if names.is_empty() { BTreeMap::new() } else { live::work_pools(client, &names).await? };
    let known = if pools.len() < names.len() { live::work_pool_names(client).await? } else { Vec::new() };
    check::work_pools(prepared.iter().map(|(one, _)| one), &pools, &known, findings);
    Ok(pools)
}

/// Shows the warnings; errors, and with `--strict` warnings too, end the deploy.
fn stop_on_errors(findings: &mut Findings<'_>, with: &Surroundings<'_>) -> Result<(), Failure> {
    let mut diagnostics = findings.take();
    if with.options.strict {
        diagnostics.iter_mut().for_each(|one| one.severity = Severity::Error);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    for warning in &warnings {
        with.progress.warn(warning);
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::Findings(errors)) }
}

/// Compares with the server and writes what differs.
async fn write(
    desired: &[Desired],
    pools: &BTreeMap<String, WorkPool>,
    with: &Surroundings<'_>,
    server: &Server<'_>,
) -> Result<Report, Failure> {
    let Server { client, links, pacer } = server;
    let names = desired.iter().map(|one| (one.flow_name.clone(), one.name.clone())).collect();
    let live = Live::observe(client, &names).await?;
    let now = with.clock.now();
    let mut changes = Vec::new();
    for one in desired {
        let change = plan::compare(one, &live, with.options.force, now);
        changes.push((one, change.map_err(|error| Failure::Schedules { name: one.full_name(), error })?));
    }
    let outcomes = apply::apply(client, &live, &changes, now, pacer).await;
    let lines =
        desired.iter().zip(outcomes).map(|(one, outcome)| report::line(one, outcome, links)).collect();
    let idle_pools = report::idle_pools(desired, pools, client).await;
    Ok(Report { lines, idle_pools, steps: Vec::new() })
}
