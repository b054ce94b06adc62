//! Follows a run by asking for its states and logs until it ends.
//!
//! Asking works everywhere: servers do not stream logs unless told to, and proxies often refuse websockets.

use std::{collections::HashSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::api::{ApiError, Client, LogLine, RunState, StateType};

/// How to watch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WatchOptions {
    /// How often to ask.
    pub(crate) interval: Duration,
    /// When to stop watching; the run goes on.
    pub(crate) timeout: Option<Duration>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), timeout: None }
    }
}

/// Something new about the run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WatchEvent<'a> {
    State { run: Uuid, state: &'a RunState },
    Log { run: Uuid, line: &'a LogLine },
}

/// How watching ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    Completed,
    Failed,
    Crashed,
    Cancelled,
    /// The run has not ended.
    TimedOut {
        after: Duration,
    },
}

impl RunEnd {
    /// The end that a state means, if it is one. A paused or late run is waited for.
    fn of(state: StateType) -> Option<Self> {
        match state {
            StateType::Completed => Some(Self::Completed),
            StateType::Failed => Some(Self::Failed),
            StateType::Crashed => Some(Self::Crashed),
            StateType::Cancelled => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// A run that is no longer watched.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) id: Uuid,
    pub(crate) end: RunEnd,
    /// The last state that was seen.
    pub(crate) state: Option<RunState>,
}

/// Follows the run `id` and tells every new state and log line, until it ends or the time is over.
pub(crate) async fn watch(
    client: &Client,
    id: Uuid,
    options: WatchOptions,
    on_event: &mut (dyn FnMut(WatchEvent<'_>) + Send),
) -> Result<Watched, ApiError> {
    let mut watcher = Watcher { client, id, state: None, seen: HashSet::new(), newest_log: None, on_event };
    let following = watcher.follow(options.interval);
    let end = match options.timeout {
        None => following.await?,
        Some(after) => match tokio::time::timeout(after, following).await {
            Ok(end) => end?,
            Err(_) => RunEnd::TimedOut { after },
        },
    };
    Ok(Watched { id, end, state: watcher.state })
}

struct Watcher<'a> {
    client: &'a Client,
    id: Uuid,
    /// The last state that was told.
    state: Option<RunState>,
    /// The states and log lines that were told.
    seen: HashSet<Uuid>,
    newest_log: Option<Timestamp>,
    on_event: &'a mut (dyn FnMut(WatchEvent<'_>) + Send),
}

impl Watcher<'_> {
    /// Processes send their logs late and not in order: look back this far.
    const OVERLAP: SignedDuration = SignedDuration::from_secs(10);
    /// After the run's end, how long to wait for log lines since the last one came, and in all.
    const SILENCE: Duration = Duration::from_secs(3);
    const LONGEST_DRAIN: Duration = Duration::from_secs(20);

    async fn follow(&mut self, interval: Duration) -> Result<RunEnd, ApiError> {
        loop {
            let end = self.tell_states().await?;
            self.tell_logs().await?;
            if let Some(end) = end {
                self.drain(interval).await?;
                return Ok(end);
            }
            tokio::time::sleep(interval).await;
        }
    }

    async fn tell_states(&mut self) -> Result<Option<RunEnd>, ApiError> {
        for state in self.client.flow_run_states(self.id).await? {
            if self.seen.insert(state.id) {
                (self.on_event)(WatchEvent::State { run: self.id, state: &state });
            }
            self.state = Some(state);
        }
        Ok(self.state.as_ref().and_then(|state| RunEnd::of(state.kind)))
    }

    /// Whether there were new lines.
    async fn tell_logs(&mut self) -> Result<bool, ApiError> {
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

    async fn drain(&mut self, interval: Duration) -> Result<(), ApiError> {
        let pause = interval.min(Self::SILENCE / 3);
        let started = tokio::time::Instant::now();
        let mut last_line = started;
        while last_line.elapsed() < Self::SILENCE && started.elapsed() < Self::LONGEST_DRAIN {
            tokio::time::sleep(pause).await;
            if self.tell_logs().await? {
                last_line = tokio::time::Instant::now();
            }
        }
        Ok(())
    }
}
