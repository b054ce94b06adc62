//! `prefectl doctor`.

use owo_colors::OwoColorize;
use serde_json::json;

use super::{Context, connection, target};
use crate::{
    cli::{DoctorArguments, OutputFormat},
    diagnostics::{Diagnostic, Summary},
    doctor::{self, Check, Projects, Status, Subject},
    error::{CommandError, Exit},
    escape,
    project::{ProjectError, ProjectFiles},
    validate::{self, PreparationError, checking},
};

pub(super) async fn run(arguments: &DoctorArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context);
    let subject = Subject {
        settings: &context.settings,
        environment: &context.environment,
        directory: &context.directory,
        clock: &context.clock,
        client: client.as_ref().map_err(|error| error.message.clone()),
        projects: projects(arguments, context).await,
    };
    let checks = doctor::examine(&subject).await;
    match arguments.output {
        OutputFormat::Json => {
            let works = !checks.iter().any(|check| check.status == Status::Failed);
            context.ui.json(json!({"schema": 1, "deploy_would_work": works, "checks": checks}));
        }
        OutputFormat::Text => checks.iter().for_each(|check| context.ui.result(&line(check))),
    }
    Ok(exit(&checks))
}

/// Loads the project files and validates them without a server.
async fn projects(arguments: &DoctorArguments, context: &Context) -> Projects {
    let options = match target::listed_files(arguments.options(), context) {
        Ok(options) => options,
        Err(error) => return Projects::Invalid(described(error)),
    };
    let ctx = target::deploy_context(&options, context);
    let projects = match validate::load_projects(&ctx) {
        Ok(projects) => projects,
        Err(PreparationError::Project(ProjectError::File(error)))
            if error.is_not_found() && options.files == ProjectFiles::Default =>
        {
            return Projects::Missing;
        }
        Err(error) => return Projects::Invalid(described(error)),
    };
    let errors = match checking::findings(&ctx).await {
        Ok(found) => {
            let found = found.into_iter().flat_map(|findings| findings.diagnostics);
            let errors: Vec<Diagnostic> = found.filter(Diagnostic::is_error).collect();
            (!errors.is_empty()).then(|| summary(&errors))
        }
        Err(error) => Some(described(error)),
    };
    Projects::Loaded { projects, errors }
}

/// Describes an error as a single sentence.
fn described(error: PreparationError) -> String {
    match error {
        PreparationError::Findings(found)
        | PreparationError::Project(ProjectError::Invalid { diagnostics: found, .. }) => summary(&found),
        error => CommandError::from(error).message,
    }
}

/// Summarizes diagnostics as their number and the first error with its location.
fn summary(found: &[Diagnostic]) -> String {
    let first = found.iter().find(|diagnostic| diagnostic.is_error()).or(found.first());
    let Some(first) = first else { return String::new() };
    let place = first.place.as_ref().map(|place| format!("{}:{}: ", place.source.name(), place.start().line));
    format!("{}: {}{}", Summary(found), place.unwrap_or_default(), first.message)
}

fn line(check: &Check) -> String {
    let mark = match check.status {
        Status::Ok => "ok".green().to_string(),
        Status::Warning => "warning".yellow().to_string(),
        Status::Failed => "failed".red().to_string(),
        Status::Skipped => "skipped".dimmed().to_string(),
    };
    let fix = check.fix.as_ref().map(|fix| format!("\n    {} {}", "fix:".cyan(), escape::line(fix)));
    format!("{mark}  {}: {}{}", check.name, escape::line(&check.detail), fix.unwrap_or_default())
}

/// Returns the exit code that corresponds to the first failed check.
fn exit(checks: &[Check]) -> Exit {
    let failed = checks.iter().find(|check| check.status == Status::Failed);
    match failed.map(|check| check.name) {
        None => Exit::Done,
        Some("settings" | "project") => Exit::Usage,
        Some("api") => Exit::Unreachable,
        Some("authorization") => Exit::Unauthorized,
        Some(_) => Exit::Failed,
    }
}
