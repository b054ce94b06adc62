//! `prefectl deploy`.

mod document;
mod result;
mod summary;
mod text;
mod wizard;

use std::time::Instant;

use self::document::Cost;
use super::{Context, connection, github, plan, target};
use crate::{
    api::Client,
    apply::Report,
    cli::{DeployArguments, OutputFormat},
    deploy,
    deployment::{DeployContext, Options},
    error::{CommandError, Exit},
    interrupt, names,
    plan::Plan,
    project::ProjectFiles,
    target::wizard::Answers,
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
    saved.require_environment(options.environment_name())?;
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
    let finished = text::finished_writes(arguments, &view, context);
    let mut report = Report { finished, ..Report::default() };
    options.files.read_streams(&context.directory);
    context.interrupts.leave_first_to_command();
    let deployed = tokio::select! {
        biased;
        exit = interrupt::first() => Err(exit),
        deployed = deploy::deploy(&ctx, &client, saved_plan.as_ref(), &mut report) => Ok(deployed),
    };
    context.interrupts.leave_none_to_command();
    let result = result::exit(deployed, &mut report);
    view.end();
    let error = result.as_ref().err();
    match arguments.output {
        OutputFormat::Text => text::show_report(&report, &options, &links, &view, context),
        OutputFormat::Json => {
            let cost = Cost { requests: client.requests(), time: started.elapsed() };
            let document = document::document(&report, error, &cost, &options, &links, &context.redactor);
            context.ui.document(document);
        }
    }
    view.summarize(&report.deployments.iter().map(|line| text::registered(line, &links)).collect::<Vec<_>>());
    github::add_to_summary(context, || summary::render(&report, error, &links));
    if arguments.output == OutputFormat::Text {
        text::hints(&report, context);
    }
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

/// Returns whether the wizard is allowed to prompt for missing values.
///
/// The wizard does not run for saved plans and resumed deploys, because these deploys need no input. With `--events`,
/// the wizard does not run, because the program that reads the events cannot answer.
fn asks(arguments: &DeployArguments, options: &Options, context: &Context) -> bool {
    let is_settled = arguments.plan.is_some()
        || arguments.resume
        || arguments.events.is_some()
        || !options.selectors.is_empty()
        || options.preview.is_some();
    context.can_run_wizard() && !is_settled
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
