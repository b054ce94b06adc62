//! Whether what was compared is still what the server has, when it is about to be written.
//!
//! A server needs as long to show a deployment as to write one. So only those whose schedules or triggers are to change
//! are read again by themselves, each right before its write: these leave no trace in the deployment's time. For all
//! others one small answer is enough: which of those that wait was written last, or whether one has appeared. It is
//! asked for anew for each, as long as asking takes no more than its share of the time, and else for every
//! [`MOST`] of them; each time about the [`NEAR`] whose turn comes next.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, DeploymentFilter},
    apply::queue::Queue,
    deployment::{DesiredDeployment, LiveDeployment, SharedValues, Snapshot, snapshot::by_deployment},
    plan::{Change, Changes, FieldChange, differences, trigger_differences},
};

/// How long asking may take in all: so long at first, and later a part of the time that has gone by.
const AT_FIRST: Duration = Duration::from_millis(20);
const ONE_PART_OF: u32 = 32;
/// How many deployments an answer is good for at most: as many as may be under way.
const MOST: usize = super::Pacer::HIGHEST_LIMIT;
/// About how many it is asked: of ten thousand that wait only some are near their turn.
const NEAR: usize = 150;

pub(super) struct Guard<'a> {
    client: &'a Client,
    live: &'a Snapshot,
    began: Instant,
    /// What asking has taken so far.
    spent: Mutex<Duration>,
    updates: Asking<Updates<'a>>,
    creates: Asking<Creates>,
}

/// Something that is asked about deployments before they are written, and what is known from the answers.
trait Question {
    type Key: Ord + Hash + Clone;

    async fn ask(&mut self, client: &Client, about: &BTreeSet<Self::Key>) -> Result<(), ApiError>;
}

/// Deployments of which only fields will be changed.
struct Updates<'a> {
    /// As they were compared.
    compared: HashMap<Uuid, &'a LiveDeployment>,
    changed: HashMap<Uuid, LiveDeployment>,
}

/// Deployments that will be created, by `(flow, deployment)` names.
#[derive(Default)]
struct Creates {
    appeared: BTreeSet<Key>,
}

type Key = (String, String);

/// A question, about those whose turn comes next.
struct Asking<Q: Question>(Mutex<Waiting<Q>>);

/// Those that are not written yet, and what is known of them.
struct Waiting<Q: Question> {
    question: Q,
    queue: Queue<Q::Key>,
    answer: Answer<Q::Key>,
}

/// When something was asked, about which, and how many have been admitted by the answer.
#[derive(Debug)]
struct Answer<K> {
    asked: Instant,
    about: BTreeSet<K>,
    admitted: usize,
}

impl<Q: Question> Asking<Q> {
    /// What was compared has just been read: that is the first answer.
    fn new(question: Q, waiting: Vec<Q::Key>) -> Self {
        let queue = Queue::new(waiting);
        let about = queue.next(NEAR).cloned().collect();
        let answer = Answer { asked: Instant::now(), about, admitted: 0 };
        Self(Mutex::new(Waiting { question, queue, answer }))
    }
}

impl<'a> Guard<'a> {
    pub(super) fn new(
        client: &'a Client,
        live: &'a Snapshot,
        changes: &[(&DesiredDeployment, Change<'a>)],
    ) -> Self {
        let (mut compared, mut updates, mut creates) = (HashMap::new(), Vec::new(), Vec::new());
        for (desired, change) in changes {
            match change {
                Change::Create => creates.push(key(desired)),
                Change::Update { live, changes } if !has_parts(changes) => {
                    updates.push(live.id);
                    compared.insert(live.id, *live);
                }
                Change::Update { .. } | Change::Unchanged { .. } => {}
            }
        }
        Self {
            client,
            live,
            began: Instant::now(),
            spent: Mutex::default(),
            updates: Asking::new(Updates { compared, changed: HashMap::new() }, updates),
            creates: Asking::new(Creates::default(), creates),
        }
    }

    /// What others have changed of a deployment since it was compared. It does not wait any more.
    pub(super) async fn admit(
        &self,
        desired: &DesiredDeployment,
        change: &Change<'_>,
    ) -> Result<Vec<FieldChange>, ApiError> {
        match change {
            Change::Unchanged { .. } => Ok(Vec::new()),
            Change::Update { live, changes } if has_parts(changes) => self.look(desired, live, changes).await,
            Change::Update { live, .. } => {
                let waiting = self.asked(&self.updates, &live.id).await?;
                let now = waiting.question.changed.get(&live.id);
                Ok(now.map(|now| differences(desired, live, now)).unwrap_or_default())
            }
            Change::Create => {
                let key = key(desired);
                let appeared = self.asked(&self.creates, &key).await?.question.appeared.contains(&key);
                let difference = || FieldChange { field: "name".into(), old: json!(null), new: json!(key.1) };
                Ok(appeared.then(difference).into_iter().collect())
            }
        }
    }

    /// Reads one deployment again, and the automations that have the names of its triggers.
    async fn look(
        &self,
        desired: &DesiredDeployment,
        was: &LiveDeployment,
        changes: &Changes<'_>,
    ) -> Result<Vec<FieldChange>, ApiError> {
        let filter = DeploymentFilter { ids: vec![was.id], ..DeploymentFilter::default() };
        if changes.triggers.is_empty() {
            return Ok(field_differences(desired, was, &read(self.client, &filter).await?));
        }
        let before = self.live.automations(was.id);
        let created = changes.triggers.create.iter().filter_map(|body| body.get("name")?.as_str());
        let names: BTreeSet<&str> = before.iter().map(|one| one.name.as_str()).chain(created).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let (now, automations) =
            tokio::try_join!(read(self.client, &filter), self.client.automations_named(&names))?;
        let mut found = field_differences(desired, was, &now);
        let automations = by_deployment(automations).remove(&was.id).unwrap_or_default();
        found.extend(trigger_differences(before, &automations));
        Ok(found)
    }

    /// Lets one of those that wait have its turn, once an answer is good enough for it.
    async fn asked<'w, Q: Question>(
        &self,
        asking: &'w Asking<Q>,
        key: &Q::Key,
    ) -> Result<MutexGuard<'w, Waiting<Q>>, ApiError> {
        let arrived = Instant::now();
        let mut waiting = asking.0.lock().await;
        if self.must_ask(&waiting.answer, key, arrived).await {
            let asked = Instant::now();
            let about = waiting.queue.next(NEAR).chain([key]).cloned().collect();
            waiting.question.ask(self.client, &about).await?;
            waiting.answer = Answer { asked, about, admitted: 0 };
            *self.spent.lock().await += asked.elapsed();
        }
        waiting.answer.admitted += 1;
        waiting.queue.leave(key);
        Ok(waiting)
    }

