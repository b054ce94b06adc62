//! Whether what was compared is still what the server has, when it is about to be written.
//!
//! A server needs as long to show a deployment as to write one. So only those whose schedules or triggers are to change
//! are read again by themselves, each right before its write: these leave no trace in the deployment's time. For all
//! others one small answer is enough: which of those that wait was written last, or whether one has appeared. It is
//! asked for anew for each, as long as asking takes no more than its share of the time, and else for every
//! [`MOST`] of them.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Deployment, DeploymentFilter},
    deploy::{
        desired::Desired,
        live::{Live, by_deployment},
        plan::{Change, Changes, FieldChange, differences, trigger_differences},
    },
};

/// How long asking may take in all: so long at first, and later a part of the time that has gone by.
const AT_FIRST: Duration = Duration::from_millis(150);
const ONE_PART_OF: u32 = 16;
/// How many deployments an answer is good for at most.
const MOST: usize = 16;

pub(super) struct Guard<'a> {
    client: &'a Client,
    live: &'a Live,
    began: Instant,
    waiting: Mutex<Waiting<'a>>,
}

/// Those that are not written yet, and what is known of them.
#[derive(Default)]
struct Waiting<'a> {
    /// What asking has taken so far.
    spent: Duration,
    updates: Updates<'a>,
    creates: Creates,
}

/// Deployments of which only fields will be changed.
#[derive(Default)]
struct Updates<'a> {
    answer: Option<Answer>,
    /// As they were compared.
    waiting: HashMap<Uuid, &'a Deployment>,
    /// The last time that one of those was written, as far as is known.
    last: Option<Timestamp>,
    changed: HashMap<Uuid, Deployment>,
}

/// Deployments that will be created, by `(flow, deployment)` names.
#[derive(Default)]
struct Creates {
    /// About all of them.
    answer: Option<Answer>,
    /// Later ones, about those of one flow: an answer about all would have what this deploy has written itself.
    of_flow: HashMap<String, Answer>,
    waiting: BTreeSet<(String, String)>,
    appeared: BTreeSet<(String, String)>,
}

/// When something was asked, and how many have been admitted by the answer.
#[derive(Debug, Clone, Copy)]
struct Answer {
    asked: Instant,
    admitted: usize,
}

impl Answer {
    fn asked(asked: Instant) -> Self {
        Self { asked, admitted: 0 }
    }
}

