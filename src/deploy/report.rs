//! What a deploy tells when it is done.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{apply::Outcome, desired::Desired};
use crate::{
    api::{ApiError, Client, Links, WorkPool},
    steps::Ran,
};

/// The result of a deploy.
#[derive(Debug)]
pub(crate) struct Report {
    /// One for each deployment, in their order.
    pub(crate) lines: Vec<Line>,
    /// Work pools that need a worker and have none.
    pub(crate) idle_pools: Vec<String>,
    /// The builds and pushes, each with the deployments it is for.
    pub(crate) steps: Vec<Ran>,
}

impl Report {
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&Line, &ApiError)> {
        self.lines.iter().filter_map(|line| match &line.status {
            Status::Failed { error, .. } => Some((line, error)),
            _ => None,
        })
    }

    /// Whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.lines.iter().any(|line| {
            matches!(line.status, Status::Created | Status::Updated(_) | Status::Failed { written: true, .. })
        })
    }
}

/// What became of a deployment.
#[derive(Debug)]
pub(crate) struct Line {
    /// `flow/deployment`.
    pub(crate) name: String,
    pub(crate) id: Option<Uuid>,
    pub(crate) url: Option<String>,
    pub(crate) status: Status,
}

#[derive(Debug)]
pub(crate) enum Status {
    Created,
    /// With the names of what changed.
    Updated(Vec<String>),
    Unchanged,
    Failed {
        error: ApiError,
        written: bool,
    },
    NotTried,
}

impl Status {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated(_) => "updated",
            Self::Unchanged => "unchanged",
            Self::Failed { .. } => "failed",
            Self::NotTried => "not tried",
        }
    }
}

pub(super) fn line(desired: &Desired, outcome: Outcome, links: &Links) -> Line {
    let (id, status) = match outcome {
        Outcome::Created(id) => (Some(id), Status::Created),
        Outcome::Updated(id, changed) => (Some(id), Status::Updated(changed)),
        Outcome::Unchanged(id) => (Some(id), Status::Unchanged),
        Outcome::Failed { error, written } => (None, Status::Failed { error, written }),
        Outcome::NotTried => (None, Status::NotTried),
    };
    Line { name: desired.full_name(), id, url: id.and_then(|id| links.deployment(id)), status }
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
