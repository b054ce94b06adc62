//! What a deploy tells when it is done.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Stages,
    apply::Outcome,
    desired::Desired,
    plan::{Action, Change, PlannedChange},
};
use crate::{
    api::{ApiError, Client, Links, WorkPool},
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
    pub(crate) remains: Vec<String>,
    /// Whether a journal is left with which the deploy can be resumed.
    pub(crate) resumable: bool,
    pub(crate) stages: Stages,
}

impl Report {
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
    desired: &Desired,
    change: &Change<'_>,
    changes: Vec<PlannedChange>,
    (outcome, time): (Outcome, Duration),
    links: &Links,
) -> Line {
    let id = outcome.id();
    let url = id.and_then(|id| links.deployment(id));
    Line { name: desired.full_name(), id, url, outcome, action: change.action(), changes, time }
}

/// The pools whose runs wait for a worker that is not there. A server that cannot tell has none.
pub(super) async fn idle_pools(
    desired: &[Desired],
    pools: &BTreeMap<String, WorkPool>,
    client: &Client,
) -> Vec<String> {
    let used: BTreeSet<&str> = desired.iter().map(|one| one.work_pool.as_str()).collect();
    let waiting = used
        .into_iter()
        .filter_map(|name| pools.get(name))
        .filter(|pool| !pool.is_push() && !pool.is_managed());
    let idle = waiting.map(async |pool| {
        let workers = client.online_workers(&pool.name).await;
        workers.is_ok_and(|workers| workers.is_empty()).then(|| pool.name.clone())
    });
    join_all(idle).await.into_iter().flatten().collect()
}
