//! `prefectl deploy`.

mod document;
mod wizard;

use std::{fmt::Write as _, time::Instant};

use owo_colors::OwoColorize;

use self::document::Cost;
use super::{
    Context, connection, errors, github,
    plan::{self, markdown},
    target,
};
use crate::{
    apply::Outcome,
    cli::{DeployArguments, OutputFormat},
    deploy::{self, Line, Report, Server},
    deployment::{DeployContext, Options},
    error::{CommandError, Exit},
    names,
    ui::DeploymentResult,
};

pub(super) async fn run(arguments: &DeployArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.dry_run {
        let format = arguments.output.into();
        let plan = plan::show(&arguments.selection, &arguments.ownership, format, context);
        return plan.await.map(|_| Exit::Done);
    }
    let mut options = Options {
        verify_pull: arguments.verify_pull,
        on_error: arguments.on_error.into(),
        ..target::options(&arguments.selection, &arguments.ownership, context)?
    };
    let saved_plan = arguments.plan.as_ref().map(|path| plan::read(path, context)).transpose()?;
    match &saved_plan {
        // A saved plan was made without starting the project's interpreter, and must come out the same.
        Some(plan) => options = plan.select(options),
        None => options.python = options.python.with_project_scope(),
    }
    let client = connection::client_with_budget(context, arguments.max_requests_per_minute)?;
    if arguments.resume {
        options = deploy::resumed(&options, &context.environment, client.url(), &context.directory)?;
        context.ui.note(&format!("resuming: {}", names::first_of(&options.names, names::SHOWN)));
    }
    let answers =
        if asks(arguments, context) { wizard::ask(&options, &client, context).await? } else { None };
    let links = connection::links(context);
    let selected = answers.as_ref().map(|answers| &answers.selection);
    let ctx = DeployContext { answers: selected, ..target::deploy_context(&options, context) };
    let server = Server { client: &client, links: &links };
    let started = Instant::now();
    let view = context.ui.watch();
    let mut report = Report::default();
    let result = match deploy::deploy(&ctx, &server, saved_plan.as_ref(), &mut report).await {
        Ok(()) => finish(&report),
        Err(failure) => Err(CommandError::from(failure)),
    };
    view.end();
    match arguments.output {
        OutputFormat::Text => {
            if context.is_prefect && report.lines.len() > 1 {
                context.ui.result(selection_sentence(&options));
            }
            report.lines.iter().for_each(|line| show(line, context));
        }
        OutputFormat::Json => {
            let cost = Cost { requests: client.requests(), time: started.elapsed() };
            let document = document::document(&report, result.as_ref().err(), &cost, &context.redactor);
            context.ui.document(&document);
        }
    }
    view.summarize(&report.lines.iter().map(registered).collect::<Vec<_>>());
    github::add_to_summary(context, || summary(&report, result.as_ref().err()));
    hints(&report, context);
    if let (Ok(_), Some(answers)) = (&result, &answers) {
        wizard::save(answers, &ctx, context).await?;
    }
    result
}

/// Whether to ask for what is missing. A plan and a deploy that is resumed say all themselves, and a program that
/// follows events does not answer.
fn asks(arguments: &DeployArguments, context: &Context) -> bool {
    let is_settled = arguments.plan.is_some() || arguments.resume || arguments.events.is_some();
    context.can_run_wizard() && !is_settled
}

/// The line of a deployment; the sentence is the reference's, also for what was updated or needed nothing.
fn show(line: &Line, context: &Context) {
    let Line { name, id, url, outcome, .. } = line;
    let what = what(outcome);
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

fn what(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Updated(_, changed) => format!("{}: {}", outcome.word(), changed.join(", ")),
        _ => outcome.word().to_owned(),
    }
}

/// The line of a deployment in the table at the end.
fn registered(line: &Line) -> DeploymentResult {
    DeploymentResult {
        name: line.name.clone(),
        outcome: line.outcome.word().to_owned(),
        is_done: line.outcome.is_done(),
        url: line.url.clone(),
    }
}

