//! `prefectl doctor`.

use owo_colors::OwoColorize;
use serde_json::json;

use super::{Context, connection};
use crate::{
    cli::{DoctorArguments, OutputFormat},
    deployment::{DeployContext, Options},
    diagnostics::{Diagnostic, Summary},
    doctor::{self, Check, Status, Subject},
    error::{CommandError, Exit},
    project::{self, ProjectError, ProjectFiles},
    validate::checking,
};

pub(super) async fn run(arguments: &DoctorArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context);
    let project = project::load(&arguments.prefect_file, &context.directory, None);
    let project_errors = project_errors(arguments, context).await;
    let subject = Subject {
        project_errors,
        settings: &context.settings,
        environment: &context.environment,
        directory: &context.directory,
        clock: &context.clock,
        client: client.as_ref().map_err(|error| error.message.clone()),
        project: match &project {
            Ok((project, _)) => Some(Ok(project)),
            Err(ProjectError::File(error)) if error.is_not_found() => None,
            Err(error) => Some(Err(error.to_string())),
        },
    };
    let checks = doctor::examine(&subject).await;
    match arguments.output {
        OutputFormat::Json => {
            let works = !checks.iter().any(|check| check.status == Status::Failed);
            context.ui.json(&json!({"schema": 1, "deploy_would_work": works, "checks": checks}));
        }
        OutputFormat::Text => checks.iter().for_each(|check| context.ui.result(&line(check))),
    }
    Ok(exit(&checks))
}

/// Summarizes the errors in the project file that can be found without a server.
async fn project_errors(arguments: &DoctorArguments, context: &Context) -> Option<String> {
    let options = Options {
        all: true,
        files: ProjectFiles::Single(arguments.prefect_file.clone()),
        ..Options::default()
    };
    let ctx = DeployContext {
        options: &options,
        selection: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: context.settings.default_work_pool_name.value.as_deref(),
        keeps_schedules_on_empty: false,
        docker_namespace: None,
    };
    let found = checking::findings(&ctx).await.ok()?;
    let found = found.into_iter().flat_map(|findings| findings.diagnostics);
    let errors: Vec<Diagnostic> = found.filter(Diagnostic::is_error).collect();
    let first = errors.first()?;
    Some(format!("{}: {}", Summary(&errors), first.message))
}

fn line(check: &Check) -> String {
    let mark = match check.status {
        Status::Ok => "ok".green().to_string(),
        Status::Warning => "warning".yellow().to_string(),
        Status::Failed => "failed".red().to_string(),
        Status::Skipped => "skipped".dimmed().to_string(),
    };
    let fix = check.fix.as_ref().map(|fix| format!("\n    {} {fix}", "fix:".cyan()));
    format!("{mark:>8}  {}: {}{}", check.name, check.detail, fix.unwrap_or_default())
}

/// Returns the exit code that corresponds to the first failed check.
fn exit(checks: &[Check]) -> Exit {
    let failed = checks.iter().find(|check| check.status == Status::Failed);
    match failed.map(|check| check.name) {
        None => Exit::Done,
        Some("settings" | "project") => Exit::Usage,
        Some("api") => Exit::Unreachable,
        Some("authorisation") => Exit::Unauthorized,
        Some(_) => Exit::Failed,
    }
}
