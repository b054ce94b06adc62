//! `prefectl deploy`.

mod document;
mod wizard;

use std::{fmt::Write as _, io::IsTerminal as _, time::Instant};

use owo_colors::OwoColorize;

use self::document::Cost;
use super::{
    Context, connection, errors, github,
    plan::{self, markdown},
    report::exit_after_deletions,
    target,
};
use crate::{
    api::{Client, Links},
    apply::{FinishedWrites, Line, Outcome, Report, ResourceLine},
    cli::{DeployArguments, OutputFormat},
    deploy::{self, Failure},
    deployment::{DeployContext, OnError, Options},
    error::{CommandError, Exit},
    escape, interrupt,
    names::{self, shell_quoted},
    plan::{KeptReason, Plan},
    project::ProjectFiles,
    target::wizard::Answers,
    ui::{DeploymentResult, LiveView, panel},
};

/// Reads the saved plan, if one is specified, and adds its selection to the options.
///
/// # Errors
///
/// Fails if the plan cannot be read, or if it was created for another environment.
fn saved_plan(
    arguments: &DeployArguments,
    options: &mut Options,
    context: &Context,
) -> Result<Option<Plan>, CommandError> {
    let Some(path) = &arguments.plan else {
        options.python = options.python.clone().with_project_scope();
        return Ok(None);
    };
    // A saved plan was created without running the project's interpreter. Running it now could change the result.
    let saved = plan::read(path, context)?;
    saved.require_environment(options.env_name.as_ref())?;
    *options = saved.select(options.clone());
    target::require_project_of_preview(options)?;
    Ok(Some(saved))
}

pub(super) async fn run(arguments: &DeployArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.dry_run {
        let options = target::options(&arguments.selection, &arguments.ownership, context)?;
        let options = target::with_listed_files(options, context)?;
        return plan::show(&options, arguments.output.into(), context).await.map(|_| Exit::Done);
    }
    let mut options = Options {
        verify_pull: arguments.verify_pull,
        on_error: arguments.on_error.into(),
        ..target::options(&arguments.selection, &arguments.ownership, context)?
    };
    let saved_plan = saved_plan(arguments, &mut options, context)?;
    let client = target::client(&options, arguments.max_requests_per_minute, context)?;
    if arguments.resume {
        options = resumed(&options, &client, context)?;
    }
    options = target::with_listed_files(options, context)?;
    let answers = ask(arguments, &mut options, &client, context).await?;
    let links = connection::links(context);
    let selected = answers.as_ref().map(|answers| &answers.selection);
    let ctx = DeployContext { selection: selected, ..target::deploy_context(&options, context) };
    let started = Instant::now();
    let view = context.ui.watch();
    let mut report = Report { finished: finished_writes(arguments, &view, context), ..Report::default() };
    options.files.read_streams(&context.directory);
    context.interrupts.leave_first_to_command();
    let deployed = tokio::select! {
        biased;
        exit = interrupt::first() => Err(exit),
        deployed = deploy::deploy(&ctx, &client, saved_plan.as_ref(), &mut report) => Ok(deployed),
    };
    context.interrupts.leave_none_to_command();
    let result = result(deployed, &mut report);
    view.end();
    let error = result.as_ref().err();
    match arguments.output {
        OutputFormat::Text => show_text(&report, &options, &links, &view, context),
        OutputFormat::Json => {
            let cost = Cost { requests: client.requests(), time: started.elapsed() };
            let document = document::document(&report, error, &cost, &options, &links, &context.redactor);
            context.ui.document(document);
        }
    }
    view.summarize(&report.lines.iter().map(|line| registered(line, &links)).collect::<Vec<_>>());
    github::add_to_summary(context, || summary(&report, error, &links));
    hints(&report, context);
    if let (Ok(_), Some(answers)) = (&result, &answers) {
        wizard::save(answers, &ctx, context).await?;
    }
    result
}

/// Asks for missing values. If the command has multiple project files, first asks which deployments to deploy, unless
/// the options select deployments.
async fn ask(
    arguments: &DeployArguments,
    options: &mut Options,
    client: &Client,
    context: &Context,
) -> Result<Option<Answers>, CommandError> {
    if !asks(arguments, options, context) {
        return Ok(None);
    }
    let is_selected = options.all || !options.names.is_empty() || options.entrypoint.is_some();
    if matches!(options.files, ProjectFiles::Each(_)) && !is_selected {
        *options = deploy::choose(&target::deploy_context(options, context), &context.ui).await?;
    }
    wizard::ask(options, client, context).await
}

/// Returns the options that resume the last deploy.
fn resumed(options: &Options, client: &Client, context: &Context) -> Result<Options, CommandError> {
    let options = deploy::resumed(options, &context.environment, client.url(), &context.directory)?;
    let names = match options.names.as_slice() {
        [] => "all deployments and resources".to_owned(),
        names => names::first_of(names, names::SHOWN),
    };
    let preview = options.preview.as_ref().map(|preview| format!(" in preview '{}'", preview.as_str()));
    context.ui.note(&format!("resuming: {names}{}", preview.unwrap_or_default()));
    Ok(options)
}

