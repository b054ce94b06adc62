//! The stages before the first side effect: load, target, resolve and validate.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{LoadedProject, Preparation, PreparationError, PreparedProject, prepared::notes, resources};
use crate::{
    api::{Client, Feature},
    deployment::{
        DeployContext, DeploymentSpec, Options, ResolvedDeployment, Selection, StepSections, is_pattern,
        pull_steps,
    },
    diagnostics::{Code, Diagnostic, Severity},
    flow::{ImportContext, Inspector},
    project::{
        self, EnvironmentName, FilePattern, Findings, Project, ProjectError, ProjectFile, ProjectFiles,
        UndefinedEnvironment,
    },
    resolve::{self, Inspection, expressions::Names},
    resource::KnownTypes,
    settings::ProjectSettings,
    steps::Section,
    target::{self, FlowNames, Selectable, TargetError},
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
    let files = &ctx.options.files;
    if let ProjectFiles::Each(patterns) = files {
        return load_each(patterns, ctx);
    }
    let path = files.single().unwrap_or(Path::new(project::DEFAULT_FILE));
    // Without a project file, the options or the wizard must specify the flow.
    let selects_in_file = ctx.options.all
        || !ctx.options.selectors.is_empty()
        || ctx.options.names.iter().any(|name| is_pattern(name));
    let environment = ctx.options.env_name.as_ref();
    let is_optional = files.single().is_none()
        && environment.is_none()
        && (!selects_in_file || ctx.options.entrypoint.is_some());
    let (project, warnings) = match project::load(path, ctx.directory, environment) {
        Err(ProjectError::File(error)) if is_optional && error.is_not_found() => {
            (Project::empty(), Vec::new())
        }
        other => other.map_err(|error| error.selected_by(ctx.options.env_source))?,
    };
    Ok(vec![LoadedProject::only(project, ctx.directory, warnings)])
}

/// Loads the files that match the patterns, each with its own root.
///
/// # Errors
///
/// Fails if the patterns are invalid or a file cannot be read. If files are invalid, the error contains the problems
/// of all files.
fn load_each(
    patterns: &[FilePattern],
    ctx: &DeployContext<'_>,
) -> Result<Vec<LoadedProject>, PreparationError> {
    let (mut loaded, mut invalid) = (Vec::new(), Vec::new());
    let mut undefined = UndefinedEnvironments::default();
    let files = project_files(patterns, ctx)?;
    for file in &files {
        let load = |environment: Option<&EnvironmentName>| {
            let (project, warnings) = project::load(&file.path, ctx.directory, environment)?;
            Ok(file.loaded(project, warnings))
        };
        match undefined.load(ctx.options.env_name.as_ref(), load) {
            Ok(project) => loaded.push(project),
            Err(ProjectError::Invalid { diagnostics, .. }) => invalid.extend(diagnostics),
            Err(error) => return Err(error.into()),
        }
    }
    undefined.require_defined(files.len(), ctx.options)?;
    if invalid.is_empty() { Ok(loaded) } else { Err(PreparationError::Findings(invalid)) }
}

/// Errors of project files that do not define the selected environment.
///
/// A command's project files may define different environments. At least one file must define the selected environment.
/// The other files are loaded without an environment.
#[derive(Default)]
pub(super) struct UndefinedEnvironments {
    errors: Vec<UndefinedEnvironment>,
}

impl UndefinedEnvironments {
    /// Loads a project with an environment, or without an environment if the project does not define the environment.
    pub(super) fn load(
        &mut self,
        environment: Option<&EnvironmentName>,
        load: impl Fn(Option<&EnvironmentName>) -> Result<LoadedProject, ProjectError>,
    ) -> Result<LoadedProject, ProjectError> {
        match load(environment) {
            Err(ProjectError::UndefinedEnvironment(error)) => {
                self.errors.push(error);
                load(None)
            }
            result => result,
        }
    }

