//! Runs the wizard, which asks for required values that are neither in the file nor passed as options.

use super::Failure;
use crate::{
    deployment::DeployContext,
    questions::Ask,
    target::wizard::{self, Answers, Saved, ServerLookup},
    validate::{LoadedProject, preparation},
};

/// Asks for missing values. Returns `None` if no values are missing, or if the command has several project files.
///
/// # Errors
///
/// Fails if the file or the options are invalid, or if the user does not answer a question.
pub(crate) async fn ask(
    ctx: &DeployContext<'_>,
    ask: &impl Ask,
    server: &impl ServerLookup,
) -> Result<Option<Answers>, Failure> {
    let loaded = preparation::load(ctx)?;
    let [LoadedProject { project, .. }] = loaded.as_slice() else { return Ok(None) };
    Ok(wizard::run(project, ctx, ask, server).await?)
}

/// Returns the project file with the answers added, or `None` if the file cannot be edited.
///
/// # Errors
///
/// Fails if the project file cannot be read.
pub(crate) fn saved(answers: &Answers, ctx: &DeployContext<'_>) -> Result<Option<Saved>, Failure> {
    let loaded = preparation::load(ctx)?;
    let [LoadedProject { project, .. }] = loaded.as_slice() else { return Ok(None) };
    Ok(wizard::saved(answers, project, ctx))
}
