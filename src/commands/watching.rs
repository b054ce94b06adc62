//! Watches flow runs until they finish.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{TryStreamExt as _, stream::FuturesUnordered};
use uuid::Uuid;

use super::Context;
use crate::{
    api::{ApiError, Client},
    cli::{OutputFormat, WatchTimes},
    error::{CommandError, Exit},
    flow_run::{self, RunEnd, WatchEvent, WatchOptions, Watched},
    interrupt,
};

/// Minimum polling interval, which limits the load on the server.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Options for watching flow runs.
pub(super) struct Watching {
    pub(super) options: WatchOptions,
    pub(super) output: OutputFormat,
    /// Whether an interrupt cancels the watched flow runs.
    pub(super) cancel_on_interrupt: bool,
}

impl Watching {
    pub(super) fn new(times: WatchTimes, output: OutputFormat) -> Result<Self, CommandError> {
        let mut options = WatchOptions::default();
        if let Some(interval) = times.watch_interval {
            options.interval = seconds(interval)?;
            if options.interval < MIN_INTERVAL {
                let message =
                    format!("the watch interval of {interval} s is too short; the minimum is 0.1 s");
                return Err(CommandError::usage(message));
            }
        }
        options.timeout = times.watch_timeout.map(seconds).transpose()?;
        Ok(Self { options, output, cancel_on_interrupt: false })
    }

    /// Watches multiple runs concurrently. Returns their final states, or the exit code if the user
    /// interrupts the command.
    pub(super) async fn follow(
        &self,
        client: &Client,
        runs: &[Uuid],
        context: &Context,
    ) -> Result<Result<Vec<Watched>, Exit>, CommandError> {
        let is_only = runs.len() == 1;
        let following = runs.iter().enumerate().map(|(index, run)| async move {
            self.follow_one(client, *run, is_only, context).await.map(|watched| (index, watched))
        });
        // With more than 30 futures, `try_join_all` would only fail after all earlier runs have ended.
        let following = following.collect::<FuturesUnordered<_>>().try_collect::<BTreeMap<_, _>>();
        context.interrupts.leave_first_to_command();
        tokio::select! {
            watched = following => Ok(Ok(watched?.into_values().collect())),
            exit = interrupt::requested() => {
                if self.cancel_on_interrupt {
                    cancel(client, runs, context).await?;
                } else {
                    for run in runs {
                        context.ui.note(&format!(
                            "stopped watching flow run '{run}', but the run continues; to watch it again, run \
                             `prefectl flow-run watch {run}`"
                        ));
                    }
                }
                Ok(Err(exit))
            }
        }
    }

    async fn follow_one(
        &self,
        client: &Client,
        run: Uuid,
        is_only: bool,
        context: &Context,
    ) -> Result<Watched, ApiError> {
        // In text format, the log is the result. In JSON format, the log only shows progress.
        let print = |line: &str| match self.output {
            OutputFormat::Text => context.ui.result(line),
            OutputFormat::Json => context.ui.note(line),
        };
        let mut on_event = |event: WatchEvent<'_>| print(&event.render(&context.clock));
        let watched = flow_run::watch(client, &context.clock, run, self.options, &mut on_event).await?;
        print(&watched.render(is_only));
        Ok(watched)
    }
}

async fn cancel(client: &Client, runs: &[Uuid], context: &Context) -> Result<(), CommandError> {
    for run in runs {
        match flow_run::runs::cancel(client, *run).await {
            Ok(()) => {
                context.ui.note(&format!("Flow run '{run}' was successfully scheduled for cancellation."));
            }
            // The run may have finished in the meantime.
            Err(error @ flow_run::runs::FlowRunError::NotCancelled { .. }) => {
                context.ui.note(&error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn seconds(seconds: f64) -> Result<Duration, CommandError> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| CommandError::usage(format!("invalid number of seconds: {seconds}")))
}

/// Returns the exit code that corresponds to the worst final state of the runs.
pub(super) fn exit(watched: &[Watched]) -> Exit {
    let exit = |watched: &Watched| match watched.end {
        RunEnd::Completed => Exit::Done,
        RunEnd::Failed => Exit::RunFailed,
        RunEnd::Crashed => Exit::RunCrashed,
        RunEnd::Cancelled => Exit::RunCancelled,
        RunEnd::TimedOut { .. } => Exit::WatchTimedOut,
    };
    let severity = |exit: &Exit| match exit {
        Exit::Done => 0,
        Exit::WatchTimedOut => 1,
        Exit::RunCancelled => 2,
        Exit::RunCrashed => 3,
        _ => 4,
    };
    watched.iter().map(exit).max_by_key(severity).unwrap_or(Exit::Done)
}
