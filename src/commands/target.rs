//! Options and context shared by the commands that operate on a project file's deployments.

use std::{num::NonZeroUsize, path::Path};

use super::{Context, connection};
use crate::{
    api::Client,
    cli::{OwnershipArguments, SelectionArguments},
    deployment::{DeployContext, Options, ProjectId},
    docker::image_lock::ImageLock,
    error::{CommandError, Exit},
    project::ProjectFiles,
    records::previews::PreviewError,
    settings,
    steps::LockUse,
    validate::{self, PreparationError},
};

/// Hint for a missing project ID.
pub(super) const PROJECT_HELP: &str =
    "set the ID with --project, PREFECTL_PROJECT, or `prefectl.project` in prefect.toml";

/// Returns the options for a deploy or plan. Reads the project ID from the arguments or the settings.
///
/// # Errors
///
/// Fails if the project ID is invalid, or if `--prune` or `--preview` is passed without a project ID.
pub(super) fn options(
    selection: &SelectionArguments,
    ownership: &OwnershipArguments,
    context: &Context,
) -> Result<Options, CommandError> {
    let OwnershipArguments { project, prune, max_deletes } = ownership;
    let project = project_id(project.as_deref(), context)?;
    if *prune && project.is_none() {
        return Err(CommandError::usage("--prune requires a project ID").help(PROJECT_HELP));
    }
    let options = selection_options(selection, context)?;
    let project = in_environment(project, &options);
    let options = Options { project, prune: *prune, max_deletes: *max_deletes, ..options };
    require_project_of_preview(&options)?;
    Ok(options)
}

/// Checks that options that specify a preview also specify a project ID.
pub(super) fn require_project_of_preview(options: &Options) -> Result<(), PreviewError> {
    match (&options.preview, &options.project) {
        (Some(_), None) => Err(PreviewError::NoProject),
        _ => Ok(()),
    }
}

/// Returns the options that select deployments. Reads the image lock if builds are skipped.
///
/// # Errors
///
/// Fails if the image lock cannot be read or written, or if it contains the repository of an image that the options
/// specify.
pub(super) fn selection_options(
    selection: &SelectionArguments,
    context: &Context,
) -> Result<Options, CommandError> {
    let mut options = selection.options();
    let Some(path) = &selection.image_lock else { return Ok(options) };
    let shown = path;
    let path = context.directory.join(path);
    if !selection.skip_build {
        if !path.parent().is_some_and(Path::is_dir) {
            let message = format!("cannot write {}: the directory does not exist", shown.display());
            return Err(CommandError::usage(message));
        }
        if path.exists() {
            ImageLock::read(&path, shown).map_err(|error| {
                CommandError::usage(error).help("delete the lock file to create a new one")
            })?;
        }
        options.images.lock = LockUse::Write(path);
        return Ok(options);
    }
    let lock = ImageLock::read(&path, shown).map_err(|error| {
        CommandError::usage(error).help(
            "`prefectl deploy --image-lock FILE` without --skip-build builds the images and writes the file",
        )
    })?;
    if let Some(image) = options.images.given.iter().find(|image| lock.has_repository(image.name())) {
        let message =
            format!("--image and --image-lock both specify an image for repository '{}'", image.name());
        return Err(CommandError::usage(message).help("pass the image in only one of them"));
    }
    options.images.lock = LockUse::Read(lock);
    Ok(options)
}

/// Returns the project ID under which the selected environment's deployments are recorded.
pub(super) fn in_environment(project: Option<ProjectId>, options: &Options) -> Option<ProjectId> {
    match options.environment_name() {
        Some(name) => project.map(|project| project.in_environment(name)),
        None => project,
    }
}

/// Returns the project ID from the argument or the settings, or `None` if the ID is missing or empty.
pub(super) fn project_id(
    argument: Option<&str>,
    context: &Context,
) -> Result<Option<ProjectId>, CommandError> {
    let text = argument.or(context.settings.project.value.as_deref()).filter(|text| !text.is_empty());
    text.map(ProjectId::new).transpose().map_err(CommandError::usage)
}

/// Adds the project files that the settings list, as [`listed_files`] does.
///
/// # Errors
///
/// Fails if the setting cannot be read or is invalid.
pub(super) fn with_listed_files(options: Options, context: &Context) -> Result<Options, CommandError> {
    listed_files(options, context).map_err(|error| match error {
        PreparationError::Findings(findings) => CommandError::findings(Exit::Usage, findings),
        error => error.into(),
    })
}

/// Adds the project files that the settings list, unless the options specify files or a flow.
///
/// # Errors
///
/// Fails if the setting cannot be read or is invalid.
pub(super) fn listed_files(options: Options, context: &Context) -> Result<Options, PreparationError> {
    if options.files != ProjectFiles::Default || options.entrypoint.is_some() {
        return Ok(options);
    }
    let listed = settings::project_files(&context.directory)
        .map_err(|error| PreparationError::settings(error, Path::new("")))?;
    Ok(Options { files: ProjectFiles::listed(listed), ..options })
}

/// Creates the context for an operation on deployments.
pub(super) fn deploy_context<'a>(options: &'a Options, context: &'a Context) -> DeployContext<'a> {
    let settings = &context.settings;
    DeployContext {
        options,
        selection: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: settings.default_work_pool_name.value.as_deref(),
        clears_schedules_on_empty: settings.clear_schedules_on_empty.value != Some(false),
        docker_namespace: settings.default_docker_build_namespace.value.as_deref(),
    }
}

/// Creates a client that sends at most `max_requests_per_minute` requests per minute.
///
/// # Errors
///
/// Fails if no API is configured or if a connection setting is invalid. If the project file is also missing
/// or invalid, returns the error about the file, because it is the first problem to solve.
pub(super) fn client(
    options: &Options,
    max_requests_per_minute: Option<NonZeroUsize>,
    context: &Context,
) -> Result<Client, CommandError> {
    connection::client_with_budget(context, max_requests_per_minute).map_err(|error| {
        let options = match with_listed_files(options.clone(), context) {
            Ok(options) => options,
            Err(invalid) => return invalid,
        };
        match validate::load_projects(&deploy_context(&options, context)) {
            Ok(_) => error,
            Err(unreadable) => unreadable.into(),
        }
    })
}