/// GitHub takes summaries of 1 MiB for a step; this leaves room for what went wrong.
const LONGEST_TABLE: usize = 500_000;

/// The report as Markdown, with what went wrong.
fn summary(report: &Report, error: Option<&CommandError>) -> String {
    let row = |line: &Line| {
        let what = what(&line.outcome);
        let name = markdown::code(&line.name);
        let name = line.url.as_ref().map_or_else(|| name.clone(), |url| format!("[{name}]({url})"));
        format!("| {name} | {} |\n", markdown::escaped(&what))
    };
    let mut text = "### prefectl deploy\n".to_owned();
    if !report.lines.is_empty() {
        text.push_str("\n| Deployment | |\n|---|---|\n");
        markdown::rows(report.lines.iter().map(row), LONGEST_TABLE, &mut text);
    }
    if let Some(error) = error {
        let findings = error.diagnostics.iter().map(|finding| &finding.message);
        let messages = std::iter::once(&error.message).chain(findings).filter(|message| !message.is_empty());
        let items =
            messages.map(|message| format!("- {}\n", markdown::escaped(message).replace('\n', "\n  ")));
        let _ =
            write!(text, "\nFailed with exit code {}:\n\n{}", error.exit.code(), items.collect::<String>());
    }
    text
}

/// Returns the sentence of the reference about a deploy of several deployments.
fn selection_sentence(options: &Options) -> &'static str {
    if options.all {
        "Deploying all flows with an existing deployment configuration..."
    } else {
        "Deploying flows with selected deployment configurations..."
    }
}

fn hints(report: &Report, context: &Context) {
    let program = if context.is_prefect { "prefect" } else { "prefectl" };
    for pool in &report.idle_pools {
        context.ui.note(&format!(
            "\nTo execute flow runs from these deployments, start a worker in a separate terminal that pulls work \
             from the '{pool}' work pool:\n\n\t$ prefect worker start --pool '{pool}'"
        ));
    }
    if let Some(line) = report.lines.iter().find(|line| line.id.is_some()) {
        context.ui.note(&format!(
            "\nTo schedule a run for this deployment, use the following command:\n\n\t$ {program} deployment run '{}'\n",
            line.name
        ));
    }
}

fn finish(report: &Report) -> Result<Exit, CommandError> {
    if report.is_done() {
        return Ok(Exit::Done);
    }
    let failures: Vec<String> = report.lines.iter().filter_map(failure).collect();
    let exit = match report.first_error() {
        None => Exit::ChangedMeanwhile,
        Some(_) if report.wrote() => Exit::Partly,
        Some(error) => errors::exit_of(error),
    };
    Err(CommandError::new(exit, failures.join("\n")).help(help(report)))
}

/// Why a deployment was not written.
fn failure(line: &Line) -> Option<String> {
    match &line.outcome {
        Outcome::Failed { error, .. } | Outcome::Unchecked(error) => {
            Some(format!("deployment '{}': {error}", line.name))
        }
        Outcome::Conflict(differences) => {
            let sides =
                differences.iter().map(|one| format!("\n  {}: {} -> {}", one.field, one.old, one.new));
            let sides: String = sides.collect();
            Some(format!(
                "deployment '{}' was changed by somebody else since it was compared:{sides}",
                line.name
            ))
        }
        _ => None,
    }
}

fn help(report: &Report) -> String {
    let mut help = match (report.wrote(), report.was_rolled_back()) {
        (false, true) => "what was written is as it was before".to_owned(),
        (true, true) => "not all of what was written could be made as it was before".to_owned(),
        (true, false) if report.resumable => {
            "what was written stays; `prefectl deploy --resume` goes on where this one stopped".to_owned()
        }
        (true, false) => {
            "what was written stays; running the same command again goes on where this one stopped".to_owned()
        }
        (false, false) => "nothing was written".to_owned(),
    };
    if report.only_conflicts() {
        help += "; deploying again compares with what is there now, and --force writes without looking";
    }
    std::iter::once(help).chain(report.unrestored.iter().cloned()).collect::<Vec<_>>().join("\n  ")
}
