//! Writes the changes of each deployment in this order: flow, deployment, schedules, triggers.

mod before;
mod conflict;
pub(crate) mod journal;
mod rollback;
mod writer;

pub(crate) use before::Before;
#[cfg(test)]
pub(crate) use before::Was;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    apply::{conflict::ConflictCheck, journal::Journal, writer::Writer},
    deployment::OnError,
    deployment::{DesiredDeployment, Snapshot},
    plan::{Change, FieldChange},
    progress::{DeploymentEvent, Progress},
};

/// Outcome of a deployment.
#[derive(Debug)]
pub(crate) enum Outcome {
    Created(Uuid),
    /// The deployment was updated. Contains its id and the names of the changed fields.
    Updated(Uuid, Vec<String>),
    Unchanged(Uuid),
    /// A request failed. `written` is `true` if something was written before the failure.
    Failed {
        error: ApiError,
        written: bool,
    },
    /// The deployment has changed on the server since it was compared. Contains the changes.
    Conflict(Vec<FieldChange>),
    /// The conflict check failed, so the deployment was not written.
    Unchecked(ApiError),
    /// Another deployment failed first.
    NotTried,
    /// The deployment was restored because another deployment failed.
    Restored,
    /// The deployment was pruned.
    Deleted,
}

impl Outcome {
    /// Returns the word that describes the outcome in reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Updated(..) => "updated",
            Self::Unchanged(_) => "unchanged",
            Self::Failed { .. } | Self::Unchecked(_) => "failed",
            Self::Conflict(_) => "changed meanwhile",
            Self::NotTried => "not tried",
            Self::Restored => "restored",
            Self::Deleted => "deleted",
        }
    }

    /// Returns the progress event for the outcome.
    pub(crate) fn event(&self) -> DeploymentEvent<'static> {
        DeploymentEvent::Ended { outcome: self.word(), is_done: self.is_done() }
    }

    /// Returns the id of the deployment if it has its desired state. Returns `None` otherwise.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self {
            Self::Created(id) | Self::Updated(id, _) | Self::Unchanged(id) => Some(*id),
            _ => None,
        }
    }

    /// Returns whether the deployment has its desired state.
    pub(crate) fn is_done(&self) -> bool {
        self.id().is_some() || matches!(self, Self::Deleted)
    }

    /// Returns whether the outcome prevents further writes.
    fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Conflict(_) | Self::Unchecked(_))
    }

    pub(crate) fn error(&self) -> Option<&ApiError> {
        match self {
            Self::Failed { error, .. } | Self::Unchecked(error) => Some(error),
            _ => None,
        }
    }

    /// Checks whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        matches!(
            self,
            Self::Created(_) | Self::Updated(..) | Self::Deleted | Self::Failed { written: true, .. }
        )
    }
}

/// Context of writing.
pub(crate) struct Apply<'a> {
    pub(crate) client: &'a Client,
    pub(crate) live: &'a Snapshot,
    pub(crate) journal: &'a Journal,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) now: Timestamp,
    pub(crate) on_error: OnError,
    /// Whether to skip the conflict check.
    pub(crate) force: bool,
    pub(crate) finished: &'a FinishedWrites,
}

/// A callback that receives the name of a deployment and the outcome of its write.
type OnFinish = Box<dyn Fn(&str, &Outcome) + Send + Sync>;

/// Outcomes and durations of the finished writes, by position. They are available even if the deploy is
/// interrupted.
#[derive(Default)]
pub(crate) struct FinishedWrites {
    ends: Mutex<BTreeMap<usize, (String, Outcome, Duration)>>,
    /// Number of writes that have been reported to `on_finish`.
    reported: AtomicUsize,
    on_finish: Option<OnFinish>,
}

impl std::fmt::Debug for FinishedWrites {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FinishedWrites").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl FinishedWrites {
    /// Calls `on_finish` for the writes in order. A write is reported when it and all writes before it have
    /// finished.
    pub(crate) fn reporting(on_finish: OnFinish) -> Self {
        Self { on_finish: Some(on_finish), ..Self::default() }
    }

    fn add(&self, index: usize, name: String, (outcome, time): (Outcome, Duration)) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.insert(index, (name, outcome, time));
        let Some(on_finish) = &self.on_finish else { return };
        while let Some((name, outcome, _)) = ends.get(&self.reported.load(Relaxed)) {
            on_finish(name, outcome);
            self.reported.fetch_add(1, Relaxed);
        }
    }

    /// Returns the number of writes that have been reported to the callback.
    pub(crate) fn reported(&self) -> usize {
        self.reported.load(Relaxed)
    }

    /// Removes and returns all finished writes.
    pub(crate) fn take(&self) -> BTreeMap<usize, (Outcome, Duration)> {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        ends.into_iter().map(|(index, (_, outcome, time))| (index, (outcome, time))).collect()
    }
}

/// Outcomes of the writes, in the order of the changes.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) outcomes: Vec<Outcome>,
    /// Duration of each write.
    pub(crate) times: Vec<Duration>,
    pub(crate) unrestored: Vec<String>,
}

/// A deployment to write, and its position among the deployments that have changes.
struct PendingWrite<'a> {
    desired: &'a DesiredDeployment,
    change: &'a Change<'a>,
    position: usize,
}

