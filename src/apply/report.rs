//! Result of a deploy.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    api::{ApiError, Links},
    apply::{Applied, FinishedWrites, Outcome, ResourceLine},
    deployment::{DesiredDeployment, StageTimes},
    plan::{self, Action, Change, PlannedChange},
    secret::Redactor,
    steps::Ran,
};

/// Result of a deploy.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// A line for each deployment, in declaration order.
    pub(crate) lines: Vec<Line>,
    /// A line for each declared resource, in write order.
    pub(crate) resources: Vec<ResourceLine>,
    /// Names of the work pools without an online worker.
    pub(crate) idle_pools: Vec<String>,
    /// Steps that were run, each with the deployments that use it.
    pub(crate) steps: Vec<Ran>,
    /// Messages about state that could not be restored.
    pub(crate) unrestored: Vec<String>,
    /// Whether `--resume` can continue the deploy.
    pub(crate) resumable: bool,
    pub(crate) stages: StageTimes,
    /// Writes that have finished. They are moved to `lines` when all writes have finished.
    pub(crate) finished: FinishedWrites,
}

impl Report {
    /// Adds the outcomes of all writes to the lines, with secrets redacted.
    pub(crate) fn complete(&mut self, applied: Applied, links: &Links, redactor: &Redactor) {
        let Applied { outcomes, times, unrestored, earlier } = applied;
        for (line, (outcome, time)) in self.lines.iter_mut().zip(outcomes.into_iter().zip(times)) {
            line.id = outcome.id();
            line.url = line.id.and_then(|id| links.deployment(id));
            (line.outcome, line.time) = (outcome, time);
            if let Outcome::Conflict { differences, .. } = &mut line.outcome {
                differences.iter_mut().for_each(|change| plan::mask(change, redactor));
            }
        }
        for line in &mut self.resources {
            if let Outcome::Conflict { differences, .. } = &mut line.outcome {
                differences.iter_mut().for_each(|change| plan::mask(change, redactor));
            }
        }
        self.unrestored.extend(unrestored);
        self.lines.extend(earlier.into_iter().map(|(name, is_restored)| restored(name, is_restored)));
    }

    /// Adds the results of finished writes to the lines of an interrupted deploy.
    pub(crate) fn interrupt(&mut self, links: &Links) {
        for (index, (outcome, time)) in self.finished.take() {
            if let Some(line) = self.lines.get_mut(index) {
                line.id = outcome.id();
                line.url = line.id.and_then(|id| links.deployment(id));
                (line.outcome, line.time) = (outcome, time);
            }
        }
    }

    /// Returns whether all deployments have their desired state.
    pub(crate) fn is_done(&self) -> bool {
        self.outcomes().all(Outcome::is_done)
    }

    /// Returns whether all failures are conflicts.
    pub(crate) fn only_conflicts(&self) -> bool {
        !self.is_done() && self.first_error().is_none()
    }

    /// Returns the first error that occurred during a write.
    pub(crate) fn first_error(&self) -> Option<&ApiError> {
        self.outcomes().find_map(Outcome::error)
    }

    pub(crate) fn was_rolled_back(&self) -> bool {
        self.outcomes().any(|outcome| matches!(outcome, Outcome::Restored))
    }

    /// Returns whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.outcomes().any(Outcome::wrote)
    }

    /// Returns the outcomes of all resources and deployments.
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let resources = self.resources.iter().map(|line| &line.outcome);
        resources.chain(self.lines.iter().map(|line| &line.outcome))
    }
}

/// Result of a deployment.
#[derive(Debug)]
pub(crate) struct Line {
    /// `flow/deployment`.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) id: Option<Uuid>,
    pub(crate) url: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) action: Action,
    /// The planned changes, with secrets redacted.
    pub(crate) changes: Vec<PlannedChange>,
    /// Time between the start and the end of the write.
    pub(crate) time: Duration,
}

pub(crate) fn line(
    desired: &DesiredDeployment,
    change: &Change<'_>,
    changes: Vec<PlannedChange>,
    (outcome, time): (Outcome, Duration),
    links: &Links,
) -> Line {
    let id = outcome.id();
    let url = id.and_then(|id| links.deployment(id));
    let (name, file) = (desired.full_name(), desired.file.clone());
    Line { name, file, id, url, outcome, action: change.action(), changes, time }
}

/// Returns the line for a deployment that only an earlier deploy wrote and that has been rolled back.
fn restored(name: String, restored: bool) -> Line {
    let outcome = if restored {
        Outcome::Restored
    } else {
        let reason = "the deployment could not be restored".to_owned();
        Outcome::Failed { error: ApiError::Setup(reason), written: true }
    };
    Line {
        name,
        file: None,
        id: None,
        url: None,
        outcome,
        action: Action::Update,
        changes: Vec::new(),
        time: Duration::ZERO,
    }
}