/// Returns the result of a deploy that an interrupt may have ended.
fn result(deployed: Result<Result<(), Failure>, Exit>, report: &mut Report) -> Result<Exit, CommandError> {
    match deployed {
        Ok(result) => result.map_err(CommandError::from).and_then(|()| finish(report)),
        Err(exit) => {
            report.collect_finished();
            Err(interrupted(exit, report))
        }
    }
}

/// Prints the results of the resources and deployments.
fn show_text(report: &Report, options: &Options, links: &Links, view: &LiveView, context: &Context) {
    show_resources(report, context);
    // The summary table contains the results of the deployments.
    if !view.is_drawn() || !has_terminal_output() || context.is_prefect {
        show_lines(report, options, links, context);
    }
}

/// Prints the results that were not printed while the deploy was running.
fn show_lines(report: &Report, options: &Options, links: &Links, context: &Context) {
    if context.is_prefect && report.lines.len() > 1 {
        context.ui.result(selection_sentence(options));
    }
    for line in report.lines.iter().skip(report.finished.reported()) {
        if context.is_prefect && report.lines.len() > 1 {
            let name = line.name.split_once('/').map_or(line.name.as_str(), |(_, name)| name);
            context.ui.result(&panel(&escape::line(&format!("Deploying {name}"))));
        }
        show(&line.name, line.url(links).as_deref(), &line.outcome, context);
    }
}

/// Prints the results of the declared resources.
fn show_resources(report: &Report, context: &Context) {
    for line in &report.resources {
        let what = what(&line.outcome);
        let name = line.key.to_string();
        let name = escape::line(&name);
        let text = match &line.outcome {
            Outcome::Unchanged(_) | Outcome::Kept(_) => format!("{name} {what}").dimmed().to_string(),
            outcome if outcome.is_done() => format!("{name} {what}").green().to_string(),
            _ => format!("{name} {what}"),
        };
        context.ui.result(&text);
    }
}

/// Returns whether the wizard may ask for missing values.
///
/// The wizard does not run for saved plans and resumed deploys, because they need no input. It does not run with
/// `--events` either, because the program that reads the events cannot answer.
fn asks(arguments: &DeployArguments, options: &Options, context: &Context) -> bool {
    let is_settled = arguments.plan.is_some()
        || arguments.resume
        || arguments.events.is_some()
        || !options.selectors.is_empty()
        || options.preview.is_some();
    context.can_run_wizard() && !is_settled
}

/// Prints the result of a deployment.
fn show(name: &str, url: Option<&str>, outcome: &Outcome, context: &Context) {
    context.ui.result(&result_text(name, url, outcome, has_terminal_output() && !context.is_prefect));
}

/// Formats a deployment's result. Programs get Prefect's sentence, because scripts match it. People get a shorter
/// line.
fn result_text(name: &str, url: Option<&str>, outcome: &Outcome, is_short: bool) -> String {
    let (name, what) = (escape::line(name), what(outcome));
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

fn has_terminal_output() -> bool {
    std::io::stdout().is_terminal()
}

/// Returns a callback that prints each result as soon as the deployment is written.
///
/// The callback does nothing if a live view shows the results or if a rollback may change them. It also does nothing if
/// prefectl replaces `prefect`, because Prefect prints the results at the end.
fn finished_writes(arguments: &DeployArguments, view: &LiveView, context: &Context) -> FinishedWrites {
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

fn what(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Updated(_, changed) => format!("{}: {}", outcome.word(), changed.join(", ")),
        Outcome::Kept(reason) => format!("{}: {reason}", outcome.word()),
        _ => outcome.word().to_owned(),
    }
}

/// Converts a report line to a row of the summary table.
fn registered(line: &Line, links: &Links) -> DeploymentResult {
    DeploymentResult {
        name: line.name.clone(),
        outcome: line.outcome.word().to_owned(),
        is_done: line.outcome.is_done(),
        url: line.url(links),
    }
}

/// Maximum size of the summary table in bytes. GitHub limits a step's job summary to 1 MiB, and errors follow the
/// table.
const MAX_TABLE_SIZE: usize = 500_000;

/// Renders the report and the error as Markdown for the job summary.
fn summary(report: &Report, error: Option<&CommandError>, links: &Links) -> String {
    let row = |line: &Line| {
        let what = what(&line.outcome);
        let name = markdown::code(&line.name);
        let name = line.url(links).map_or_else(|| name.clone(), |url| markdown::link(&name, &url));
        format!("| {name} | {} |\n", markdown::escaped(&what))
    };
    let resource = |line: &ResourceLine| {
        let name = markdown::code(&format!("{} {}", line.key.kind.name(), line.key.name));
        format!("| {name} | {} |\n", markdown::escaped(&what(&line.outcome)))
    };
    let mut text = "### prefectl deploy\n".to_owned();
    if !report.resources.is_empty() {
        text.push_str("\n| Resource | |\n|---|---|\n");
        markdown::rows(report.resources.iter().map(resource), MAX_TABLE_SIZE, &mut text);
    }
    if !report.lines.is_empty() {
        text.push_str("\n| Deployment | |\n|---|---|\n");
        markdown::rows(report.lines.iter().map(row), MAX_TABLE_SIZE, &mut text);
    }
    if let Some(error) = error {
        let findings = error.diagnostics.iter().map(|finding| &finding.message);
        let messages = std::iter::once(&error.message).chain(findings).filter(|message| !message.is_empty());
        let items = messages.map(|message| format!("- {}\n", markdown::escaped_lines(message)));
        let _ =
            write!(text, "\nFailed with exit code {}:\n\n{}", error.exit.code(), items.collect::<String>());
    }
    text
}

/// Returns the sentence that Prefect prints before it deploys multiple deployments.
fn selection_sentence(options: &Options) -> &'static str {
    if options.all {
        "Deploying all flows with an existing deployment configuration..."
    } else {
        "Deploying flows with selected deployment configurations..."
    }
}