impl<'a> Guard<'a> {
    pub(super) fn new(client: &'a Client, live: &'a Live, changes: &[(&Desired, Change<'a>)]) -> Self {
        let mut waiting = Waiting::default();
        for (desired, change) in changes {
            match change {
                Change::Create => drop(waiting.creates.waiting.insert(key(desired))),
                Change::Update { live, changes } if !has_parts(changes) => {
                    waiting.updates.waiting.insert(live.id, live);
                }
                Change::Update { .. } | Change::Unchanged { .. } => {}
            }
        }
        waiting.updates.last = waiting.updates.waiting.values().filter_map(|one| one.updated).max();
        Self { client, live, began: Instant::now(), waiting: Mutex::new(waiting) }
    }

    /// What others have changed of a deployment since it was compared. It does not wait any more.
    pub(super) async fn admit(
        &self,
        desired: &Desired,
        change: &Change<'_>,
    ) -> Result<Vec<FieldChange>, ApiError> {
        match change {
            Change::Unchanged { .. } => Ok(Vec::new()),
            Change::Update { live, changes } if has_parts(changes) => self.look(desired, live, changes).await,
            Change::Update { live, .. } => {
                let mut waiting = self.asked_about_updates().await?;
                waiting.updates.waiting.remove(&live.id);
                let now = waiting.updates.changed.get(&live.id);
                Ok(now.map(|now| differences(desired, live, now)).unwrap_or_default())
            }
            Change::Create => {
                let key = key(desired);
                let mut waiting = self.asked_about_creates(&key.0).await?;
                waiting.creates.waiting.remove(&key);
                let appeared = waiting.creates.appeared.contains(&key);
                let difference = || FieldChange { field: "name".into(), old: json!(null), new: json!(key.1) };
                Ok(appeared.then(difference).into_iter().collect())
            }
        }
    }

    /// Reads one deployment again, and the automations that have the names of its triggers.
    async fn look(
        &self,
        desired: &Desired,
        was: &Deployment,
        changes: &Changes<'_>,
    ) -> Result<Vec<FieldChange>, ApiError> {
        let filter = DeploymentFilter { ids: vec![was.id], ..DeploymentFilter::default() };
        if changes.triggers.is_empty() {
            return Ok(field_differences(desired, was, &self.client.deployments(&filter).await?));
        }
        let before = self.live.automations(was.id);
        let created = changes.triggers.create.iter().filter_map(|body| body.get("name")?.as_str());
        let names: BTreeSet<&str> = before.iter().map(|one| one.name.as_str()).chain(created).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let (now, automations) =
            tokio::try_join!(self.client.deployments(&filter), self.client.automations_named(&names))?;
        let mut found = field_differences(desired, was, &now);
        let automations = by_deployment(automations).remove(&was.id).unwrap_or_default();
        found.extend(trigger_differences(before, &automations));
        Ok(found)
    }

    async fn asked_about_updates(&self) -> Result<MutexGuard<'_, Waiting<'a>>, ApiError> {
        let arrived = Instant::now();
        let mut waiting = self.waiting.lock().await;
        if self.must_ask(waiting.updates.answer, arrived, waiting.spent) {
            let now = Instant::now();
            waiting.updates.ask(self.client).await?;
            waiting.updates.answer = Some(Answer::asked(now));
            waiting.spent += now.elapsed();
        }
        if let Some(answer) = &mut waiting.updates.answer {
            answer.admitted += 1;
        }
        Ok(waiting)
    }

    async fn asked_about_creates(&self, flow: &str) -> Result<MutexGuard<'_, Waiting<'a>>, ApiError> {
        let arrived = Instant::now();
        let mut waiting = self.waiting.lock().await;
        let answer = waiting.creates.of_flow.get(flow).copied().or(waiting.creates.answer);
        // In a flow that was not there either nobody else has deployments.
        let is_settled = answer.is_some() && self.live.flow(flow).is_none();
        if !is_settled && self.must_ask(answer, arrived, waiting.spent) {
            let now = Instant::now();
            if answer.is_none() {
                waiting.creates.ask(self.client).await?;
                waiting.creates.answer = Some(Answer::asked(now));
            } else {
                waiting.creates.ask_of_flow(self.client, flow).await?;
                waiting.creates.of_flow.insert(flow.to_owned(), Answer::asked(now));
            }
            waiting.spent += now.elapsed();
        }
        let creates = &mut waiting.creates;
        if let Some(answer) = creates.of_flow.get_mut(flow).or(creates.answer.as_mut()) {
            answer.admitted += 1;
        }
        Ok(waiting)
    }

    /// Whether an answer is too old for a deployment whose turn came when it `arrived`. One that was asked for later, for
    /// another one, is as good as its own.
    fn must_ask(&self, answer: Option<Answer>, arrived: Instant, spent: Duration) -> bool {
        let Some(answer) = answer else { return true };
        let is_affordable = spent <= AT_FIRST + self.began.elapsed() / ONE_PART_OF;
        answer.asked < arrived && (is_affordable || answer.admitted >= MOST)
    }
}

impl Updates<'_> {
    async fn ask(&mut self, client: &Client) -> Result<(), ApiError> {
        let ids = self.waiting.keys().copied().collect();
        let filter = DeploymentFilter { ids, ..DeploymentFilter::default() };
        let last = client.last_updated_deployment(&filter).await?.and_then(|one| one.updated);
        if last <= self.last {
            return Ok(());
        }
        self.last = last;
        let now = client.deployments(&filter).await?;
        let is_changed =
            |one: &Deployment| self.waiting.get(&one.id).is_some_and(|was| was.updated != one.updated);
        let changed: Vec<Deployment> = now.into_iter().filter(is_changed).collect();
        self.changed.extend(changed.into_iter().map(|one| (one.id, one)));
        Ok(())
    }
}

impl Creates {
    async fn ask(&mut self, client: &Client) -> Result<(), ApiError> {
        let filter = DeploymentFilter::named(&self.waiting);
        // One that has the flow of one of them and the name of another counts too, and is looked at.
        if client.last_updated_deployment(&filter).await?.is_none() {
            return Ok(());
        }
        let now = Live::observe_deployments(client, &self.waiting).await?;
        let is_there = |(flow, name): &&(String, String)| now.deployment(flow, name).is_some();
        let appeared: Vec<_> = self.waiting.iter().filter(is_there).cloned().collect();
        self.appeared.extend(appeared);
        Ok(())
    }

    async fn ask_of_flow(&mut self, client: &Client, flow: &str) -> Result<(), ApiError> {
        let of_flow = self.waiting.iter().filter(|(other, _)| other == flow);
        let now = client.deployments(&DeploymentFilter::named(of_flow)).await?;
        self.appeared.extend(now.into_iter().map(|one| (flow.to_owned(), one.name)));
        Ok(())
    }
}

/// Whether more than fields changes.
fn has_parts(changes: &Changes<'_>) -> bool {
    !changes.schedules.is_empty() || !changes.triggers.is_empty()
}

/// `now` is what the server has of the deployment: one, or none.
fn field_differences(desired: &Desired, was: &Deployment, now: &[Deployment]) -> Vec<FieldChange> {
    match now.iter().find(|now| now.id == was.id) {
        Some(now) => differences(desired, was, now),
        None => vec![FieldChange { field: "name".into(), old: json!(was.name), new: json!(null) }],
    }
}

fn key(desired: &Desired) -> (String, String) {
    (desired.flow_name.clone(), desired.name.clone())
}
