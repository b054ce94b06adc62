//! `prefectl deployment run`.

use std::{io, time::Duration};

use serde_json::json;

use super::{Context, connection};
use crate::{
    cli::{OutputFormat, RunArguments},
    error::{CommandError, Exit},
    flow_run::{self, CreatedRun, RunEnd, RunOptions, WatchOptions, Watched},
    schedule::when,
};

pub(super) async fn run(arguments: &RunArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = options(arguments, context)?;
    let (client, links) = (connection::client(context)?, connection::links(context));
    let prepared =
        flow_run::prepare(&client, &context.clock, &context.ui, &options, &mut io::stdin()).await?;
    let is_text = arguments.output == OutputFormat::Text;
    if is_text {
        context.ui.result(&prepared.announcement());
    }
    let created = prepared.create(&client).await?;
    if is_text {
        context.ui.result(&created.render(&context.clock, &links));
    }
    let watched =
        if arguments.watch { Some(watch(arguments, &created, &client, context).await?) } else { None };
    if !is_text {
        let url = links.flow_run(created.run.id);
        context.ui.result(&document(&created, watched.as_ref(), url.as_deref()).to_string());
    }
    Ok(watched.map_or(Exit::Done, |watched| exit(watched.end)))
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
        name: arguments.name().map(str::to_owned),
        id: arguments.id,
        param: arguments.param.clone(),
        params: arguments.params.clone(),
        job_variable: arguments.job_variable.clone(),
        tags: arguments.tag.clone(),
        flow_run_name: arguments.flow_run_name.clone(),
        start,
    })
}

async fn watch(
    arguments: &RunArguments,
    created: &CreatedRun,
    client: &crate::api::Client,
    context: &Context,
) -> Result<Watched, CommandError> {
    let seconds = |seconds: f64| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|_| CommandError::usage(format!("{seconds} is no number of seconds to watch for")))
    };
    let mut options = WatchOptions::default();
    if let Some(interval) = arguments.watch_interval {
        options.interval = seconds(interval)?;
    }
    options.timeout = arguments.watch_timeout.map(seconds).transpose()?;
    let tell = |line: &str| match arguments.output {
        OutputFormat::Text => context.ui.result(line),
        OutputFormat::Json => context.ui.note(line),
    };
    let mut on_event = |event: flow_run::WatchEvent<'_>| tell(&event.render(&context.clock));
    let watched = flow_run::watch(client, created.run.id, options, &mut on_event).await?;
    tell(&watched.render());
    Ok(watched)
}

fn exit(end: RunEnd) -> Exit {
    match end {
        RunEnd::Completed => Exit::Done,
        RunEnd::Failed => Exit::RunFailed,
        RunEnd::Crashed => Exit::RunCrashed,
        RunEnd::Cancelled => Exit::RunCancelled,
        RunEnd::TimedOut { .. } => Exit::WatchTimedOut,
    }
}

/// The run as one document.
fn document(created: &CreatedRun, watched: Option<&Watched>, url: Option<&str>) -> serde_json::Value {
    let run = &created.run;
    let state = watched.and_then(|watched| watched.state.as_ref()).or(run.state.as_ref());
    json!({
        "schema": 1,
        "id": run.id,
        "name": run.name,
        "url": url,
        "parameters": run.parameters,
        "scheduled_time": created.scheduled_time,
        "state": state.map(|state| json!({"type": state.kind, "name": state.name()})),
    })
}
