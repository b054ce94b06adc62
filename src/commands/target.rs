//! Options and context shared by the commands that operate on the deployments of a project file.

use super::Context;
use crate::{
    cli::{OwnershipArguments, SelectionArguments},
    deployment::{DeployContext, Options, ProjectId},
    error::CommandError,
};

/// Returns the options for a deploy or plan. The project id is taken from the arguments or the settings.
///
/// # Errors
///
/// Fails if the project id is invalid, or if `--prune` is passed without a project id.
pub(super) fn options(
    selection: &SelectionArguments,
    ownership: &OwnershipArguments,
    context: &Context,
) -> Result<Options, CommandError> {
    let OwnershipArguments { project, prune, max_deletes } = ownership;
    let project = project_id(project.as_deref(), context)?;
    if *prune && project.is_none() {
        return Err(CommandError::usage("--prune requires a project id")
            .help("set the id with --project, PREFECTL_PROJECT, or `prefectl.project` in prefect.toml"));
    }
    Ok(Options { project, prune: *prune, max_deletes: *max_deletes, ..selection.options() })
}

/// Returns the project id from the argument or the settings. Returns `None` if the id is missing or empty.
pub(super) fn project_id(
    argument: Option<&str>,
    context: &Context,
) -> Result<Option<ProjectId>, CommandError> {
    let text = argument.or(context.settings.project.value.as_deref()).filter(|text| !text.is_empty());
    text.map(ProjectId::new).transpose().map_err(CommandError::usage)
}

/// Creates the context for an operation on deployments.
pub(super) fn deploy_context<'a>(options: &'a Options, context: &'a Context) -> DeployContext<'a> {
    let settings = &context.settings;
    DeployContext {
        options,
        answers: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: settings.default_work_pool_name.value.as_deref(),
        keeps_schedules_on_empty: settings.clear_schedules_on_empty.value == Some(false),
        docker_namespace: settings.default_docker_build_namespace.value.as_deref(),
    }
}
