//! Whether what was compared is still what the server has, when it is about to be written.
//!
//! Asking for each deployment would double the requests. So the server is asked, from time to time and at first,
//! which of those that wait was written last: one small request, as long as that is no news.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Deployment, DeploymentFilter},
    deploy::{
        desired::Desired,
        live::Live,
        plan::{Change, FieldChange, differences},
    },
};

/// How old an answer may be that nothing has changed.
const FRESH: Duration = Duration::from_secs(2);
/// How many deployments an older one is good for: a slow server is not to be slowed down further.
const AT_LEAST: usize = 8;

pub(super) struct Guard<'a> {
    client: &'a Client,
    state: Mutex<State<'a>>,
}

#[derive(Default)]
struct State<'a> {
    checked: Option<Instant>,
    /// How many have been admitted since.
    admitted: usize,
    /// Deployments that will be changed, as they were compared.
    updates: HashMap<Uuid, &'a Deployment>,
    /// `(flow, deployment)` names of those that will be created.
    creates: BTreeSet<(String, String)>,
    /// The last time that one of those to be changed was written, as far as is known.
    last_update: Option<Timestamp>,
    /// The same for deployments that have the flow of one to be created and the name of another one.
    last_create: Option<Timestamp>,
    changed: HashMap<Uuid, Deployment>,
    appeared: BTreeSet<(String, String)>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(client: &'a Client, changes: &[(&Desired, Change<'a>)]) -> Self {
        let mut state = State::default();
        for (desired, change) in changes {
            match change {
                Change::Create => drop(state.creates.insert(key(desired))),
                Change::Update { live, .. } => drop(state.updates.insert(live.id, live)),
                Change::Unchanged { .. } => {}
            }
        }
        state.last_update = state.updates.values().filter_map(|one| one.updated).max();
        Self { client, state: Mutex::new(state) }
    }

    /// What others have changed of a deployment since it was compared. It is not asked for again.
    pub(super) async fn admit(
        &self,
        desired: &Desired,
        change: &Change<'_>,
    ) -> Result<Vec<FieldChange>, ApiError> {
        let mut state = self.state.lock().await;
        let is_stale = state.admitted >= AT_LEAST && state.checked.is_some_and(|at| at.elapsed() >= FRESH);
        if state.checked.is_none() || is_stale {
            self.check_updates(&mut state).await?;
            self.check_creates(&mut state).await?;
            state.checked = Some(Instant::now());
            state.admitted = 0;
        }
        state.admitted += 1;
        Ok(match change {
            Change::Update { live, .. } => {
                state.updates.remove(&live.id);
                let now = state.changed.get(&live.id);
                now.map(|now| differences(desired, live, now)).unwrap_or_default()
            }
            Change::Create => {
                let key = key(desired);
                state.creates.remove(&key);
                let appeared = state.appeared.contains(&key);
                let difference = || FieldChange { field: "name".into(), old: json!(null), new: json!(key.1) };
                appeared.then(difference).into_iter().collect()
            }
            Change::Unchanged { .. } => Vec::new(),
        })
    }

    async fn check_updates(&self, state: &mut State<'_>) -> Result<(), ApiError> {
        if state.updates.is_empty() {
            return Ok(());
        }
        let filter =
            DeploymentFilter { ids: state.updates.keys().copied().collect(), ..DeploymentFilter::default() };
        let last = self.client.last_updated_deployment(&filter).await?.and_then(|one| one.updated);
        if last <= state.last_update {
            return Ok(());
        }
        state.last_update = last;
        let now = self.client.deployments(&filter).await?;
        let written =
            |one: &Deployment| state.updates.get(&one.id).is_some_and(|was| was.updated != one.updated);
        let changed: Vec<Deployment> = now.into_iter().filter(written).collect();
        state.changed.extend(changed.into_iter().map(|one| (one.id, one)));
        Ok(())
    }

    async fn check_creates(&self, state: &mut State<'_>) -> Result<(), ApiError> {
        if state.creates.is_empty() {
            return Ok(());
        }
        let filter = DeploymentFilter::named(&state.creates);
        let last = self.client.last_updated_deployment(&filter).await?.and_then(|one| one.updated);
        if last <= state.last_create {
            return Ok(());
        }
        state.last_create = last;
        let now = Live::observe_deployments(self.client, &state.creates).await?;
        let there = |(flow, name): &&(String, String)| now.deployment(flow, name).is_some();
        let appeared: Vec<_> = state.creates.iter().filter(there).cloned().collect();
        state.appeared.extend(appeared);
        Ok(())
    }
}

fn key(desired: &Desired) -> (String, String) {
    (desired.flow_name.clone(), desired.name.clone())
}
