//! `prefectl flow-run`.

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
        self,
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
        check_state_names(&filter.state_names, context)?;
        context.report_missing_flow(&client, &filter.flow_names).await?;
    }
    let flows = deployment::flow_names_by_id(&client, runs.iter().filter_map(|run| run.flow_id)).await?;
    let row = |run: &FlowRun| {
        let flow = run.flow_id.and_then(|id| flows.get(&id)).cloned().unwrap_or_default();
        let state = run.state.as_ref().map_or_else(String::new, |state| state.name().to_owned());
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
                context.ui.table(Caption::new("Flow Runs"), header, runs.iter().map(row))
            }
        },
        || runs.iter().map(|run| Value::Object(run.raw.clone())).collect(),
    );
    Ok(Exit::Done)
}

/// Fails if a state name is probably misspelled.
///
/// Flows can define custom state names, so names are only checked if the query returned no runs.
fn check_state_names(names: &[String], context: &Context) -> Result<(), CommandError> {
    let unknown = names.iter().find(|name| !flow_run::STATE_NAMES.contains(&name.as_str()));
    let Some(name) = unknown else { return Ok(()) };
    let message = format!("no flow run is in the state '{name}'");
    let known = format!("the states that Prefect defines are {}", flow_run::STATE_NAMES.join(", "));
    if let Some(similar) = did_you_mean(name, flow_run::STATE_NAMES) {
        return Err(CommandError::usage(message).help(format!("did you mean '{similar}'? {known}")));
    }
    context.ui.note(&format!("{message}; {known}"));
    Ok(())
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
            lines.iter().for_each(|line| context.ui.result(&runs::log_text(&run, line, &context.clock)));
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
