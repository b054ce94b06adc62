//! Watches a run by polling its states and logs until the run ends.
//!
//! Polling works with every server. Few servers can stream logs, and many proxies reject websockets.

use std::{collections::HashSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, FlowRun, LogLine, RunState, StateType},
    clock::Clock,
};

/// Options for watching a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchOptions {
    /// Time between two requests.
    pub(crate) interval: Duration,
    /// Time until watching stops. The run itself continues.
    pub(crate) timeout: Option<Duration>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), timeout: None }
    }
}

/// A new state or a new log line of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WatchEvent<'a> {
    State { run: Uuid, state: &'a RunState },
    Log { run: Uuid, line: &'a LogLine },
}

/// The outcome of watching a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    Completed,
    Failed,
    Crashed,
    Cancelled,
    /// The timeout expired before the run ended.
    TimedOut {
        after: Duration,
    },
}

impl Watched {
    /// Returns the result of a run that has ended, or `None` if the run has not ended.
    pub(crate) fn of_ended(run: &FlowRun) -> Option<Self> {
        let state = run.state.clone()?;
        Some(Self { id: run.id, end: RunEnd::from_state(state.kind)?, state: Some(state) })
    }
}

impl RunEnd {
    /// Returns the outcome for a final state, or `None` for other states, such as paused or late.
    fn from_state(state: StateType) -> Option<Self> {
        match state {
            StateType::Completed => Some(Self::Completed),
            StateType::Failed => Some(Self::Failed),
            StateType::Crashed => Some(Self::Crashed),
            StateType::Cancelled => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// The result of watching a run.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) id: Uuid,
    pub(crate) end: RunEnd,
    /// The last known state.
    pub(crate) state: Option<RunState>,
}

/// Watches a run until it ends or the timeout expires. Reports each new state and log line.
pub(crate) async fn watch(
    client: &Client,
    clock: &Clock,
    id: Uuid,
    options: WatchOptions,
    on_event: &mut (dyn FnMut(WatchEvent<'_>) + Send),
) -> Result<Watched, ApiError> {
    let mut watcher = Watcher {
        client,
        clock,
        id,
        state: None,
        final_state: None,
        seen: HashSet::new(),
        newest_log: None,
        on_event,
    };
    let following = watcher.follow(options.interval);
    let end = match options.timeout {
        None => following.await?,
        Some(after) => match tokio::time::timeout(after, following).await {
            Ok(end) => end?,
            Err(_) => RunEnd::TimedOut { after },
        },
    };
    watcher.report_final_state();
    Ok(Watched { id, end, state: watcher.state })
}

struct Watcher<'a> {
    client: &'a Client,
    clock: &'a Clock,
    id: Uuid,
    /// The last state of the run.
    state: Option<RunState>,
    /// A final state that is reported after the remaining log lines.
    final_state: Option<RunState>,
    /// IDs of the states and log lines that have been reported.
    seen: HashSet<Uuid>,
    newest_log: Option<Timestamp>,
    on_event: &'a mut (dyn FnMut(WatchEvent<'_>) + Send),
}

impl Watcher<'_> {
    /// Period of log lines that each request reads again, because processes send log lines late and out of order.
    const OVERLAP: SignedDuration = SignedDuration::from_secs(10);
    /// Time to wait for further log lines after the run has ended: since the last line, and in total.
    const SILENCE: Duration = Duration::from_secs(3);
    const LONGEST_DRAIN: SignedDuration = SignedDuration::from_secs(20);

    async fn follow(&mut self, interval: Duration) -> Result<RunEnd, ApiError> {
        loop {
            let end = self.report_states().await?;
            self.report_logs().await?;
            if let Some(end) = end {
                if !self.ended_long_ago() {
                    self.drain(interval).await?;
                }
                return Ok(end);
            }
            tokio::time::sleep(interval).await;
        }
    }

    async fn report_states(&mut self) -> Result<Option<RunEnd>, ApiError> {
        for state in self.client.flow_run_states(self.id).await? {
            if self.seen.insert(state.id) {
                // A retried run leaves its final state.
                self.report_final_state();
                if RunEnd::from_state(state.kind).is_some() {
                    self.final_state = Some(state.clone());
                } else {
                    (self.on_event)(WatchEvent::State { run: self.id, state: &state });
                }
            }
            self.state = Some(state);
        }
        Ok(self.state.as_ref().and_then(|state| RunEnd::from_state(state.kind)))
    }

    fn report_final_state(&mut self) {
        if let Some(state) = self.final_state.take() {
            (self.on_event)(WatchEvent::State { run: self.id, state: &state });
        }
    }

    /// Reports new log lines. Returns whether any line was new.
    async fn report_logs(&mut self) -> Result<bool, ApiError> {
        let from = self.newest_log.and_then(|newest| newest.checked_sub(Self::OVERLAP).ok());
        let mut is_new = false;
        for line in self.client.flow_run_logs(self.id, from).await? {
            if self.seen.insert(line.id) {
                is_new = true;
                self.newest_log = self.newest_log.max(Some(line.timestamp));
                (self.on_event)(WatchEvent::Log { run: self.id, line: &line });
            }
        }
        Ok(is_new)
    }

    /// Returns whether the run ended too long ago to still send log lines.
    fn ended_long_ago(&self) -> bool {
        let age = self.state.as_ref().map(|state| self.clock.now().duration_since(state.timestamp));
        age.is_some_and(|age| age > Self::LONGEST_DRAIN)
    }

    async fn drain(&mut self, interval: Duration) -> Result<(), ApiError> {
        let pause = interval.min(Self::SILENCE / 3);
        let started = tokio::time::Instant::now();
        let mut last_line = started;
        while last_line.elapsed() < Self::SILENCE && started.elapsed() < Self::LONGEST_DRAIN.unsigned_abs() {
            tokio::time::sleep(pause).await;
            if self.report_logs().await? {
                last_line = tokio::time::Instant::now();
            }
        }
        Ok(())
    }
}