    /// Whether an answer says nothing of a deployment, or is too old for one whose turn came when it `arrived`. One that
    /// was asked for later, for another one, is as good as its own.
    async fn must_ask<K: Ord>(&self, answer: &Answer<K>, about: &K, arrived: Instant) -> bool {
        if !answer.about.contains(about) {
            return true;
        }
        let spent = *self.spent.lock().await;
        let is_affordable = spent + self.client.quickest() <= AT_FIRST + self.began.elapsed() / ONE_PART_OF;
        answer.asked < arrived && (is_affordable || answer.admitted >= MOST)
    }
}

impl Question for Updates<'_> {
    type Key = Uuid;

    async fn ask(&mut self, client: &Client, about: &BTreeSet<Uuid>) -> Result<(), ApiError> {
        let compared = about.iter().filter_map(|id| self.compared.get(id));
        let expected = compared.filter_map(|one| one.updated).max();
        let ids = about.iter().copied().collect();
        let filter = DeploymentFilter { ids, ..DeploymentFilter::default() };
        let last = client.last_updated_deployment(&filter).await?.and_then(|one| one.updated);
        if last <= expected {
            return Ok(());
        }
        let now = read(client, &filter).await?;
        let is_changed =
            |one: &LiveDeployment| self.compared.get(&one.id).is_some_and(|was| was.updated != one.updated);
        self.changed.extend(now.into_iter().filter(is_changed).map(|one| (one.id, one)));
        Ok(())
    }
}

impl Question for Creates {
    type Key = Key;

    async fn ask(&mut self, client: &Client, about: &BTreeSet<Key>) -> Result<(), ApiError> {
        // One that has the flow of one of them and the name of another is found too, and looked at.
        if client.last_updated_deployment(&DeploymentFilter::named(about)).await?.is_some() {
            let now = Snapshot::observe_deployments(client, about).await?;
            let is_there = |(flow, name): &&Key| now.deployment(flow, name).is_some();
            self.appeared.extend(about.iter().filter(is_there).cloned());
        }
        Ok(())
    }
}

async fn read(client: &Client, filter: &DeploymentFilter) -> Result<Vec<LiveDeployment>, ApiError> {
    let shared = SharedValues::default();
    Ok(client.deployments(filter).await?.into_iter().map(|one| LiveDeployment::new(one, &shared)).collect())
}

/// Whether more than fields changes.
fn has_parts(changes: &Changes<'_>) -> bool {
    !changes.schedules.is_empty() || !changes.triggers.is_empty()
}

/// `now` is what the server has of the deployment: one, or none.
fn field_differences(
    desired: &DesiredDeployment,
    was: &LiveDeployment,
    now: &[LiveDeployment],
) -> Vec<FieldChange> {
    match now.iter().find(|now| now.id == was.id) {
        Some(now) => differences(desired, was, now),
        None => vec![FieldChange { field: "name".into(), old: json!(was.name), new: json!(null) }],
    }
}

fn key(desired: &DesiredDeployment) -> (String, String) {
    (desired.flow_name.clone(), desired.name.clone())
}
