//! The stages after loading and before the first side effect: target, resolve and validate.

use super::{
    LoadedProject, Preparation, PreparationError, PreparedDeployment, PreparedProject, prepared::notes,
    reporting::report_project_findings, resources,
};
use crate::{
    api::{Client, Feature},
    deployment::{DeployContext, DeploymentSpec, Selection, StepSections, pull_steps},
    diagnostics::{Code, Diagnostic, Severity},
    flow::{ImportContext, Inspector},
    project::{Findings, Project, ProjectFiles},
    resolve::{self, Inspection, expressions::Names},
    resource::KnownTypes,
    steps::Section,
    target::{self, FlowNames, Selectable, TargetError},
    template::Resolver,
    validate,
};

/// Resolves and validates the selected deployments of all projects, including validation against the server.
///
/// # Errors
///
/// Fails if validation finds errors or if a request fails.
pub(crate) async fn prepare_with_server<'a>(
    loaded: &'a [LoadedProject],
    ctx: &DeployContext<'a>,
    client: &Client,
    resolver: &Resolver<'_>,
) -> Result<Preparation<'a>, PreparationError> {
    let types = resources::known_types(loaded, ctx, client).await?;
    let mut projects = prepare_with_types(loaded, ctx, resolver, &types).await?;
    for PreparedProject { ctx, deployments, findings, .. } in &mut projects {
        for PreparedDeployment { sections, .. } in deployments {
            validate::unset_inputs(sections, ctx.environment, findings);
            if !ctx.options.images.skips_builds() {
                validate::dockerfiles(sections, ctx.directory, findings);
            }
        }
    }
    let allow_unsupported = ctx.options.allow_unsupported;
    let checked = validate::check_with_server(&mut projects, client, allow_unsupported).await;
    // Errors in the files are reported even if the server is unreachable.
    let warnings = report_project_findings(&mut projects, ctx)?;
    let (pools, capabilities) = checked?;
    if let Err(unsupported) = capabilities.require(Feature::PatchFlowFields) {
        ctx.progress.status(&format!(
            "{unsupported}; changing them replaces the deployment, so its schedules get new IDs and its scheduled \
             runs are deleted"
        ));
    }
    Ok(Preparation::new(projects, pools, capabilities, warnings))
}

/// Resolves and validates the selected deployments of all projects without a server. The findings are stored in
/// the projects.
///
/// # Errors
///
/// Fails if the selection is invalid, or if a block or variable that a template refers to cannot be read.
pub(crate) async fn prepare<'a>(
    loaded: &'a [LoadedProject],
    ctx: &DeployContext<'a>,
    resolver: &Resolver<'_>,
) -> Result<Vec<PreparedProject<'a>>, PreparationError> {
    prepare_with_types(loaded, ctx, resolver, &KnownTypes::bundled()).await
}

/// Resolves and validates the selected deployments and the declared resources like [`prepare`], with the given types of
/// work pools and blocks.
async fn prepare_with_types<'a>(
    loaded: &'a [LoadedProject],
    ctx: &DeployContext<'a>,
    resolver: &Resolver<'_>,
    types: &KnownTypes,
) -> Result<Vec<PreparedProject<'a>>, PreparationError> {
    let selections = match ctx.selection {
        Some(selection) if has_patterns(ctx) => Some(selections_with(selection, loaded.len())),
        _ => select_across(loaded, ctx)?,
    };
    let mut projects: Vec<PreparedProject<'_>> =
        loaded.iter().map(|loaded| PreparedProject::new(loaded, ctx)).collect();
    if ctx.includes_resources() {
        resources::declare(&mut projects, resolver, types).await?;
    }
    for (index, prepared) in projects.iter_mut().enumerate() {
        let PreparedProject { project, ctx, findings, .. } = prepared;
        let selection = selections.as_ref().map(|selections| &selections[index]).or(ctx.selection);
        let selected = DeployContext { selection, ..*ctx };
        prepared.deployments = deployments(project, &selected, resolver, findings).await?;
    }
    validate::duplicates_across_files(&mut projects);
    if let Some(preview) = &ctx.options.preview {
        validate::names_of_copies(&mut projects, preview);
    }
    validate::image_conflicts(&mut projects);
    resources::together(&mut projects, resolver.is_offline());
    Ok(projects)
}

