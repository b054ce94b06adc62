//! Runs the wizard, which asks for required values that are neither in the file nor passed as options.

use super::Failure;
use crate::{
    deployment::{DeployContext, Options},
    flow::Inspector,
    questions::Ask,
    target::{
        FlowNames,
        wizard::{self, Answers, Choice, Choices, Saved, ServerLookup},
    },
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

/// Asks which deployments of several project files to deploy. Returns options that select them.
///
/// # Errors
///
/// Fails if a file is invalid, or if the user does not answer.
pub(crate) async fn choose(ctx: &DeployContext<'_>, ask: &impl Ask) -> Result<Options, Failure> {
    let loaded = preparation::load(ctx)?;
    let single = ctx.options.files.to_string();
    let inspectors: Vec<Inspector> = loaded.iter().map(|_| Inspector::new()).collect();
    let choices = loaded.iter().zip(&inspectors).map(|(loaded, inspector)| {
        let LoadedProject { project, file, root, .. } = loaded;
        let names = FlowNames { inspector, directory: root, environment: ctx.environment };
        Choices { file: file.as_deref().unwrap_or(&single), project, names }
    });
    let choices: Vec<Choices<'_>> = choices.collect();
    let options = ctx.options.clone();
    Ok(match wizard::choose(&choices, ask).await? {
        None => options,
        Some(Choice::All) => Options { all: true, ..options },
        Some(Choice::Named(name)) => Options { names: vec![name], ..options },
    })
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
