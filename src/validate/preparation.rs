//! The stages before the first side effect: load, target, resolve and validate.

use std::{collections::BTreeMap, path::Path};

use super::PreparationError;
use crate::{
    api::{Capabilities, Client, Feature, WorkPool},
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections, is_pattern, pull_steps},
    diagnostics::{Code, Diagnostic, Severity},
    flow::{ImportContext, Inspector},
    project::{self, Findings, Project, ProjectError},
    resolve::{self, Inspection, expressions::Names},
    steps::Section,
    target,
    template::Resolver,
    validate,
};

/// A loaded project file, with the warnings that occurred while it was loaded.
pub(crate) struct Loaded {
    pub(crate) project: Project,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Loaded {
    /// Returns a collection of findings that already contains the warnings from loading the file.
    pub(crate) fn findings(&self) -> Findings<'_> {
        let mut findings = Findings::new(self.project.document.as_ref());
        for warning in &self.warnings {
            findings.push(warning.clone());
        }
        findings
    }
}

/// Selected deployments after validation.
pub(crate) struct Preparation {
    pub(crate) prepared: Vec<(ResolvedDeployment, StepSections)>,
    /// Work pools that the deployments use, by name.
    pub(crate) pools: BTreeMap<String, WorkPool>,
    /// Capabilities of the server. If no server is used, all features are supported.
    pub(crate) capabilities: Capabilities,
    /// Warnings that have been shown to the user.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Preparation {
    /// Returns deployments that were validated without a server.
    pub(crate) fn offline(
        prepared: Vec<(ResolvedDeployment, StepSections)>,
        warnings: Vec<Diagnostic>,
    ) -> Self {
        Self { prepared, pools: BTreeMap::new(), capabilities: Capabilities::new(None), warnings }
    }
}

/// Resolves and validates the selected deployments.
///
/// # Errors
///
/// Fails if validation finds errors or if a request fails.
pub(crate) async fn examine(
    project: &Project,
    ctx: &DeployContext<'_>,
    client: &Client,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Preparation, PreparationError> {
    let prepared = prepare(project, ctx, resolver, findings).await?;
    for (_, sections) in &prepared {
        validate::unset_inputs(sections, ctx.environment, findings);
        if ctx.options.images.given.is_empty() {
            validate::dockerfiles(sections, ctx.directory, findings);
        }
    }
    let allow_unsupported = ctx.options.allow_unsupported;
    let checked = validate::check_with_server(&prepared, client, allow_unsupported, findings).await;
    // Errors in the file are reported even if the server is unreachable.
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

/// Loads the project file. If the default file does not exist, an empty project is returned, so that a flow
/// can be deployed with options only.
pub(crate) fn load(ctx: &DeployContext<'_>) -> Result<Loaded, PreparationError> {
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

/// Selects, resolves and validates deployments.
///
/// If flows cannot be determined from their source code, a single Python process inspects all of them. All
/// deployments are then prepared again, because the selection and the expressions may depend on the results.
pub(crate) async fn prepare(
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
    if notes(&prepared).any(|note| *note == pull_steps::Note::DefaultDirectory) {
        let message = pull_steps::Note::DefaultDirectory.text();
        findings.push(Diagnostic::warning(Code::DEFAULT_DIRECTORY, message));
    }
    Ok(prepared)
}

/// Returns the notes about generated pull steps.
pub(crate) fn notes(
    prepared: &[(ResolvedDeployment, StepSections)],
) -> impl Iterator<Item = &pull_steps::Note> {
    prepared.iter().filter_map(|(_, sections)| match &sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}

/// Reports the findings. Returns the warnings if there are no errors. With `--strict`, warnings are treated
/// as errors.
///
/// # Errors
///
/// Returns all findings if one of them is an error.
pub(crate) fn stop_on_errors(
    findings: &mut Findings<'_>,
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PreparationError> {
    stop_on(findings.take(), ctx)
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
