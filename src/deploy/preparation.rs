//! Everything before the first side effect: the file, the options over it, the flows, and all that can be found to be
//! wrong, with the server and without.

use std::{collections::BTreeMap, path::Path};

use crate::{
    api::{Capabilities, Client, Feature, WorkPool},
    deploy::Failure,
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections, is_pattern, pull_steps},
    diagnostics::{Code, Diagnostic, Severity, merge_repeated},
    flow::{Asking, Inspector},
    project::{self, Findings, Project, ProjectError, Section},
    resolve::{self, Inspection, expressions::Names},
    target,
    template::Resolver,
    validate,
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
pub(super) struct Preparation {
    pub(super) prepared: Vec<(ResolvedDeployment, StepSections)>,
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
    ctx: &DeployContext<'_>,
    client: &Client,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Preparation, Failure> {
    let prepared = prepare(project, ctx, resolver, findings).await?;
    for (_, sections) in &prepared {
        validate::unset_inputs(sections, ctx.environment, findings);
    }
    let allow_unsupported = ctx.options.allow_unsupported;
    let checked = validate::check_with_server(&prepared, client, allow_unsupported, findings).await;
    // The file's mistakes are told even if the server cannot be asked.
    let warnings = stop_on_errors(findings, ctx)?;
    let (pools, capabilities) = checked?;
    if let Err(unsupported) = capabilities.require(Feature::PatchFlowFields) {
        ctx.progress.status(&format!(
            "{unsupported}; a change of them replaces the deployment, which gives its schedules new ids and deletes its \
             scheduled runs"
        ));
    }
    Ok(Preparation { prepared, pools, capabilities, warnings })
}

/// Everything that can be found about the selected deployments without asking the server or running anything.
///
/// # Errors
///
/// When there is no file to check, or the options make no sense.
pub(crate) async fn findings(ctx: &DeployContext<'_>) -> Result<ProjectFindings, Failure> {
    let path = ctx.options.prefect_file.as_deref().unwrap_or(Path::new(project::DEFAULT_FILE));
    let (project, warnings) = match project::load(path, ctx.directory) {
        Err(ProjectError::Invalid { diagnostics, .. }) => {
            return Ok(ProjectFindings { diagnostics, deployments: 0 });
        }
        other => other?,
    };
    let loaded = Loaded { project, warnings };
    let mut findings = loaded.findings();
    if let Some(warning) = loaded.project.missing_deployments() {
        findings.push(warning);
    } else {
        let resolver = Resolver::offline(ctx.redactor.clone());
        prepare(&loaded.project, ctx, &resolver, &mut findings).await?;
    }
    let diagnostics = merge_repeated(findings.take());
    Ok(ProjectFindings { diagnostics, deployments: loaded.project.deployments.len() })
}

/// Diagnostics about a project file.
pub(crate) struct ProjectFindings {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Number of deployments in the file.
    pub(crate) deployments: usize,
}

/// Reads the project file. One that is not named may be missing: then everything comes from the options.
pub(super) fn load(ctx: &DeployContext<'_>) -> Result<Loaded, Failure> {
    let named = ctx.options.prefect_file.as_deref();
    let path = named.unwrap_or(Path::new(project::DEFAULT_FILE));
    // Without a file, the options or the wizard must specify the flow.
    let selects_in_file = ctx.options.all || ctx.options.names.iter().any(|name| is_pattern(name));
    let is_optional = named.is_none() && (!selects_in_file || ctx.options.entrypoint.is_some());
    let (project, warnings) = match project::load(path, ctx.directory) {
        Err(ProjectError::File(error)) if is_optional && error.is_not_found() => {
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
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(ResolvedDeployment, StepSections)>, Failure> {
    let inspector = Inspector::new();
    let mut found = Findings::new(project.document.as_ref());
    let mut prepared = prepare_with(&inspector, project, ctx, resolver, &mut found).await;
    let (python, environment) = (&ctx.options.python, ctx.environment);
    let asking = Asking { python, directory: ctx.directory, environment, progress: ctx.progress };
    let asked = inspector.ask_python(&asking).await;
    asked.warnings.into_iter().for_each(|warning| findings.push(warning));
    if asked.learnt {
        found = Findings::new(project.document.as_ref());
        prepared = prepare_with(&inspector, project, ctx, resolver, &mut found).await;
    }
    found.take().into_iter().for_each(|resolved| findings.push(resolved));
    prepared
}

async fn prepare_with(
    inspector: &Inspector,
    project: &Project,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(ResolvedDeployment, StepSections)>, Failure> {
    let specs = target::selected(project, ctx, inspector, findings)?;
    let fields = specs.iter().flat_map(|spec| spec.fields.values());
    let steps = [&project.build, &project.push, &project.pull].into_iter().flat_map(Section::steps);
    let names = Names::used_in(fields.chain(steps), ctx, resolver)
        .await
        .map_err(|error| Failure::resolve(error, None))?;
    let inspection = Inspection { project, ctx, resolver, inspector };
    let mut prepared = Vec::new();
    for spec in specs {
        let pointer = spec.declared.pointer();
        let resolved = resolve::resolve(&inspection, &names, spec, findings).await;
        let resolved = resolved.map_err(|error| Failure::resolve(error, project.place(&pointer)))?;
        let Some(resolved) = resolved else { continue };
        let sections = StepSections::of(project, &resolved, ctx.directory);
        validate::deployment(&resolved, &sections, ctx.environment, &names, findings);
        prepared.push((resolved, sections));
    }
    validate::duplicates(prepared.iter().map(|(resolved, _)| resolved), findings);
    if notes(&prepared).any(|note| *note == pull_steps::Note::DefaultDirectory) {
        let message = pull_steps::Note::DefaultDirectory.text();
        findings.push(Diagnostic::warning(Code::DEFAULT_DIRECTORY, message));
    }
    Ok(prepared)
}

/// What users are told about the pull steps that were made for them.
pub(super) fn notes(
    prepared: &[(ResolvedDeployment, StepSections)],
) -> impl Iterator<Item = &pull_steps::Note> {
    prepared.iter().filter_map(|(_, sections)| match &sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}

/// Shows the warnings, and gives them; errors, and with `--strict` warnings too, end the command.
pub(super) fn stop_on_errors(
    findings: &mut Findings<'_>,
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, Failure> {
    stop_on(findings.take(), ctx)
}

/// The same for what has been taken from the findings.
pub(super) fn stop_on(
    mut diagnostics: Vec<Diagnostic>,
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, Failure> {
    if ctx.options.strict {
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Error);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    for warning in &warnings {
        ctx.progress.warn(warning);
    }
    if errors.is_empty() { Ok(warnings) } else { Err(Failure::Findings(errors)) }
}
