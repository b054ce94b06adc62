//! The stages before the first side effect: load, target, resolve and validate.

use std::path::Path;

use super::{LoadedProject, Preparation, PreparationError, PreparedProject, prepared::notes};
use crate::{
    api::{Client, Feature},
    deployment::{DeployContext, ResolvedDeployment, StepSections, is_pattern, pull_steps},
    diagnostics::{Code, Diagnostic, Severity},
    flow::{ImportContext, Inspector},
    project::{self, Findings, Project, ProjectError},
    resolve::{self, Inspection, expressions::Names},
    steps::Section,
    target,
    template::Resolver,
    validate,
};

/// Loads the project files of the command.
///
/// If the default file does not exist, an empty project is returned, so that a flow can be deployed with options
/// only.
///
/// # Errors
///
/// Fails if a file cannot be read or is invalid.
pub(crate) fn load(ctx: &DeployContext<'_>) -> Result<Vec<LoadedProject>, PreparationError> {
    let named = ctx.options.prefect_file.as_deref();
    let path = named.unwrap_or(Path::new(project::DEFAULT_FILE));
    // Without a file, the options or the wizard must specify the flow.
    let selects_in_file = ctx.options.all
        || !ctx.options.selectors.is_empty()
        || ctx.options.names.iter().any(|name| is_pattern(name));
    let is_optional = named.is_none() && (!selects_in_file || ctx.options.entrypoint.is_some());
    let environment = ctx.options.env_name.as_ref();
    let is_optional = is_optional && environment.is_none();
    let (project, warnings) = match project::load(path, ctx.directory, environment) {
        Err(ProjectError::File(error)) if is_optional && error.is_not_found() => {
            (Project::empty(), Vec::new())
        }
        other => other?,
    };
    Ok(vec![LoadedProject { project, root: ctx.directory.to_owned(), warnings }])
}

/// Resolves and validates the selected deployments of all projects, also against the server.
///
/// # Errors
///
/// Fails if validation finds errors or if a request fails.
pub(crate) async fn examine<'a>(
    loaded: &'a [LoadedProject],
    ctx: &DeployContext<'a>,
    client: &Client,
    resolver: &Resolver<'_>,
) -> Result<Preparation<'a>, PreparationError> {
    let mut projects = prepare(loaded, ctx, resolver).await?;
    for PreparedProject { ctx, deployments, findings, .. } in &mut projects {
        for (_, sections) in deployments {
            validate::unset_inputs(sections, ctx.environment, findings);
            if !ctx.options.images.skips_builds() {
                validate::dockerfiles(sections, ctx.directory, findings);
            }
        }
    }
    let allow_unsupported = ctx.options.allow_unsupported;
    let checked = validate::check_with_server(&mut projects, client, allow_unsupported).await;
    // Errors in the files are reported even if the server is unreachable.
    let warnings = stop_on_errors(&mut projects, ctx)?;
    let (pools, capabilities) = checked?;
    if let Err(unsupported) = capabilities.require(Feature::PatchFlowFields) {
        ctx.progress.status(&format!(
            "{unsupported}; a change of them replaces the deployment, which gives its schedules new ids and deletes its \
             scheduled runs"
        ));
    }
    Ok(Preparation { projects, pools, capabilities, warnings })
}

/// Resolves and validates the selected deployments of all projects without a server. The findings are stored in
/// the projects.
///
/// # Errors
///
/// Fails if the selection is invalid, or if the block or variable of a template cannot be read.
pub(crate) async fn prepare<'a>(
    loaded: &'a [LoadedProject],
    ctx: &DeployContext<'a>,
    resolver: &Resolver<'_>,
) -> Result<Vec<PreparedProject<'a>>, PreparationError> {
    let mut projects = Vec::with_capacity(loaded.len());
    for loaded in loaded {
        let (project, ctx) = (&loaded.project, ctx.in_project(&loaded.root));
        let mut findings = loaded.findings();
        let deployments = deployments(project, &ctx, resolver, &mut findings).await?;
        projects.push(PreparedProject { project, ctx, findings, deployments });
    }
    Ok(projects)
}

/// Selects, resolves and validates the deployments of a project.
///
/// If flows cannot be determined from their source code, a single Python process inspects all of them. All
/// deployments are then prepared again, because the selection and the expressions may depend on the results.
pub(super) async fn deployments(
    project: &Project,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(ResolvedDeployment, StepSections)>, PreparationError> {
    let inspector = Inspector::new();
    let mut found = Findings::new(project.document.as_ref());
    let mut prepared = prepare_with(&inspector, project, ctx, resolver, &mut found).await;
    let (python, environment) = (&ctx.options.python, ctx.environment);
    let import = ImportContext { python, directory: ctx.directory, environment, progress: ctx.progress };
    let imported = inspector.import_flows(&import).await;
    imported.warnings.into_iter().for_each(|warning| findings.push(warning));
    if imported.has_changed_flows {
        found = Findings::new(project.document.as_ref());
        prepared = prepare_with(&inspector, project, ctx, resolver, &mut found).await;
    }
    findings.append(found);
    prepared
}

async fn prepare_with(
    inspector: &Inspector,
    project: &Project,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<(ResolvedDeployment, StepSections)>, PreparationError> {
    let specs = target::selected(project, ctx, inspector, findings)?;
    let fields = specs.iter().flat_map(|spec| spec.fields.tree().values());
    let steps = Section::ALL.into_iter().flat_map(|section| project.steps(section).steps());
    let names = Names::used_in(fields.chain(steps), ctx, resolver)
        .await
        .map_err(|error| PreparationError::resolve(error, None))?;
    let inspection = Inspection { project, ctx, resolver, inspector };
    let mut prepared = Vec::new();
    for spec in specs {
        let pointer = spec.declared.pointer();
        let resolved = resolve::resolve(&inspection, &names, spec, findings).await;
        let resolved = resolved.map_err(|error| PreparationError::resolve(error, project.place(&pointer)))?;
        let Some(resolved) = resolved else { continue };
        let sections = StepSections::of(project, &resolved, ctx.directory);
        validate::deployment(&resolved, &sections, ctx.environment, &names, findings);
        prepared.push((resolved, sections));
    }
    validate::duplicates(prepared.iter().map(|(resolved, _)| resolved), findings);
    if prepared.len() >= project.deployments.len() {
        validate::check_ignored_parameters(project, &prepared, findings);
    }
    if notes(&prepared).any(|note| *note == pull_steps::Note::DefaultDirectory) {
        let message = pull_steps::Note::DefaultDirectory.text();
        findings.push(Diagnostic::warning(Code::DEFAULT_DIRECTORY, message));
    }
    Ok(prepared)
}

/// Reports the findings about all projects. Returns the warnings if there are no errors. With `--strict`,
/// warnings are treated as errors.
///
/// # Errors
///
/// Returns all findings if one of them is an error.
pub(crate) fn stop_on_errors(
    projects: &mut [PreparedProject<'_>],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PreparationError> {
    stop_on(projects.iter_mut().flat_map(|project| project.findings.take()).collect(), ctx)
}

/// Reports diagnostics like [`stop_on_errors`].
pub(crate) fn stop_on(
    mut diagnostics: Vec<Diagnostic>,
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PreparationError> {
    if ctx.options.strict {
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Error);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    for warning in &warnings {
        ctx.progress.warn(warning);
    }
    if errors.is_empty() { Ok(warnings) } else { Err(PreparationError::Findings(errors)) }
}
