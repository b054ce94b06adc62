//! `prefectl check`.

use super::Context;
use crate::{
    cli::{CheckArguments, FindingsFormat},
    deployment::DeployContext,
    diagnostics::{Diagnostic, Severity, Summary, github, json, sarif},
    error::{CommandError, Exit},
    progress::Progress,
    project,
    validate::preparation::{self, ProjectFindings},
};

pub(super) async fn run(arguments: &CheckArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = arguments.options();
    let ProjectFindings { diagnostics: mut found, deployments } = preparation::findings(&DeployContext {
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
    // Findings without a place come first.
    found.sort_by_cached_key(|finding| {
        finding.place.as_ref().map(|place| (place.source.name().to_owned(), place.span.start))
    });
    if arguments.strict {
        for finding in &mut found {
            finding.severity = Severity::Error;
        }
    }
    let ui = &context.ui;
    match arguments.output {
        FindingsFormat::Text => {
            for finding in &found {
                ui.warn(finding);
            }
            let file = options.prefect_file.as_deref().unwrap_or(project::DEFAULT_FILE.as_ref());
            ui.note(&summary(&found, deployments, &file.display().to_string()));
        }
        FindingsFormat::Json => ui.document(&json::document(&found)),
        FindingsFormat::Github => {
            for finding in &found {
                ui.annotation(&github::command(finding, ""));
            }
        }
        FindingsFormat::Sarif => ui.json(&sarif::document(&found)),
    }
    Ok(if found.iter().any(Diagnostic::is_error) { Exit::Usage } else { Exit::Done })
}

/// Returns the summary that `prefectl check` prints as its last line.
fn summary(found: &[Diagnostic], deployments: usize, file: &str) -> String {
    if !found.is_empty() {
        return format!("{} in {file}", Summary(found));
    }
    let plural = if deployments == 1 { "" } else { "s" };
    format!("No problems found in {file} ({deployments} deployment{plural})")
}