    /// Checks that at least one file defines the selected environment. `count` is the number of files.
    ///
    /// # Errors
    ///
    /// Returns the error of the first file, with the environments of all files.
    pub(super) fn require_defined(self, count: usize, options: &Options) -> Result<(), ProjectError> {
        if self.errors.len() < count {
            return Ok(());
        }
        let mut errors = self.errors.into_iter();
        let Some(mut error) = errors.next() else { return Ok(()) };
        error.selected_by = options.env_source;
        error.defined.extend(errors.flat_map(|error| error.defined));
        if count > 1 {
            error.file = format!("any of the {count} project files");
        }
        Err(error.into())
    }
}

/// A project file that has not been read, with the settings in its root.
#[derive(Clone)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    name: Option<Arc<str>>,
    root: PathBuf,
    settings: ProjectSettings,
}

impl FoundFile {
    pub(super) fn loaded(&self, project: Project, warnings: Vec<Diagnostic>) -> LoadedProject {
        let Self { name, root, settings, .. } = self;
        LoadedProject {
            project,
            file: name.clone(),
            root: root.clone(),
            settings: settings.clone(),
            warnings,
        }
    }
}

/// Finds the files that match the patterns. Sets the files' names if the patterns match multiple files.
pub(super) fn project_files(
    patterns: &[FilePattern],
    ctx: &DeployContext<'_>,
) -> Result<Vec<FoundFile>, PreparationError> {
    let environment = ctx.options.env_name.as_ref();
    let files = project::find(patterns, ctx.directory, environment).map_err(PreparationError::files)?;
    let has_names = files.len() > 1;
    let found = files.into_iter().map(|ProjectFile { path, root }| {
        let is_elsewhere = root != ctx.directory;
        let settings = if is_elsewhere {
            let folder = path.parent().unwrap_or(Path::new(""));
            ProjectSettings::read(ctx.environment, &root)
                .map_err(|error| PreparationError::settings(error, folder))?
        } else {
            ProjectSettings::default()
        };
        let name = has_names.then(|| path.to_string_lossy().into());
        Ok(FoundFile { path, name, root, settings })
    });
    found.collect()
}

/// Resolves and validates the selected deployments of all projects, including validation against the server.
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
    let types = resources::known_types(loaded, ctx, client).await?;
    let mut projects = prepare_with_types(loaded, ctx, resolver, &types).await?;
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
    stop_on(take_findings(projects, ctx), ctx)
}

/// Codes of findings about command-line options, which are not specific to a project file.
const ABOUT_OPTIONS: [Code; 3] = [Code::IGNORED_OPTIONS, Code::UNKNOWN_DEPLOYMENT, Code::UNMATCHED_PATTERN];

/// Removes and returns the findings of all projects. If the command reads multiple project files, each finding without
/// a location states the file in which it occurs, unless it occurs in multiple files.
pub(crate) fn take_findings(
    projects: &mut [PreparedProject<'_>],
    ctx: &DeployContext<'_>,
) -> Vec<Diagnostic> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let taken: Vec<(Option<&Arc<str>>, Vec<Diagnostic>)> =
        projects.iter_mut().map(|project| (project.file, project.take_findings(ctx.directory))).collect();
    for diagnostic in taken.iter().flat_map(|(_, diagnostics)| diagnostics) {
        if diagnostic.place.is_none() {
            *counts.entry(diagnostic.message.clone()).or_default() += 1;
        }
    }
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for (file, diagnostics) in taken {
        for mut diagnostic in diagnostics {
            let count = counts.get(&diagnostic.message);
            let is_about_file = !ABOUT_OPTIONS.contains(&diagnostic.code);
            if let (None, Some(file), Some(1), true) = (&diagnostic.place, file, count, is_about_file) {
                diagnostic.message = format!("{file}: {}", diagnostic.message);
            }
            if seen.insert((diagnostic.code.name(), diagnostic.message.clone(), diagnostic.place.clone())) {
                findings.push(diagnostic);
            }
        }
    }
    findings
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
