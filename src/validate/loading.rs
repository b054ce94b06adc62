//! Finds and loads the project files of a command.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{LoadedProject, PreparationError};
use crate::{
    deployment::{DeployContext, Options, is_pattern},
    diagnostics::Diagnostic,
    project::{
        self, EnvironmentName, FilePattern, Project, ProjectError, ProjectFile, ProjectFiles,
        UndefinedEnvironment,
    },
    settings::ProjectSettings,
};

/// Loads the project files of the command.
///
/// If the default file does not exist, an empty project is returned, so that a flow can be deployed with options
/// only.
///
/// # Errors
///
/// Fails if a file cannot be read or is invalid.
pub(crate) fn load_projects(ctx: &DeployContext<'_>) -> Result<Vec<LoadedProject>, PreparationError> {
    let files = &ctx.options.files;
    if let ProjectFiles::Each(patterns) = files {
        return load_each(patterns, ctx);
    }
    let path = files.single().unwrap_or(Path::new(project::DEFAULT_FILE));
    // Without a project file, the options or the wizard must specify the flow.
    let selects_in_file = ctx.options.all
        || !ctx.options.selectors.is_empty()
        || ctx.options.names.iter().any(|name| is_pattern(name));
    let environment = ctx.options.environment_name();
    let is_optional = files.single().is_none()
        && environment.is_none()
        && (!selects_in_file || ctx.options.entrypoint.is_some());
    let (project, warnings) = match project::load(path, ctx.directory, environment) {
        Err(ProjectError::File(error)) if is_optional && error.is_not_found() => {
            (Project::empty(), Vec::new())
        }
        other => other.map_err(|error| error.selected_by(ctx.options.environment.as_ref()))?,
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
        match undefined.load(ctx.options.environment_name(), load) {
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
        error.selected_by = options.environment.as_ref().and_then(|selected| selected.source);
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
    let environment = ctx.options.environment_name();
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