fn hints(report: &Report, context: &Context) {
    let program = context.program();
    for pool in &report.idle_pools {
        context.ui.note(&format!(
            "\nTo execute flow runs from these deployments, start a worker in a separate terminal that pulls work \
             from the '{pool}' work pool:\n\n\t$ prefect worker start --pool {}",
            shell_quoted(pool)
        ));
    }
    if let Some(line) = report.lines.iter().find(|line| line.id().is_some()) {
        context.ui.note(&format!(
            "\nTo schedule a run for this deployment, use the following command:\n\n\t$ {program} deployment run {}\n",
            shell_quoted(&line.name)
        ));
    }
}

/// Creates the error for an interrupted deploy. It reports how many deployments were written and how to
/// resume.
fn interrupted(exit: Exit, report: &Report) -> CommandError {
    let word = if exit == Exit::Terminated { "terminated" } else { "interrupted" };
    let (done, count) =
        (report.lines.iter().filter(|line| line.outcome.is_done()).count(), report.lines.len());
    let message = match count {
        0 if report.wrote() => format!("{word} after some resources were written"),
        0 => format!("{word} before any deployment was written"),
        _ => format!("{word} after {done} of {count} deployments"),
    };
    CommandError::new(exit, message).help(help(report))
}

/// Returns the exit code for a deploy.
///
/// # Errors
///
/// Fails if an object was not written, or if `--prune` has kept resources because they are in use.
fn finish(report: &Report) -> Result<Exit, CommandError> {
    if report.is_done() {
        let in_use = report.resources.iter().filter_map(|line| match &line.outcome {
            Outcome::Kept(reason @ KeptReason::InUse(_)) => Some(format!("{} is kept: {reason}", line.key)),
            _ => None,
        });
        return exit_after_deletions(&in_use.collect::<Vec<_>>(), report.wrote());
    }
    let resources = report.resources.iter().filter_map(|line| failure(&line.title(), &line.outcome));
    let deployments = report.lines.iter().filter_map(|line| failure(&described(line), &line.outcome));
    let failures: Vec<String> = resources.chain(deployments).collect();
    let exit = match report.first_error() {
        _ if report.only_conflicts() => Exit::ChangedMeanwhile,
        Some(error) if !report.wrote() => errors::exit_of_write(error),
        _ => Exit::Partly,
    };
    Err(CommandError::new(exit, escape::message_lines(failures)).help(help(report)))
}

/// Returns the name of a deployment, with its file if the command has multiple project files.
fn described(line: &Line) -> String {
    let file = line.file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default();
    format!("deployment '{}'{file}", line.name)
}

/// Describes why a deployment or resource was not written. Returns `None` if it was written.
fn failure(subject: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed { error, .. } | Outcome::Unchecked(error) => Some(format!("{subject}: {error}")),
        Outcome::Conflict { differences, .. } => {
            let changes: String = differences.iter().map(|change| format!("\n  {change}")).collect();
            Some(format!("{subject} was changed on the server since it was compared:{changes}"))
        }
        _ => None,
    }
}

fn help(report: &Report) -> String {
    let mut help = match (report.wrote(), report.was_rolled_back()) {
        (false, true) => "all changes were rolled back".to_owned(),
        (true, true) => "not all changes could be rolled back".to_owned(),
        (true, false) if report.resumable => {
            "completed deployments were kept; run `prefectl deploy --resume` to continue".to_owned()
        }
        (true, false) => "completed deployments were kept; run the same command again to continue".to_owned(),
        (false, false) => "nothing was written".to_owned(),
    };
    if report.only_conflicts() {
        help += "; deploy again to compare with the current state, or pass --force to overwrite it";
    }
    escape::message_lines(std::iter::once(&help).chain(&report.unrestored))
}
