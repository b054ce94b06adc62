//! Result of a deploy.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    api::{ApiError, Links},
    apply::{FinishedWrites, Outcome},
    deploy::StageTimes,
    deployment::DesiredDeployment,
    plan::{Action, Change, PlannedChange},
    steps::Ran,
};

/// Result of a deploy.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// One line per deployment, in order.
    pub(crate) lines: Vec<Line>,
    /// Work pools without an online worker.
    pub(crate) idle_pools: Vec<String>,
    /// Steps that ran, each with its deployments.
    pub(crate) steps: Vec<Ran>,
    /// Messages about state that could not be restored.
    pub(crate) unrestored: Vec<String>,
    /// Whether `--resume` can continue the deploy.
    pub(crate) resumable: bool,
    pub(crate) stages: StageTimes,
    /// Writes that have finished. They are moved to `lines` when all of them have.
    pub(crate) finished: FinishedWrites,
}

impl Report {
    /// Completes the lines of an interrupted deploy with the writes that have finished.
    pub(crate) fn interrupt(&mut self, links: &Links) {
        for (index, (outcome, time)) in self.finished.take() {
            if let Some(line) = self.lines.get_mut(index) {
                line.id = outcome.id();
                line.url = line.id.and_then(|id| links.deployment(id));
                (line.outcome, line.time) = (outcome, time);
            }
        }
    }

    /// Checks whether every deployment has its desired state.
    pub(crate) fn is_done(&self) -> bool {
        self.lines.iter().all(|line| line.outcome.is_done())
    }

    /// Checks whether conflicts are the only failures.
    pub(crate) fn only_conflicts(&self) -> bool {
        !self.is_done() && self.first_error().is_none()
    }

    /// Returns the first error of a write.
    pub(crate) fn first_error(&self) -> Option<&ApiError> {
        self.lines.iter().find_map(|line| line.outcome.error())
    }

    pub(crate) fn was_rolled_back(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.outcome, Outcome::Restored))
    }

    /// Checks whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.lines.iter().any(|line| line.outcome.wrote())
    }
}

/// Result of a deployment.
#[derive(Debug)]
pub(crate) struct Line {
    /// `flow/deployment`.
    pub(crate) name: String,
    pub(crate) id: Option<Uuid>,
    pub(crate) url: Option<String>,
    pub(crate) outcome: Outcome,
    /// Planned action and changes, without secrets.
    pub(crate) action: Action,
    pub(crate) changes: Vec<PlannedChange>,
    /// Time from the start of the write to its end.
    pub(crate) time: Duration,
}

pub(super) fn line(
    desired: &DesiredDeployment,
    change: &Change<'_>,
    changes: Vec<PlannedChange>,
    (outcome, time): (Outcome, Duration),
    links: &Links,
) -> Line {
    let id = outcome.id();
    let url = id.and_then(|id| links.deployment(id));
    Line { name: desired.full_name(), id, url, outcome, action: change.action(), changes, time }
}
