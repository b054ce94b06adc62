//! `prefectl deploy`.

use std::sync::Arc;

use owo_colors::OwoColorize;
use serde_json::json;

use super::{
    Context, connection, errors, github,
    plan::{self, markdown},
};
use crate::{
    api::ApiError,
    cli::{DeployArguments, OutputFormat},
    deploy::{self, Line, Options, Pacer, Report, Server, Status, Surroundings},
    error::{CommandError, Exit},
    steps::Ran,
};

pub(super) async fn run(arguments: &DeployArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.dry_run {
        return plan::show(&arguments.selection, arguments.output.into(), context).await.map(|_| Exit::Done);
    }
    let mut options = Options { verify_pull: arguments.verify_pull, ..arguments.selection.options() };
    if let Some(path) = &arguments.plan {
        options = options.with_plan(plan::read(path, context)?);
    }
    let pacer = Arc::new(Pacer::default());
    let busy = Arc::clone(&pacer);
    let client = connection::client_telling(context, move || busy.slow_down())?;
    let links = connection::links(context);
    let surroundings = surroundings(&options, context);
    let server = Server { client: &client, links: &links, pacer: &pacer };
    let report = deploy::deploy(&surroundings, &server).await?;
    match arguments.output {
        OutputFormat::Text => report.lines.iter().for_each(|line| show(line, context)),
        OutputFormat::Json => context.ui.result(&document(&report).to_string()),
    }
    github::add_to_summary(context, || summary(&report));
    hints(&report, context);
    finish(&report)
}

/// What an operation on deployments works with.
pub(super) fn surroundings<'a>(options: &'a Options, context: &'a Context) -> Surroundings<'a> {
    let settings = &context.settings;
    Surroundings {
        options,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: settings.default_work_pool_name.value.as_deref(),
        docker_namespace: settings.default_docker_build_namespace.value.as_deref(),
    }
}

/// The line of a deployment; the sentence is the reference's, also for what was updated or needed nothing.
fn show(line: &Line, context: &Context) {
    let Line { name, id, url, status } = line;
    let what = match status {
        Status::Updated(changed) => format!("{}: {}", status.word(), changed.join(", ")),
        _ => status.word().to_owned(),
    };
    match id {
        Some(id) => {
            let sentence = format!("Deployment '{name}' successfully created with id '{id}'.");
            context.ui.result(&format!("{} {}", sentence.green(), format!("({what})").dimmed()));
        }
        None => context.ui.result(&format!("Deployment '{name}' {what}.")),
    }
    if let Some(url) = url {
        context.ui.result(&format!("  View Deployment in UI: {url}"));
    }
}

/// The report as Markdown.
fn summary(report: &Report) -> String {
    let row = |line: &Line| {
        let what = match &line.status {
            Status::Updated(changed) => format!("updated: {}", changed.join(", ")),
            status => status.word().to_owned(),
        };
        let name = markdown::code(&line.name);
        let name = line.url.as_ref().map_or_else(|| name.clone(), |url| format!("[{name}]({url})"));
        format!("| {name} | {} |", markdown::escaped(&what))
    };
    let rows: Vec<String> = report.lines.iter().map(row).collect();
    format!("### prefectl deploy\n\n| Deployment | |\n|---|---|\n{}\n", rows.join("\n"))
}

fn hints(report: &Report, context: &Context) {
    for pool in &report.idle_pools {
        context.ui.note(&format!(
            "\nTo execute flow runs from these deployments, start a worker in a separate terminal that pulls work \
             from the '{pool}' work pool:\n\n\t$ prefect worker start --pool '{pool}'"
        ));
    }
    if let Some(line) = report.lines.iter().find(|line| line.id.is_some()) {
        context.ui.note(&format!(
            "\nTo schedule a run for this deployment, use the following command:\n\n\t$ prefectl deployment run '{}'\n",
            line.name
        ));
    }
}

/// The report as one document.
fn document(report: &Report) -> serde_json::Value {
    let line = |line: &Line| {
        let mut entry =
            json!({"name": line.name, "status": line.status.word(), "id": line.id, "url": line.url});
        match &line.status {
            Status::Updated(changed) => entry["changed"] = json!(changed),
            Status::Failed { error, .. } => entry["error"] = json!(error.to_string()),
            _ => {}
        }
        entry
    };
    let step = |ran: &Ran| {
        json!({
            "step": ran.step,
            "image": ran.image,
            "reused": ran.reused,
            "deployments": ran.deployments,
        })
    };
    let steps: Vec<_> = report.steps.iter().map(step).collect();
    json!({"schema": 1, "steps": steps, "deployments": report.lines.iter().map(line).collect::<Vec<_>>()})
}

fn finish(report: &Report) -> Result<Exit, CommandError> {
    let failures: Vec<(&Line, &ApiError)> = report.failures().collect();
    let Some((_, first)) = failures.first() else { return Ok(Exit::Done) };
    let texts: Vec<String> =
        failures.iter().map(|(line, error)| format!("deployment '{}': {error}", line.name)).collect();
    let exit = if report.wrote() { Exit::Partly } else { errors::exit_of(first) };
    let help = "what was written stays; running the same command again goes on where this one stopped";
    Err(CommandError::new(exit, texts.join("\n")).help(if report.wrote() {
        help
    } else {
        "nothing was written"
    }))
}
