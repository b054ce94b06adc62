//! Finds and cancels existing runs and reads their logs.

use futures_util::future::join_all;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::{
    api::{ApiError, CANCELLED_AT_ONCE, Client, FlowRun, FlowRunFilter, LogLine},
    diagnostics::similar_name,
    error::Incomplete,
    python,
};

/// Maximum number of runs with the same name listed in an error message.
const SHOWN: usize = 100;
/// Maximum number of runs whose names are compared with a misspelled name.
const MAX_CANDIDATES: usize = 200;

/// The error returned if a run cannot be found or cancelled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowRunError {
    #[error("Flow run '{name}' not found!")]
    NotFound { name: String, similar: Option<String> },
    #[error("Multiple flow runs found with name '{name}':\n\n{}\n\nPlease retry using an explicit flow run ID.", .runs.join("\n"))]
    Ambiguous { name: String, runs: Vec<String> },
    #[error("Flow run '{id}' was unable to be cancelled. Reason: '{reason}'")]
    NotCancelled { id: Uuid, reason: String },
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Finds a run by its ID or its unique name.
///
/// # Errors
///
/// Fails if the run does not exist, or if the name is not unique.
pub(crate) async fn find(client: &Client, id_or_name: &str) -> Result<FlowRun, FlowRunError> {
    if let Ok(id) = Uuid::parse_str(id_or_name) {
        return client.flow_run(id).await?.ok_or_else(|| missing(id_or_name, None));
    }
    let filter = FlowRunFilter { names: vec![id_or_name.to_owned()], ..FlowRunFilter::default() };
    let mut runs = client.flow_runs(&filter, SHOWN).await?;
    match (runs.len(), runs.pop()) {
        (1, Some(run)) => Ok(run),
        (_, None) => Err(missing(id_or_name, similar(client, id_or_name).await)),
        (_, Some(last)) => {
            let line = |run: &FlowRun| {
                let start = run.raw.get("start_time").and_then(|time| time.as_str()).unwrap_or("not started");
                format!(
                    "  - {} ({}, {start})",
                    run.id,
                    run.state.as_ref().map_or("unknown", |state| state.name())
                )
            };
            let lines = runs.iter().chain([&last]).map(line).collect();
            Err(FlowRunError::Ambiguous { name: id_or_name.to_owned(), runs: lines })
        }
    }
}

fn missing(name: &str, similar: Option<String>) -> FlowRunError {
    FlowRunError::NotFound { name: name.to_owned(), similar }
}

/// Returns the run name that is most similar to a misspelled name. Considers only the newest runs.
async fn similar(client: &Client, name: &str) -> Option<String> {
    let runs = client.flow_runs(&FlowRunFilter::default(), MAX_CANDIDATES).await.ok()?;
    similar_name(name, runs.iter().map(|run| run.name.as_str())).map(str::to_owned)
}

/// Requests the cancellation of a run. The worker then stops the run.
pub(crate) async fn cancel(client: &Client, id: Uuid) -> Result<(), FlowRunError> {
    let answer = client.cancel_flow_run(id).await?.ok_or_else(|| missing(&id.to_string(), None))?;
    if answer.is_cancellation() {
        Ok(())
    } else {
        Err(FlowRunError::NotCancelled { id, reason: answer.reason().to_owned() })
    }
}

/// Maximum number of concurrent requests when cancelling runs individually.
const SIDE_BY_SIDE: usize = 8;

/// Requests the cancellation of multiple runs, in bulk if the server supports it.
///
/// Returns the runs that will be cancelled. Omits runs that have ended or been deleted in the meantime.
///
/// # Errors
///
/// Fails if a request fails. Waits for all concurrent requests first.
pub(crate) async fn cancel_all(client: &Client, ids: &[Uuid]) -> Result<Vec<Uuid>, Incomplete<FlowRunError>> {
    let mut cancelled = Vec::new();
    match cancel_in_bulk(client, ids, &mut cancelled).await {
        Ok(()) => Ok(cancelled),
        Err(error) => Err(Incomplete { done: cancelled.len(), count: ids.len(), error }),
    }
}

/// Cancels runs in bulk, or individually if the server does not support bulk cancellation. Adds the cancelled runs to
/// `cancelled`.
async fn cancel_in_bulk(
    client: &Client,
    ids: &[Uuid],
    cancelled: &mut Vec<Uuid>,
) -> Result<(), FlowRunError> {
    for (position, batch) in ids.chunks(CANCELLED_AT_ONCE).enumerate() {
        let Some(answers) = client.cancel_flow_runs(batch).await? else {
            return cancel_each(client, &ids[position * CANCELLED_AT_ONCE..], cancelled).await;
        };
        let are_ending = answers.into_iter().filter(|(_, answer)| answer.is_cancellation());
        cancelled.extend(are_ending.map(|(id, _)| id));
    }
    Ok(())
}

/// Cancels runs with one request per run. Adds the cancelled runs to `cancelled`, and skips runs that do not exist or
/// cannot be cancelled.
async fn cancel_each(client: &Client, ids: &[Uuid], cancelled: &mut Vec<Uuid>) -> Result<(), FlowRunError> {
    for batch in ids.chunks(SIDE_BY_SIDE) {
        let results = join_all(batch.iter().map(|id| cancel(client, *id))).await;
        let mut failure = None;
        for (id, result) in batch.iter().zip(results) {
            match result {
                Ok(()) => cancelled.push(*id),
                Err(FlowRunError::NotFound { .. } | FlowRunError::NotCancelled { .. }) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(())
}

/// The log lines to return, and their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogSelection {
    /// The lines to return, counted from the start or the end of the log. `None` means all lines.
    pub(crate) part: Option<LogPart>,
    /// Whether the newest lines come first.
    pub(crate) reverse: bool,
}

/// A number of lines at the start or end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogPart {
    First(usize),
    Last(usize),
}

/// Returns the selected lines of a run's log.
pub(crate) async fn logs(
    client: &Client,
    id: Uuid,
    selection: LogSelection,
) -> Result<Vec<LogLine>, ApiError> {
    let (mut lines, is_newest_first) = match selection.part {
        None => (client.flow_run_logs(id, None).await?, false),
        // In reverse order, the first lines of the log are its newest lines.
        Some(LogPart::First(most)) if selection.reverse => {
            (client.newest_flow_run_logs(id, most).await?, true)
        }
        Some(LogPart::First(most)) => (client.oldest_flow_run_logs(id, most).await?, false),
        Some(LogPart::Last(most)) => (client.newest_flow_run_logs(id, most).await?, true),
    };
    if is_newest_first != selection.reverse {
        lines.reverse();
    }
    Ok(lines)
}

/// Formats a log line in the time zone `zone`, as in `2026-11-23 14:45:00.123 | INFO    | Flow run 'x' - message`.
pub(crate) fn log_text(run: &FlowRun, line: &LogLine, zone: TimeZone) -> String {
    let time = line.timestamp.to_zoned_datetime(zone);
    format!(
        "{} | {:7} | Flow run {} - {}",
        time.strftime("%Y-%m-%d %H:%M:%S%.3f"),
        level_name(line.level),
        python::quoted(&run.name),
        line.message,
    )
}

/// Returns the name of a log level in Python's `logging` module.
fn level_name(level: i64) -> String {
    match level {
        10 => "DEBUG".to_owned(),
        20 => "INFO".to_owned(),
        30 => "WARNING".to_owned(),
        40 => "ERROR".to_owned(),
        50 => "CRITICAL".to_owned(),
        other => format!("Level {other}"),
    }
}
