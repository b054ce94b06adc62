//! Writes the changes of each deployment in this order: flow, deployment, schedules, triggers.

mod concurrent_writes;
mod conflict;
mod destruction;
mod duplicates;
mod foreign_changes;
pub(crate) mod journal;
mod journaled_deployment;
mod journaled_resource;
mod outcome;
mod pruning;
mod queue_order;
mod remover;
pub(crate) mod report;
mod resources;
mod rollback;
mod secret_overlay;
mod writer;

pub(crate) use destruction::{Destruction, KeptObjects};
pub(crate) use journaled_deployment::JournaledDeployment;
pub(crate) use journaled_resource::{JournaledResource, recover_resources};
pub(crate) use outcome::{FinishedWrites, Outcome, Restoration, WriteError};
pub(crate) use pruning::{plan_pruning, prune};
pub(crate) use report::{DeploymentLine, Report};
pub(crate) use resources::{PendingResources, ResourceLine, ResourceWriter};
pub(crate) use rollback::{ConflictPolicy, Recovery, RollbackContext, recover};

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    api::{ApiError, Client},
    apply::{
        conflict::ConflictCheck, duplicates::CreatedParts, journal::Journal, queue_order::QueueOrder,
        writer::Writer,
    },
    deployment::{OnError, Snapshot},
    plan::{self, Change, ComparedDeployment, FieldChange},
    progress::{DeploymentEvent, Progress},
    secret::Redactor,
};

/// Context for writing deployments.
pub(crate) struct Apply<'a> {
    pub(crate) client: &'a Client,
    pub(crate) live: &'a Snapshot,
    /// `None` if nothing changes.
    pub(crate) journal: Option<&'a Journal>,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) now: Timestamp,
    pub(crate) on_error: OnError,
    /// Whether to skip the conflict check.
    pub(crate) force: bool,
    /// Records of the deploy that this deploy resumes. A rollback also restores the deployments in these
    /// records.
    pub(crate) earlier: &'a [JournaledDeployment],
    pub(crate) redactor: &'a Redactor,
}

/// A deployment to write, and its position among the deployments that have changes.
struct PendingWrite<'a> {
    compared: &'a ComparedDeployment<'a>,
    position: usize,
}

