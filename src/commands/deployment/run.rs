//! `prefectl deployment run`.

use std::{collections::BTreeSet, io};

use serde_json::json;

use super::super::{
    Context, connection,
    watching::{self, Watching},
};
use crate::{
    api::{Client, Links},
    cli::{ConsentArguments, OutputFormat, RunArguments},
    deployment,
    error::{CommandError, Exit},
    flow_run::{self, CreatedRun, PreparedRun, RunOptions, Watched},
    names::shell_quoted,
    schedule::when,
};

/// Maximum number of runs that a pattern may start without confirmation if the command is not interactive.
const MAX_UNCONFIRMED_RUNS: usize = 20;

pub(super) async fn run(arguments: &RunArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = options(arguments, context)?;
    let output = arguments.output.output;
    let mut watching = Watching::new(arguments.times, output)?;
    watching.cancel_on_interrupt = arguments.cancel_on_interrupt;
    let (client, links) = (connection::client(context)?, connection::links(context));
    let prepared =
        flow_run::prepare(&client, &context.clock, &context.ui, &options, &mut io::stdin()).await?;
    confirm_bulk_run(&prepared, &options, arguments.consent, context).await?;
    let (created, failure) = create(&prepared, &client, &links, output, context).await;
    let end = match failure {
        None if arguments.watch => {
            let runs: Vec<_> = created.iter().map(|created| created.run.id).collect();
            // From now on, an interrupt reports that the runs continue.
            let idle_pools = note_idle_pools(&prepared, &client, context);
            tokio::join!(watching.follow(&client, &runs, context), idle_pools).0
        }
        None => Ok(Ok(Vec::new())),
        Some(failure) => Err(failure),
    };
    // Runs that have been created are printed even if a later run cannot be created.
    if output == OutputFormat::Json && !created.is_empty() {
        let watched = end.as_ref().ok().and_then(|end| end.as_deref().ok()).unwrap_or_default();
        let document = |created: &CreatedRun| {
            let watched = watched.iter().find(|watched| watched.id == created.run.id);
            document(created, watched, links.flow_run(created.run.id).as_deref())
        };
        // A single name results in a single document. A pattern always results in a list, even for a single run.
        let is_single = matches!(options.names.as_slice(), [] | [_])
            && !options.names.iter().any(|name| deployment::is_pattern(name));
        match created.as_slice() {
            [only] if is_single => context.ui.json(document(only)),
            all => {
                let runs: Vec<_> = all.iter().map(document).collect();
                context.ui.json(json!({"schema": 1, "runs": runs}));
            }
        }
    }
    Ok(end?.map_or_else(|interrupted| interrupted, |watched| watching::exit(&watched)))
}

/// Asks for confirmation before a pattern starts multiple runs. A command that is not interactive only
/// requires confirmation for more than [`MAX_UNCONFIRMED_RUNS`] runs.
async fn confirm_bulk_run(
    prepared: &[PreparedRun],
    options: &RunOptions,
    consent: ConsentArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let count = prepared.len();
    let has_pattern = options.names.iter().any(|name| deployment::is_pattern(name));
    if !has_pattern || count < 2 || (!context.interactive && count <= MAX_UNCONFIRMED_RUNS) {
        return Ok(());
    }
    let question = format!("Are you sure you want to run {count} deployments?");
    context.confirm(consent, &question, "Run aborted.").await
}

/// Creates the runs sequentially and stops at the first error. Returns the created runs, and the error or `None`.
async fn create(
    prepared: &[PreparedRun],
    client: &Client,
    links: &Links,
    output: OutputFormat,
    context: &Context,
) -> (Vec<CreatedRun>, Option<CommandError>) {
    let mut created = Vec::new();
    for prepared in prepared {
        if output == OutputFormat::Text {
            context.ui.result(&prepared.announcement());
        }
        let run = match prepared.create(client).await.map_err(CommandError::from) {
            Ok(run) => run,
            Err(error) if created.is_empty() => return (created, Some(error)),
            Err(error) => return (created, Some(CommandError { exit: Exit::Partly, ..error })),
        };
        if output == OutputFormat::Text {
            context.ui.result(&run.render(&context.clock, links));
        }
        created.push(run);
    }
    (created, None)
}

/// Prints a note for each work pool without an online worker, because the runs wait until a worker starts.
async fn note_idle_pools(prepared: &[PreparedRun], client: &Client, context: &Context) {
    let names: BTreeSet<&str> = prepared.iter().filter_map(PreparedRun::work_pool).collect();
    for name in names {
        if let Ok(Some(pool)) = client.work_pool(name).await
            && client.is_idle(&pool).await
        {
            let name = shell_quoted(name);
            context.ui.note(&format!(
                "work pool {name} has no online worker; runs start after `prefect worker start --pool {name}`"
            ));
        }
    }
}

fn options(arguments: &RunArguments, context: &Context) -> Result<RunOptions, CommandError> {
    let start = match (&arguments.start_in, &arguments.start_at) {
        (Some(_), Some(_)) => {
            return Err(CommandError::usage(
                "Only one of `--start-in` or `--start-at` can be set, not both.",
            ));
        }
        (Some(phrase), None) => Some(when::start_in(phrase, &context.clock)?),
        (None, Some(phrase)) => Some(when::start_at(phrase, &context.clock)?),
        (None, None) => None,
    };
    Ok(RunOptions {
        names: arguments.names(),
        id: arguments.id,
        param: arguments.param.clone(),
        params: arguments.params.clone(),
        job_variable: arguments.job_variable.clone(),
        tags: arguments.tag.clone(),
        flow_run_name: arguments.flow_run_name.clone(),
        start,
    })
}

/// Creates the JSON document that describes a run.
fn document(created: &CreatedRun, watched: Option<&Watched>, url: Option<&str>) -> serde_json::Value {
    let run = &created.run;
    let state = watched.and_then(|watched| watched.state.as_ref()).or(run.state.as_ref());
    json!({
        "schema": 1,
        "id": run.id,
        "name": run.name,
        "deployment": created.deployment,
        "url": url,
        "parameters": run.parameters,
        "scheduled_time": created.scheduled_time,
        "state": state.map(|state| json!({"type": state.kind, "name": state.name()})),
    })
}