impl Apply<'_> {
    /// Writes the changes concurrently, within the limit that the client's limiter sets.
    pub(crate) async fn run(&self, changes: &[(&DesiredDeployment, Change<'_>)]) -> Applied {
        let writer = Writer::new(self.client, self.live, self.now);
        let writes = changes.iter().filter(|(_, change)| !matches!(change, Change::Unchanged { .. }));
        let writes = writes.map(|(desired, change)| (*desired, change)).collect();
        let check = (!self.force).then(|| ConflictCheck::new(self.client, self.live, writes));
        let failed = AtomicBool::new(false);
        let mut position = 0;
        let (writer, check, failed_ref) = (&writer, check.as_ref(), &failed);
        stream::iter(changes.iter().enumerate())
            .map(|(index, (desired, change))| {
                let write = PendingWrite { desired, change, position };
                position += usize::from(!matches!(change, Change::Unchanged { .. }));
                async move {
                    let result = self.write(write, writer, check, failed_ref).await;
                    self.finished.add(index, desired.full_name(), result);
                }
            })
            .buffered(2 * Client::MAX_WRITES)
            .collect::<()>()
            .await;
        let (outcomes, times) = self.finished.take().into_values().unzip();
        let mut applied = Applied { outcomes, times, unrestored: Vec::new() };
        if self.on_error == OnError::Rollback && failed.into_inner() {
            applied.unrestored = self.roll_back(changes, &mut applied.outcomes).await;
        }
        applied
    }

    /// Writes a deployment as soon as the limiter allows it. Returns the outcome and the duration of the
    /// write, without the time spent waiting.
    async fn write(
        &self,
        write: PendingWrite<'_>,
        writer: &Writer<'_>,
        check: Option<&ConflictCheck<'_>>,
        failed: &AtomicBool,
    ) -> (Outcome, Duration) {
        let name = &write.desired.full_name();
        let end = if let Change::Unchanged { live } = write.change {
            (Outcome::Unchanged(live.id), Duration::ZERO)
        } else {
            let _slot = self.client.write_slot().await;
            let started = Instant::now();
            if failed.load(Relaxed) && self.on_error != OnError::Continue {
                (Outcome::NotTried, Duration::ZERO)
            } else {
                self.progress.deployment(name, DeploymentEvent::Writing);
                let outcome = self.checked_write(&write, writer, check).await;
                if outcome.is_failure() {
                    failed.store(true, Relaxed);
                } else {
                    self.journal.done(name);
                }
                (outcome, started.elapsed())
            }
        };
        self.progress.deployment(name, end.0.event());
        end
    }

    /// Writes a deployment, unless it has changed since it was compared.
    async fn checked_write(
        &self,
        write: &PendingWrite<'_>,
        writer: &Writer<'_>,
        check: Option<&ConflictCheck<'_>>,
    ) -> Outcome {
        let Some(check) = check else { return writer.write(write.desired, write.change).await };
        match check.differences(write.position).await {
            Ok(differences) if differences.is_empty() => {}
            Ok(differences) => return Outcome::Conflict(differences),
            Err(error) => return Outcome::Unchecked(error),
        }
        // The next batch is read while the last writes of this one are in flight.
        let next = write.position + self.client.write_limit();
        tokio::join!(writer.write(write.desired, write.change), check.prefetch(next)).0
    }

    /// Restores the deployments that were written. This includes failed writes, because a request may succeed
    /// even if its response is lost.
    ///
    /// Returns messages about state that could not be restored.
    async fn roll_back(
        &self,
        changes: &[(&DesiredDeployment, Change<'_>)],
        outcomes: &mut [Outcome],
    ) -> Vec<String> {
        let written: Vec<usize> = (0..outcomes.len())
            .filter(|index| {
                matches!(
                    outcomes[*index],
                    Outcome::Created(_) | Outcome::Updated(..) | Outcome::Failed { .. }
                )
            })
            .collect();
        let before: Vec<Before> = written
            .iter()
            .map(|index| {
                let (desired, change) = &changes[*index];
                Before::of(desired, change, self.live)
            })
            .collect();
        let restored = rollback::restore(self.client, &before).await;
        let mut unrestored = Vec::new();
        for (index, result) in written.into_iter().zip(restored) {
            let name = changes[index].0.full_name();
            match result {
                Ok(notes) => {
                    unrestored.extend(notes.into_iter().map(|note| format!("deployment '{name}': {note}")));
                    let stays = self.what_stays(&changes[index]).filter(|note| !unrestored.contains(note));
                    unrestored.extend(stays);
                    match &mut outcomes[index] {
                        Outcome::Failed { written, .. } => *written = false,
                        outcome => *outcome = Outcome::Restored,
                    }
                }
                Err(error) => {
                    unrestored.push(format!("deployment '{name}' could not be restored: {error}"));
                    if let Outcome::Failed { written, .. } = &mut outcomes[index] {
                        *written = true;
                    }
                }
            }
        }
        unrestored
    }

    /// Returns a message about state that a rollback cannot restore.
    fn what_stays(&self, (desired, change): &(&DesiredDeployment, Change<'_>)) -> Option<String> {
        match change {
            Change::Create if self.live.flow(&desired.flow_name).is_none() => {
                Some(format!("flow '{}' stays, if it was made", desired.flow_name))
            }
            Change::Update { .. } => Some(
                "the server dropped the future scheduled runs of what was written, and makes new ones".into(),
            ),
            _ => None,
        }
    }
}
