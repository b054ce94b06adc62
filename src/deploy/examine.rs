//! Everything before the first side effect: the file, the options over it, the flows, and all that can be found to be
//! wrong, with the server and without.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Failure, Surroundings, check,
    expressions::Names,
    live,
    overrides::Spec,
    prepare::{self, FlowNames, Prepared, Preparing},
    pull::{self, PullSteps},
    select,
    steps::Sections,
};
use crate::{
    api::{Capabilities, Client, WorkPool},
    diagnostics::{Code, Diagnostic, Severity},
    flow::{Asking, Inspector},
    project::{self, Declared, Findings, Project, ProjectError, Section},
    template::Resolver,
};

/// The project file as it was read, with what was noticed then.
pub(super) struct Loaded {
    pub(super) project: Project,
    warnings: Vec<Diagnostic>,
}

impl Loaded {
    /// Findings about the file, with those of reading it.
    pub(super) fn findings(&self) -> Findings<'_> {
        let mut findings = Findings::new(self.project.document.as_ref());
        for warning in &self.warnings {
            findings.push(warning.clone());
        }
        findings
    }
}

/// The selected deployments, checked as far as they can be before any step runs.
pub(super) struct Examined {
    pub(super) prepared: Vec<(Prepared, Sections)>,
    /// The work pools that they name, from the server.
    pub(super) pools: BTreeMap<String, WorkPool>,
    /// The server's features; all of them if no server is asked.
    pub(super) capabilities: Capabilities,
    /// What the user has been warned of.
    pub(super) warnings: Vec<Diagnostic>,
}

/// Prepares and checks the selected deployments.
///
/// # Errors
///
/// All that is wrong with them, or that the server could not be asked.
pub(super) async fn examine(
    project: &Project,
    with: &Surroundings<'_>,
    client: &Client,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Examined, Failure> {
    let prepared = prepare(project, with, resolver, findings).await?;
    for (_, sections) in &prepared {
        check::unset_inputs(sections, with.environment, findings);
    }
    let allow_unsupported = with.options.allow_unsupported;
    let checked = check_with_server(&prepared, client, allow_unsupported, findings).await;
    // The file's mistakes are told even if the server cannot be asked.
    let warnings = stop_on_errors(findings, with)?;
    let (pools, capabilities) = checked?;
    Ok(Examined { prepared, pools, capabilities, warnings })
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
    let loaded = Loaded { project, warnings };
    let mut findings = loaded.findings();
    if !loaded.project.deployments.is_empty() {
        let resolver = Resolver::offline(with.redactor.clone());
        prepare(&loaded.project, with, &resolver, &mut findings).await?;
    }
    Ok(findings.take())
}

/// Reads the project file. One that is not named may be missing: then everything comes from the options.
pub(super) fn load(with: &Surroundings<'_>) -> Result<Loaded, Failure> {
    let named = with.options.prefect_file.as_deref();
    let path = named.unwrap_or(Path::new(project::DEFAULT_FILE));
    let (project, warnings) = match project::load(path, with.directory) {
        Err(ProjectError::File(error)) if named.is_none() && error.is_not_found() => {
            (Project::empty(), Vec::new())
        }
        other => other?,
    };
    Ok(Loaded { project, warnings })
}

/// Picks the deployments, lays the options over them, reads their flows and checks each.
///
/// Where the sources do not tell all, Python is asked about all flows at once, and with its answers all is done again:
/// which deployments are picked, and what their expressions give, may depend on them.
pub(super) async fn prepare(
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
    let fields = specs.iter().flat_map(|spec| spec.fields.values());
    let steps = [&project.build, &project.push, &project.pull].into_iter().flat_map(Section::steps);
    let names = Names::used_in(fields.chain(steps), with, resolver)
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

/// The deployments that the options or answers pick, with the options over them.
fn select(
    project: &Project,
    with: &Surroundings<'_>,
    inspector: &Inspector,
    findings: &mut Findings<'_>,
) -> Result<Vec<Spec>, Failure> {
    let names = FlowNames { inspector, directory: with.directory, environment: with.environment };
    let flow_name = |declared: &Declared| names.of(declared.entrypoint()?);
    let mut selection = match &with.options.answered {
        Some(answered) => answered.selection.clone(),
        None => select::select(project, with.options, flow_name)?,
    };
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
pub(super) fn notes(prepared: &[(Prepared, Sections)]) -> impl Iterator<Item = &pull::Note> {
    prepared.iter().filter_map(|(_, sections)| match &sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}

/// Checks what only the server knows, and reads the work pools.
async fn check_with_server(
    prepared: &[(Prepared, Sections)],
    client: &Client,
    allow_unsupported: bool,
    findings: &mut Findings<'_>,
) -> Result<(BTreeMap<String, WorkPool>, Capabilities), Failure> {
    if !client.is_cloud() {
        for (one, _) in prepared {
            check::only_on_cloud(one, findings);
        }
    }
    let names: BTreeSet<String> =
        prepared.iter().filter_map(|(one, _)| one.work_pool()).map(str::to_owned).collect();
    let pools =
        async || if names.is_empty() { Ok(BTreeMap::new()) } else { live::work_pools(client, &names).await };
    let (pools, capabilities) = tokio::join!(pools(), client.capabilities());
    let (capabilities, pools) = (capabilities?, pools?);
    let known = if pools.len() < names.len() { live::work_pool_names(client).await? } else { Vec::new() };
    check::work_pools(prepared.iter().map(|(one, _)| one), &pools, &known, findings);
    for (one, _) in prepared {
        check::unsupported_fields(one, capabilities, allow_unsupported, findings);
    }
    Ok((pools, capabilities.clone()))
}

/// Shows the warnings, and gives them; errors, and with `--strict` warnings too, end the command.
pub(super) fn stop_on_errors(
    findings: &mut Findings<'_>,
    with: &Surroundings<'_>,
) -> Result<Vec<Diagnostic>, Failure> {
    stop_on(findings.take(), with)
}

/// The same for what has been taken from the findings.
pub(super) fn stop_on(
    mut diagnostics: Vec<Diagnostic>,
    with: &Surroundings<'_>,
) -> Result<Vec<Diagnostic>, Failure> {
    if with.options.strict {
        diagnostics.iter_mut().for_each(|one| one.severity = Severity::Error);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    for warning in &warnings {
        with.progress.warn(warning);
    }
    if errors.is_empty() { Ok(warnings) } else { Err(Failure::Findings(errors)) }
}
