//! Runs the wizard, which asks for required values that are neither in the file nor passed as options.

use std::path::Path;

use crate::{
    deployment::{DeployContext, Options, Selection},
    flow::Inspector,
    project,
    questions::Ask,
    target::{
        FlowNames,
        wizard::{self, Answers, Choice, Choices, Saved, ServerLookup},
    },
    validate::{self, LoadedProject, PreparationError},
};

/// Asks for missing values. Returns `None` if no values are missing. If the command has multiple project files, only
/// asks for values if the options select a single deployment.
///
/// # Errors
///
/// Fails if the file or the options are invalid, or if the user does not answer a question.
pub(crate) async fn ask(
    ctx: &DeployContext<'_>,
    ask: &impl Ask,
    server: &impl ServerLookup,
) -> Result<Option<Answers>, PreparationError> {
    let loaded = validate::load_projects(ctx)?;
    let Some(selections) = validate::select_across(&loaded, ctx)? else {
        let [LoadedProject { project, .. }] = loaded.as_slice() else { return Ok(None) };
        return Ok(wizard::run(project, ctx, ask, server).await?);
    };
    let single = loaded.iter().zip(selections).enumerate().find(|(_, (_, selection))| selection.single);
    let Some((position, (loaded, selection))) = single else { return Ok(None) };
    let selection = Selection { project: position, ..selection };
    let ctx = ctx.in_project(&loaded.root, &loaded.settings);
    Ok(wizard::complete(&loaded.project, selection, &ctx, ask, server).await?)
}

/// Asks which deployments of multiple project files to deploy. Returns options that select these deployments.
///
/// # Errors
///
/// Fails if a file is invalid, or if the user does not answer.
pub(crate) async fn choose(ctx: &DeployContext<'_>, ask: &impl Ask) -> Result<Options, PreparationError> {
    let loaded = validate::load_projects(ctx)?;
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
pub(crate) fn saved(answers: &Answers, ctx: &DeployContext<'_>) -> Result<Option<Saved>, PreparationError> {
    let loaded = validate::load_projects(ctx)?;
    let Some(LoadedProject { project, root, settings, .. }) = loaded.get(answers.selection.project) else {
        return Ok(None);
    };
    let default = || ctx.options.files.single().unwrap_or(Path::new(project::DEFAULT_FILE)).to_owned();
    let file = project.document.as_ref().map_or_else(default, |document| document.source.name().into());
    let path = ctx.directory.join(&file);
    if path.exists() && !path.is_file() {
        // A pipe cannot be edited.
        return Ok(None);
    }
    Ok(wizard::saved(answers, project, &ctx.in_project(root, settings), file, path))
}
