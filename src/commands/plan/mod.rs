//! Implements `prefectl plan` and `prefectl deploy --dry-run`.

mod entries;
mod html;
pub(super) mod markdown;
pub(super) mod text;

use std::path::Path;

use serde_json::{Value, json};

use super::{
    Context, connection, errors, github, render,
    target::{self, deploy_context, options, with_listed_files},
};
use crate::{
    api::Links,
    cli::{PlanArguments, PlanFormat, RenderFormat, deploy_command},
    deploy,
    deployment::{Options, ProjectId},
    error::{CommandError, Exit},
    fs::{self, FileError},
    git,
    plan::{Plan, SCHEMA as PLAN_SCHEMA},
};

pub(super) async fn run(arguments: &PlanArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.offline {
        let format = match arguments.output {
            PlanFormat::Json => RenderFormat::Json,
            _ => RenderFormat::Yaml,
        };
        return render::requests(&arguments.selection, format, context).await;
    }
    let options =
        Options { why: arguments.why, ..options(&arguments.selection, &arguments.ownership, context)? };
    let options = with_listed_files(options, context)?;
    let plan = show(&options, arguments.output, context).await?;
    if let Some(path) = &arguments.out {
        save(&plan, path, context)?;
    }
    if arguments.output == PlanFormat::Text && plan.has_changes() {
        let command = match &arguments.out {
            Some(path) => {
                let environment = plan.environment.as_ref().map(|name| format!(" --env {name}"));
                format!("prefectl deploy --plan {}{}", path.display(), environment.unwrap_or_default())
            }
            None => deploy_command(&context.arguments),
        };
        context.ui.note(&format!("\nRun `{command}` to apply"));
    }
    Ok(if arguments.detailed_exitcode && plan.has_changes() { Exit::Changes } else { Exit::Done })
}

/// Saves a plan to a file that `prefectl deploy --plan` accepts. Redacts secrets.
fn save(plan: &Plan, path: &Path, context: &Context) -> Result<(), CommandError> {
    let path = context.directory.join(path);
    let mut document = context.redactor.mask_document(json!(plan));
    // The selection contains the command's arguments, which `deploy --plan` uses again.
    document["selection"] = json!(plan.selection);
    let text = format!("{document:#}\n");
    std::fs::write(&path, text).map_err(|error| CommandError::usage(FileError::new("write", &path, error)))
}

/// Reads a saved plan.
pub(super) fn read(path: &Path, context: &Context) -> Result<Plan, CommandError> {
    let text = fs::read_text_or_pipe(&context.directory.join(path)).map_err(CommandError::usage)?;
    let invalid = |reason: String| CommandError::usage(format!("invalid plan {}: {reason}", path.display()));
    let document: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    if document.get("schema").and_then(Value::as_u64) != Some(PLAN_SCHEMA.into()) {
        return Err(invalid("the plan was saved by a different version of prefectl".to_owned()));
    }
    serde_json::from_value(document).map_err(|error| invalid(error.to_string()))
}

/// Creates and prints a plan.
pub(super) async fn show(
    options: &Options,
    format: PlanFormat,
    context: &Context,
) -> Result<Plan, CommandError> {
    let (client, links) = (target::client(options, None, context)?, connection::links(context));
    let view = context.ui.watch();
    let plan = deploy::plan(&deploy_context(options, context), &client).await;
    let plan = plan.map_err(|error| errors::without_result(error, "plan"))?;
    view.end();
    match format {
        PlanFormat::Text => context.ui.result(&text::plan(&plan, context.clock.now())),
        PlanFormat::Json => context.ui.document(json!(plan)),
        PlanFormat::Markdown => context.ui.result(&markdown::plan(&plan)),
        PlanFormat::Html => context.ui.result(&page(&plan, &links, options.project.as_ref(), context)?),
    }
    github::add_to_summary(context, || markdown::plan(&plan));
    Ok(plan)
}

/// Renders a plan as an HTML page.
fn page(
    plan: &Plan,
    links: &Links,
    project: Option<&ProjectId>,
    context: &Context,
) -> Result<String, CommandError> {
    let created = context.clock.now().to_zoned_datetime(context.clock.zone().clone());
    let created = created.strftime("%Y-%m-%d %H:%M %Z").to_string();
    let directory = || context.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let project = project.map_or_else(directory, |project| project.as_str().to_owned());
    let commit = git::discover(&context.directory).as_ref().map(described);
    let page = html::PageContext { links, redactor: &context.redactor, created, project, commit };
    html::plan(plan, &page)
        .map_err(|error| CommandError::new(Exit::Failed, format!("cannot render the page: {error}")))
}

/// Describes a commit with its short ID, its branch and the first line of its message.
fn described(facts: &git::Facts) -> String {
    const SHORT: usize = 10;
    let id = facts.sha.get(..SHORT).unwrap_or(&facts.sha);
    let branch = facts.branch.as_ref().map(|branch| format!(" ({branch})")).unwrap_or_default();
    let message = facts.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{id}{branch}{message}")
}
