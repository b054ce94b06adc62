//! `prefectl check`.

use super::Context;
use crate::{
    cli::{CheckArguments, FindingsFormat},
    deploy,
    deployment::DeployContext,
    diagnostics::{Diagnostic, Severity, Summary, github, json, sarif},
    error::{CommandError, Exit},
    progress::Progress,
    project,
};

pub(super) async fn run(arguments: &CheckArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = arguments.options();
    let mut found = deploy::findings(&DeployContext {
        options: &options,
        answers: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: context.settings.default_work_pool_name.value.as_deref(),
        keeps_schedules_on_empty: false,
        docker_namespace: None,
    })
    .await?;
    // In the order of the text; what has no place comes first.
    found.sort_by_cached_key(|one| {
        one.place.as_ref().map(|place| (place.source.name().to_owned(), place.span.start))
    });
    if arguments.strict {
        for one in &mut found {
            one.severity = Severity::Error;
        }
    }
    let ui = &context.ui;
    match arguments.output {
        FindingsFormat::Text => {
            for one in &found {
                ui.warn(one);
            }
            let file = options.prefect_file.as_deref().unwrap_or(project::DEFAULT_FILE.as_ref());
            ui.note(&format!("{} in {}", Summary(&found), file.display()));
        }
        FindingsFormat::Json => ui.document(&json::document(&found)),
        FindingsFormat::Github => {
            for one in &found {
                ui.annotation(&github::command(one, ""));
            }
        }
        FindingsFormat::Sarif => ui.json(&sarif::document(&found)),
    }
    Ok(if found.iter().any(Diagnostic::is_error) { Exit::Failed } else { Exit::Done })
}
