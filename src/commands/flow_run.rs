//! `prefectl flow-run`.

use std::cmp::Reverse;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    Context, connection,
    watching::{self, Watching},
};
use crate::{
    api::{FlowRun, FlowRunFilter, StateType},
    cli::{FlowRunCommand, ListRunsArguments, LogsArguments, OutputArguments, OutputFormat, WatchTimes},
    deployment,
    diagnostics::did_you_mean,
    error::{CommandError, Exit},
    flow_run::{
        self, Watched,
        runs::{self, LogPart, LogSelection},
    },
    ui::Caption,
};

/// Default number of log lines for `--head` and `--tail`.
const DEFAULT_LOG_LINES: usize = 20;

pub(super) async fn run(command: FlowRunCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        FlowRunCommand::Ls(arguments) => list(&arguments, context).await,
        FlowRunCommand::Inspect { run, output } => {
            let run = runs::find(&connection::client(context)?, &run).await?;
            context.show_object(output, run.raw)?;
            Ok(Exit::Done)
        }
        FlowRunCommand::Logs(arguments) => logs(&arguments, context).await,
        FlowRunCommand::Watch { run, times, output } => watch(&run, times, output, context).await,
        FlowRunCommand::Cancel { run, output } => {
            let client = connection::client(context)?;
            let run = runs::find(&client, &run).await?;
            runs::cancel(&client, run.id).await?;
            context.done(output, "cancelled", json!({"id": run.id, "name": run.name}), || {
                format!("Flow run '{}' was successfully scheduled for cancellation.", run.id)
            });
            Ok(Exit::Done)
        }
    }
}

async fn list(arguments: &ListRunsArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let mut filter = FlowRunFilter {
        flow_names: arguments.flow_name.clone(),
        state_names: arguments.state.iter().map(|name| flow_run::state_name(name)).collect(),
        state_types: arguments.state_type.iter().map(|name| state_type(name)).collect::<Result<_, _>>()?,
        ..FlowRunFilter::default()
    };
    if !arguments.deployment.is_empty() {
        let deployments = deployment::find_all(&client, &arguments.deployment).await?;
        filter.deployments = deployments.iter().map(|found| found.deployment.id).collect();
    }
    let runs = client.flow_runs(&filter, arguments.limit).await?;
    if runs.is_empty() {
        note_unknown_states(&filter.state_names, context);
        context.report_missing_flow(&client, &filter.flow_names).await?;
    }
    let flows = deployment::flow_names_by_id(&client, runs.iter().filter_map(|run| run.flow_id)).await?;
    let row = |run: &FlowRun| {
        let flow = run.flow_id.and_then(|id| flows.get(&id)).cloned().unwrap_or_default();
        // Prefect's table contains the state's type.
        let state = run.state.as_ref().map_or_else(String::new, |state| {
            if context.is_prefect { state.kind.name().to_uppercase() } else { state.name().to_owned() }
        });
        let when = flow_run::when(run)
            .map_or_else(String::new, |time| flow_run::relative(context.clock.now(), time));
        [run.id.to_string(), flow, run.name.clone(), state, when]
    };
    context.show(
        arguments.output,
        || {
            if runs.is_empty() {
                "No flow runs found.".to_owned()
            } else {
                let header = ["ID", "Flow", "Name", "State", "When"];
                let mut shown: Vec<&FlowRun> = runs.iter().collect();
                if context.is_prefect {
                    // The server's timestamps can be sorted as strings.
                    let created = |run: &FlowRun| run.raw.get("created").map(Value::to_string);
                    shown.sort_by_key(|run| Reverse(created(run)));
                }
                context.ui.table(Caption::new("Flow Runs"), header, shown.into_iter().map(row))
            }
        },
        || runs.iter().map(|run| Value::Object(run.raw.clone())).collect(),
    );
    Ok(Exit::Done)
}

/// Prints a note if a state name may be misspelled. This is not an error, because flows can define state names
/// that no run has yet.
fn note_unknown_states(names: &[String], context: &Context) {
    let unknown = names.iter().find(|name| !flow_run::STATE_NAMES.contains(&name.as_str()));
    let Some(name) = unknown else { return };
    let similar = did_you_mean(name, flow_run::STATE_NAMES);
    let similar = similar.map(|similar| format!("did you mean '{similar}'? ")).unwrap_or_default();
    let known = flow_run::STATE_NAMES.join(", ");
    context.ui.aside().note(&format!(
        "no flow run is in the state '{name}'; {similar}the states that Prefect defines are {known}"
    ));
}

fn state_type(name: &str) -> Result<StateType, CommandError> {
    serde_json::from_value(json!(name.to_uppercase())).map_err(|_| {
        CommandError::usage(
            "Invalid state type. Options are SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, CRASHED, \
             PAUSED, CANCELLING.",
        )
    })
}

async fn logs(arguments: &LogsArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.head && arguments.tail {
        let message = "Please provide either a `head` or `tail` option but not both.";
        return Err(CommandError::usage(message));
    }
    let client = connection::client(context)?;
    let run = runs::find(&client, &arguments.run).await?;
    let count = arguments.num_logs.unwrap_or(DEFAULT_LOG_LINES);
    let part = match (arguments.tail, arguments.head || arguments.num_logs.is_some()) {
        (true, _) => Some(LogPart::Last(count)),
        (false, true) => Some(LogPart::First(count)),
        (false, false) => None,
    };
    let lines = runs::logs(&client, run.id, LogSelection { part, reverse: arguments.reverse }).await?;
    match arguments.output.output {
        OutputFormat::Text => {
            // Prefect prints log lines in UTC.
            let zone = if context.is_prefect { TimeZone::UTC } else { context.clock.zone().clone() };
            let text = |line| runs::log_text(&run, line, zone.clone());
            lines.iter().for_each(|line| context.ui.result(&text(line)));
        }
        OutputFormat::Json => context.ui.json(json!(lines)),
    }
    Ok(Exit::Done)
}

async fn watch(
    run: &str,
    times: WatchTimes,
    output: OutputArguments,
    context: &Context,
) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let run = runs::find(&client, run).await?;
    let ended = Watched::of_ended(&run).filter(|_| context.is_prefect && output.output == OutputFormat::Text);
    if let Some(ended) = ended {
        context.ui.result(&ended.render_ended());
        return Ok(watching::exit(&[ended]));
    }
    let followed = Watching::new(times, output.output)?.follow(&client, &[run.id], context).await?;
    let (watched, interrupted) = match followed {
        Ok(watched) => (watched, None),
        Err(exit) => (Vec::new(), Some(exit)),
    };
    if output.output == OutputFormat::Json {
        let state = watched.iter().find_map(|watched| watched.state.as_ref());
        let state = state.map(|state| json!({"type": state.kind, "name": state.name()}));
        context.ui.json(json!({"schema": 1, "id": run.id, "name": run.name, "state": state}));
    }
    Ok(interrupted.unwrap_or_else(|| watching::exit(&watched)))
}