/// Returns whether patterns specify the command's project files. Each file then has its own root.
fn has_patterns(ctx: &DeployContext<'_>) -> bool {
    matches!(ctx.options.files, ProjectFiles::Each(_))
}

/// Returns a selection for each project. Only the project to which `selection` belongs has selected deployments.
fn selections_with(selection: &Selection, count: usize) -> Vec<Selection> {
    let mut selections = vec![Selection::default(); count];
    if let Some(selected) = selections.get_mut(selection.project) {
        selected.clone_from(selection);
    }
    selections
}

/// Selects deployments in all projects. Returns `None` if the command has a single project file whose root is
/// the working directory. [`target::selected`] then selects the deployments.
pub(crate) fn select_across(
    loaded: &[LoadedProject],
    ctx: &DeployContext<'_>,
) -> Result<Option<Vec<Selection>>, PreparationError> {
    if !has_patterns(ctx) {
        return Ok(None);
    }
    // An inspector caches flows by their entrypoints, which are relative to the root.
    let inspectors: Vec<Inspector> = loaded.iter().map(|_| Inspector::new()).collect();
    let projects = loaded.iter().zip(&inspectors).map(|(loaded, inspector)| {
        let LoadedProject { project, root, settings, .. } = loaded;
        let names = FlowNames { inspector, directory: root, environment: ctx.environment };
        let default_work_pool = ctx.in_project(root, settings).default_work_pool;
        Selectable { project, names, default_work_pool }
    });
    let projects: Vec<Selectable<'_>> = projects.collect();
    Ok(Some(target::select_across(&projects, ctx).map_err(TargetError::from)?))
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
) -> Result<Vec<PreparedDeployment>, PreparationError> {
    let inspector = Inspector::new();
    let mut found = Findings::new(project.document.as_ref());
    let mut prepared = prepare_project(&inspector, project, ctx, resolver, &mut found).await;
    let (python, environment) = (&ctx.options.python, ctx.environment);
    let import = ImportContext { python, directory: ctx.directory, environment, progress: ctx.progress };
    let imported = inspector.import_flows(&import).await;
    imported.warnings.into_iter().for_each(|warning| findings.push(warning));
    if imported.has_changed_flows {
        found = Findings::new(project.document.as_ref());
        prepared = prepare_project(&inspector, project, ctx, resolver, &mut found).await;
    }
    findings.append(found);
    prepared
}

async fn prepare_project(
    inspector: &Inspector,
    project: &Project,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<PreparedDeployment>, PreparationError> {
    if project.deployments.is_empty() && project.declares_resources() && ctx.options.includes_resources() {
        return Ok(Vec::new());
    }
    let specs = target::selected(project, ctx, inspector, findings)?;
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(error) = nothing_declared(project, ctx, &specs) {
        findings.push(error);
        return Ok(Vec::new());
    }
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
        prepared.push(PreparedDeployment { resolved, sections });
    }
    validate::duplicates(prepared.iter().map(|prepared| &prepared.resolved), findings);
    if prepared.len() >= project.deployments.len() {
        validate::check_ignored_parameters(project, &prepared, findings);
    }
    if notes(&prepared).any(|note| *note == pull_steps::Note::DefaultDirectory) {
        let message = pull_steps::Note::DefaultDirectory.text();
        findings.push(Diagnostic::warning(Code::DEFAULT_DIRECTORY, message));
    }
    Ok(prepared)
}

/// Returns the error for `--all` if the project file contains no deployments and the options describe none.
fn nothing_declared(
    project: &Project,
    ctx: &DeployContext<'_>,
    specs: &[DeploymentSpec],
) -> Option<Diagnostic> {
    let describes_a_flow = |spec: &DeploymentSpec| spec.fields.entrypoint().unresolved().is_some();
    if !ctx.options.all || specs.iter().any(|spec| spec.declared.index.is_some() || describes_a_flow(spec)) {
        return None;
    }
    Some(Diagnostic { severity: Severity::Error, ..project.missing_deployments()? })
}
