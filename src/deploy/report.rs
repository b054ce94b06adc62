//! What a deploy tells when it is done.

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

/// The result of a deploy.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// One for each deployment, in their order.
    pub(crate) lines: Vec<Line>,
    /// Work pools that need a worker and have none.
    pub(crate) idle_pools: Vec<String>,
    /// The steps that have run, each with the deployments it is for.
    pub(crate) steps: Vec<Ran>,
    /// What could not be made as it was before.
    pub(crate) unrestored: Vec<String>,
    /// Whether a journal is left with which the deploy can be resumed.
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

    /// Whether every deployment is as it shall be.
    pub(crate) fn is_done(&self) -> bool {
        self.lines.iter().all(|line| line.outcome.is_done())
    }

    /// Whether others have written what was to be written, and nothing else went wrong.
    pub(crate) fn only_conflicts(&self) -> bool {
        !self.is_done() && self.first_error().is_none()
    }

    /// The first error of a deployment that could not be written.
    pub(crate) fn first_error(&self) -> Option<&ApiError> {
        self.lines.iter().find_map(|line| line.outcome.error())
    }

    pub(crate) fn was_rolled_back(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.outcome, Outcome::Restored))
    }

    /// Whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.lines.iter().any(|line| line.outcome.wrote())
    }
}

/// What became of a deployment.
#[derive(Debug)]
pub(crate) struct Line {
    /// `flow/deployment`.
    pub(crate) name: String,
    pub(crate) id: Option<Uuid>,
    pub(crate) url: Option<String>,
    pub(crate) outcome: Outcome,
    /// What was to be done, and what was to change, without secrets.
    pub(crate) action: Action,
    pub(crate) changes: Vec<PlannedChange>,
    /// How long it took from its turn on.
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
