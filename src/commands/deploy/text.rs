//! Prints the results of a deploy as text.

use std::{fmt::Write as _, io::IsTerminal as _};

use owo_colors::OwoColorize;

use crate::{
    api::Links,
    apply::{DeploymentLine, FinishedWrites, Outcome, Report},
    cli::{DeployArguments, OutputFormat},
    commands::{Context, connection},
    deployment::{OnError, Options},
    escape,
    names::shell_quoted,
    ui::{DeploymentResult, LiveView, panel},
};

/// Prints the results of the resources and deployments.
pub(super) fn show_report(
    report: &Report,
    options: &Options,
    links: &Links,
    view: &LiveView,
    context: &Context,
) {
    show_resources(report, context);
    // The summary table contains the results of the deployments.
    if !view.is_drawn() || !has_terminal_output() || context.is_prefect {
        show_lines(report, options, links, context);
    }
}

/// Prints the results that were not printed while the deploy was running.
fn show_lines(report: &Report, options: &Options, links: &Links, context: &Context) {
    if context.is_prefect && report.deployments.len() > 1 {
        context.ui.result(selection_sentence(options));
    }
    for line in report.deployments.iter().skip(report.finished.reported()) {
        if context.is_prefect && report.deployments.len() > 1 {
            let name = line.name.split_once('/').map_or(line.name.as_str(), |(_, name)| name);
            context.ui.result(&panel(&escape::line(&format!("Deploying {name}"))));
        }
        show(&line.name, line.url(links).as_deref(), &line.outcome, context);
    }
}

/// Prints the results of the declared resources.
fn show_resources(report: &Report, context: &Context) {
    for line in &report.resources {
        let text = format!("{} {}", line.key, outcome_text(&line.outcome));
        let text = escape::line(&text);
        let text = match &line.outcome {
            Outcome::Unchanged(_) | Outcome::Kept(_) => text.dimmed().to_string(),
            outcome if outcome.is_done() => text.green().to_string(),
            _ => text.into_owned(),
        };
        context.ui.result(&text);
    }
}

/// Prints the result of a deployment.
fn show(name: &str, url: Option<&str>, outcome: &Outcome, context: &Context) {
    context.ui.result(&result_text(name, url, outcome, has_terminal_output() && !context.is_prefect));
}

/// Formats a deployment's result. Uses Prefect's sentence if the output is not a terminal, because scripts
/// match it. Uses a shorter line on a terminal.
fn result_text(name: &str, url: Option<&str>, outcome: &Outcome, is_short: bool) -> String {
    let (name, what) = (escape::line(name), outcome_text(outcome));
    let mut text = match outcome.id() {
        Some(_) if is_short => match outcome {
            Outcome::Updated(_, changed) => {
                format!("{} {name} {}", outcome.word(), format!("({})", changed.join(", ")).dimmed())
            }
            _ => format!("{} {name}", outcome.word()),
        },
        Some(id) => {
            let sentence = format!("Deployment '{name}' successfully created with id '{id}'.");
            format!("{} {}", sentence.green(), format!("({what})").dimmed())
        }
        None => format!("Deployment '{name}' {what}."),
    };
    if let Some(url) = url {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  View Deployment in UI: {}", escape::line(url));
    }
    text
}

/// Describes an outcome, with the changed fields or the reason.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Updated(_, changed) => format!("{}: {}", outcome.word(), changed.join(", ")),
        Outcome::Kept(reason) => format!("{}: {reason}", outcome.word()),
        _ => outcome.word().to_owned(),
    }
}

fn has_terminal_output() -> bool {
    std::io::stdout().is_terminal()
}

/// Returns a callback that prints each result as soon as the deployment is written.
///
/// The callback does nothing if a live view shows the results, if a rollback may change the results, or if prefectl
/// replaces `prefect`, because Prefect prints the results at the end.
pub(super) fn finished_writes(
    arguments: &DeployArguments,
    view: &LiveView,
    context: &Context,
) -> FinishedWrites {
    let is_final = OnError::from(arguments.on_error) != OnError::Rollback;
    if arguments.output != OutputFormat::Text || view.is_drawn() || !is_final || context.is_prefect {
        return FinishedWrites::default();
    }
    let (ui, links) = (context.ui.clone(), connection::links(context));
    FinishedWrites::reporting(Box::new(move |name, outcome| {
        let url = outcome.id().and_then(|id| links.deployment(id));
        ui.result(&result_text(name, url.as_deref(), outcome, has_terminal_output()));
    }))
}

/// Returns the sentence that Prefect prints before it deploys multiple deployments.
fn selection_sentence(options: &Options) -> &'static str {
    if options.all {
        "Deploying all flows with an existing deployment configuration..."
    } else {
        "Deploying flows with selected deployment configurations..."
    }
}

/// Converts a report line to a row of the summary table.
pub(super) fn registered(line: &DeploymentLine, links: &Links) -> DeploymentResult {
    DeploymentResult {
        name: line.name.clone(),
        outcome: line.outcome.word().to_owned(),
        is_done: line.outcome.is_done(),
        url: line.url(links),
    }
}

/// Prints the commands that start a worker and schedule a run.
pub(super) fn hints(report: &Report, context: &Context) {
    let program = context.program();
    for pool in &report.idle_pools {
        context.ui.note(&format!(
            "\nTo execute flow runs from these deployments, start a worker in a separate terminal that pulls work \
             from the '{pool}' work pool:\n\n\t$ prefect worker start --pool {}",
            shell_quoted(pool)
        ));
    }
    if let Some(line) = report.deployments.iter().find(|line| line.id().is_some()) {
        context.ui.note(&format!(
            "\nTo schedule a run for this deployment, use the following command:\n\n\t$ {program} deployment run {}\n",
            shell_quoted(&line.name)
        ));
    }
}