impl Apply<'_> {
    /// Writes the changes concurrently, up to the client's write limit. Stores each outcome in the corresponding report
    /// line.
    pub(crate) async fn run(&self, changes: &[ComparedDeployment<'_>], report: &mut Report) {
        let writer = Writer::new(self.client, self.live, self.now);
        let writes = changes.iter().filter(|compared| !compared.change.is_unchanged()).collect();
        let check = ConflictCheck::new(self.client, self.live, writes);
        let failed = AtomicBool::new(false);
        let order = &QueueOrder::new(changes);
        let mut position = 0;
        let (writer_ref, check, failed_ref, finished) = (&writer, &check, &failed, &report.finished);
        stream::iter(changes.iter().enumerate())
            .map(|(index, compared)| {
                let write = PendingWrite { compared, position };
                position += usize::from(!compared.change.is_unchanged());
                async move {
                    order.turn(index).await;
                    let result = self.write(write, writer_ref, check, failed_ref).await;
                    order.done(index);
                    finished.add(index, compared.desired.full_name(), result);
                }
            })
            .buffered(2 * Client::MAX_WRITES)
            .collect::<()>()
            .await;
        report.collect_finished();
        // A rollback also removes the duplicates.
        if !(self.on_error == OnError::Rollback && failed.into_inner()) {
            self.resolve_duplicates(changes, writer.into_created(), report).await;
        }
    }

    /// Writes a deployment as soon as the limiter allows it. Returns the outcome and the duration of the
    /// write. The duration excludes the time spent waiting.
    async fn write(
        &self,
        write: PendingWrite<'_>,
        writer: &Writer<'_>,
        check: &ConflictCheck<'_>,
        failed: &AtomicBool,
    ) -> (Outcome, Duration) {
        let name = &write.compared.desired.full_name();
        let end = if let Change::Unchanged { live } = &write.compared.change {
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
                } else if let Some(journal) = self.journal {
                    journal.done(name);
                }
                (outcome, started.elapsed())
            }
        };
        self.progress.deployment(name, end.0.event());
        end
    }

    /// Writes a deployment, unless it has changed since it was compared. Sends ignored fields with their current values
    /// on the server.
    async fn checked_write(
        &self,
        write: &PendingWrite<'_>,
        writer: &Writer<'_>,
        check: &ConflictCheck<'_>,
    ) -> Outcome {
        if self.force && write.compared.desired.ignored.is_empty() {
            return writer.write(write.compared, None).await;
        }
        if !self.force {
            match check.differences(write.position).await {
                Ok(differences) if differences.is_empty() => {}
                Ok(differences) => return self.conflict(differences, false),
                Err(error) => return Outcome::Unchecked(error.into()),
            }
        }
        let latest = match check.latest(write.position).await {
            Ok(latest) => latest,
            Err(error) => return Outcome::Unchecked(error.into()),
        };
        // The next batch is read while the last writes of the current batch are in progress.
        let next = write.position + self.client.write_limit();
        let written = writer.write(write.compared, latest);
        let outcome = tokio::join!(written, check.prefetch(next)).0;
        if self.force { outcome } else { self.explained(write, outcome).await }
    }

    /// Converts a write failure to a conflict if someone else changed the deployment during the write.
    async fn explained(&self, write: &PendingWrite<'_>, outcome: Outcome) -> Outcome {
        let Outcome::Failed {
            error: WriteError::Api(ApiError::NotFound { .. } | ApiError::Conflict { .. }),
            written,
        } = outcome
        else {
            return outcome;
        };
        let check = ConflictCheck::new(self.client, self.live, vec![write.compared]);
        let Ok(mut differences) = check.differences(0).await else { return outcome };
        let ComparedDeployment { desired, change } = write.compared;
        let own = change.live().map(|live| desired.update_body(live)).unwrap_or_default();
        differences.retain(|difference| own.get(&difference.field) != Some(&difference.new));
        if differences.is_empty() { outcome } else { self.conflict(differences, written) }
    }

    fn conflict(&self, mut differences: Vec<FieldChange>, written: bool) -> Outcome {
        differences.iter_mut().for_each(|change| plan::mask(change, self.redactor));
        Outcome::Conflict { differences, written }
    }

    /// Removes duplicate automations and schedules that a concurrent deploy also created. Reports the
    /// affected deployments as conflicts.
    async fn resolve_duplicates(
        &self,
        changes: &[ComparedDeployment<'_>],
        created: CreatedParts,
        report: &mut Report,
    ) {
        let gives_way =
            report.deployments.iter().any(|line| matches!(line.outcome, Outcome::Conflict { .. }));
        let (mut conflicts, error) = duplicates::resolve(self.client, self.live, created, gives_way).await;
        for (compared, line) in changes.iter().zip(&mut report.deployments) {
            let Some(differences) = line.id().and_then(|id| conflicts.remove(&id)) else { continue };
            line.outcome = self.conflict(differences, true);
            self.progress.deployment(&compared.desired.full_name(), line.outcome.event());
        }
        if let Some(error) = error {
            let message = format!("the check for concurrent deploys failed: {error}");
            report.warn_unrecorded(message, "deploy again to check for duplicates", self.progress);
        }
    }

    /// Returns the records that a rollback restores, with the positions of their changes: the records of written
    /// deployments and of the resumed deploy.
    ///
    /// Includes failed writes, because a request may succeed even if its response is lost.
    fn rollback_records(
        &self,
        changes: &[ComparedDeployment<'_>],
        lines: &[DeploymentLine],
    ) -> Vec<(Option<usize>, JournaledDeployment)> {
        let mut earlier: HashMap<String, &JournaledDeployment> =
            self.earlier.iter().map(|record| (record.full_name(), record)).collect();
        let mut records = Vec::new();
        for (index, (compared, line)) in changes.iter().zip(lines).enumerate() {
            let earlier = earlier.remove(&line.name);
            if earlier.is_some() || line.outcome.may_have_written() {
                let record = JournaledDeployment::new(compared, self.live);
                records.push((Some(index), record.continuing(earlier)));
            }
        }
        let others = self.earlier.iter().filter(|record| earlier.contains_key(&record.full_name()));
        records.extend(others.map(|record| (None, record.clone())));
        records
    }

    /// Restores the written deployments and the resumed deploy's deployments.
    pub(crate) async fn roll_back(
        &self,
        changes: &[ComparedDeployment<'_>],
        rollback: &RollbackContext<'_>,
        report: &mut Report,
    ) {
        let (positions, records): (Vec<_>, Vec<_>) =
            self.rollback_records(changes, &report.deployments).into_iter().unzip();
        let recoveries = recover(rollback, &records, self.live.excluded_automations()).await;
        for ((index, record), recovery) in positions.into_iter().zip(&records).zip(recoveries) {
            let name = record.full_name();
            let restoration = report.add_recovery(&format!("deployment '{name}'"), recovery);
            let change = index.filter(|_| restoration.is_complete()).map(|index| &changes[index]);
            let state = change.and_then(|change| self.unrestorable_state(change, restoration));
            if let Some(message) = state.filter(|message| !report.unrestored.contains(message)) {
                report.unrestored.push(message);
            }
            match index {
                // A deployment of the resumed deploy is restored even if that deploy had not written it yet.
                Some(index) if restoration == Restoration::Unneeded => {
                    report.deployments[index].outcome.set_restored(Restoration::Restored);
                }
                Some(index) => report.deployments[index].outcome.set_restored(restoration),
                None => report.deployments.push(DeploymentLine::of_earlier(name, restoration)),
            }
        }
    }

    /// Returns a message about state that a complete rollback of a deployment has not restored.
    fn unrestorable_state(
        &self,
        ComparedDeployment { desired, change }: &ComparedDeployment<'_>,
        restoration: Restoration,
    ) -> Option<String> {
        match change {
            Change::Create if self.live.flow(&desired.flow_name).is_none() => {
                Some(format!("flow '{}' is kept even if this deploy created it", desired.flow_name))
            }
            Change::Update { .. } if restoration == Restoration::Restored => Some(
                "the server deleted the scheduled runs of the updated deployments and will create new ones"
                    .into(),
            ),
            _ => None,
        }
    }
}
