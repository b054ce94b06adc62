//! Removes duplicate automations and schedules that two concurrent deploys created.
//!
//! The server has no request that creates an automation or a schedule only if no equal object exists. If
//! multiple deploys create equal objects concurrently, each deploy reads the objects again afterwards. All
//! deploys except one then delete their own objects. A deploy that has deleted its objects reads again, so
//! that at least one object always remains.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Automation, Client, DeploymentSchedule},
    deployment::{Snapshot, snapshot::by_deployment},
    plan::{self, FieldChange},
    schedule::Schedule,
};

/// Maximum number of names per filter request.
const NAMES_PER_REQUEST: usize = 100;

/// Time between two reads while another deploy is expected to delete its duplicates.
const WAIT: Duration = Duration::from_millis(300);

/// Number of waits if this deploy created its objects after another deploy, which might still be writing.
const SHORT_PATIENCE: usize = 4;

/// Number of waits if this deploy created its objects first. The other deploy must then delete its duplicates.
const PATIENCE: usize = 12;

/// Maximum number of reads.
const MAX_READS: usize = 40;

/// Deployment automations and schedules that a deploy created with separate requests.
#[derive(Debug, Default)]
pub(super) struct CreatedParts(HashMap<Uuid, Vec<Part>>);

/// A group of equal automations or schedules of the same deployment.
#[derive(Debug)]
struct Part {
    deployment: Uuid,
    body: Body,
    /// IDs of the automations or schedules that this deploy created.
    own: BTreeSet<Uuid>,
    /// Intended number of automations or schedules in the group.
    wanted: usize,
    /// IDs of the automations or schedules that this deploy created but that no longer exist.
    lost: BTreeSet<Uuid>,
    /// Whether this deploy deleted some of the automations or schedules that it created.
    has_deleted: bool,
    /// Schedules or automations of the deployment that are equal to the created object, including the created object.
    now: Vec<LivePart>,
}

/// An automation or schedule on the server, ordered by creation time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LivePart {
    created: Option<Timestamp>,
    id: Uuid,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Automation(Map<String, Json>),
    Schedule { schedule: Schedule, request: Json },
}

impl CreatedParts {
    pub(super) fn add_automation(&mut self, deployment: Uuid, body: &Map<String, Json>, id: Uuid) {
        self.add(deployment, Body::Automation(body.clone()), id);
    }

    pub(super) fn add_schedule(&mut self, deployment: Uuid, schedule: &Schedule, request: Json, id: Uuid) {
        self.add(deployment, Body::Schedule { schedule: schedule.clone(), request }, id);
    }

    fn add(&mut self, deployment: Uuid, body: Body, id: Uuid) {
        let parts = self.0.entry(deployment).or_default();
        if let Some(part) = parts.iter_mut().find(|part| part.body == body) {
            part.own.insert(id);
            part.wanted += 1;
        } else {
            parts.push(Part {
                deployment,
                body,
                own: [id].into(),
                wanted: 1,
                lost: BTreeSet::new(),
                has_deleted: false,
                now: Vec::new(),
            });
        }
    }
}

/// Deletes duplicates of the automations and schedules that this deploy created. Returns the conflicts of each
/// deployment whose objects a concurrent deploy also created. Also returns the error that ended the search for
/// duplicates, or `None` if the search succeeded.
///
/// If `gives_way` is set, the other deploy keeps its objects, because this deploy already has a conflict.
pub(super) async fn resolve(
    client: &Client,
    compared: &Snapshot,
    created: CreatedParts,
    gives_way: bool,
) -> (HashMap<Uuid, Vec<FieldChange>>, Option<ApiError>) {
    let mut parts: Vec<Part> = created.0.into_values().flatten().collect();
    let error = settle(client, compared, &mut parts, gives_way).await.err();
    let mut conflicts: HashMap<Uuid, Vec<FieldChange>> = HashMap::new();
    for part in parts.iter().filter(|part| !part.lost.is_empty()) {
        conflicts.entry(part.deployment).or_default().push(part.conflict());
    }
    (conflicts, error)
}

/// Deletes duplicates until each object exists once.
async fn settle(
    client: &Client,
    compared: &Snapshot,
    parts: &mut [Part],
    gives_way: bool,
) -> Result<(), ApiError> {
    let mut waits = 0;
    for read in 1..=MAX_READS {
        if parts.is_empty() {
            break;
        }
        let live = LiveParts::read(client, parts).await?;
        for part in &mut *parts {
            part.update(live.equal(part, compared));
        }
        let is_settled = |part: &Part| !part.is_contested() && !part.is_missing();
        let has_parts = parts.iter().any(|part| !part.own.is_empty());
        // The other deploy may still create the objects whose duplicates this deploy must delete.
        let expects_others = gives_way && has_parts && waits < PATIENCE;
        if parts.iter().all(is_settled) && !expects_others {
            break;
        }
        let is_late = waits >= SHORT_PATIENCE && !is_first(parts);
        // The last iterations delete nothing, so that no deployment is left without its automations or schedules.
        let may_delete = read + PATIENCE < MAX_READS && (gives_way || is_late || waits >= PATIENCE);
        let mut is_changed = false;
        for part in &mut *parts {
            if part.is_contested() && may_delete {
                part.delete_own(client).await?;
                is_changed = true;
            } else if part.is_missing() && (waits >= PATIENCE || part.has_deleted) {
                part.create_missing(client).await?;
                is_changed = true;
            }
        }
        waits = if is_changed { 0 } else { waits + 1 };
        if !is_changed {
            let jitter = Duration::from_millis(u64::from(Uuid::new_v4().as_fields().0 % 200));
            tokio::time::sleep(WAIT + jitter).await;
        }
    }
    Ok(())
}

/// Returns whether this deploy created the first of the duplicate objects. If so, the other deploy deletes its
/// duplicates.
fn is_first(parts: &[Part]) -> bool {
    let contested = parts.iter().filter(|part| part.is_contested());
    let first = contested
        .flat_map(|part| part.now.iter().map(move |found| (found, part)))
        .min_by_key(|(found, _)| *found);
    first.is_some_and(|(found, part)| part.own.contains(&found.id))
}

impl Part {
    /// Sets the equal automations or schedules that the deployment currently has.
    fn update(&mut self, now: Vec<LivePart>) {
        let deleted: Vec<Uuid> =
            self.own.iter().filter(|id| now.iter().all(|found| found.id != **id)).copied().collect();
        for id in deleted {
            self.own.remove(&id);
            self.lost.insert(id);
        }
        self.now = now;
    }

    /// Returns whether more equal objects exist than the deployment declares, and this deploy created at least one of
    /// these objects.
    fn is_contested(&self) -> bool {
        self.now.len() > self.wanted && !self.own.is_empty()
    }

    fn is_missing(&self) -> bool {
        self.now.len() < self.wanted
    }

    async fn delete_own(&mut self, client: &Client) -> Result<(), ApiError> {
        let excess: Vec<Uuid> =
            self.own.iter().copied().take(self.now.len().saturating_sub(self.wanted)).collect();
        for id in excess {
            self.body.delete(client, self.deployment, id).await?;
            self.own.remove(&id);
            self.lost.insert(id);
            self.has_deleted = true;
        }
        Ok(())
    }

    async fn create_missing(&mut self, client: &Client) -> Result<(), ApiError> {
        for _ in self.now.len()..self.wanted {
            self.own.insert(self.body.create(client, self.deployment).await?);
        }
        Ok(())
    }

    fn conflict(&self) -> FieldChange {
        let field = match self.body {
            Body::Automation(_) => "triggers",
            Body::Schedule { .. } => "schedules",
        };
        let others: Vec<Uuid> =
            self.now.iter().map(|found| found.id).filter(|id| !self.own.contains(id)).collect();
        FieldChange { field: field.into(), old: json!(self.lost), new: json!(others) }
    }
}

impl Body {
    async fn create(&self, client: &Client, deployment: Uuid) -> Result<Uuid, ApiError> {
        match self {
            Self::Automation(body) => Ok(client.create_automation(body).await?.id),
            Self::Schedule { request, .. } => {
                let created = client.create_schedules(deployment, std::slice::from_ref(request)).await?;
                Ok(created.first().map(|schedule| schedule.id).unwrap_or_default())
            }
        }
    }

    async fn delete(&self, client: &Client, deployment: Uuid, id: Uuid) -> Result<(), ApiError> {
        match self {
            Self::Automation(_) => client.delete_automation(id).await.map(drop),
            Self::Schedule { .. } => client.delete_schedule(deployment, id).await.map(drop),
        }
    }
}

/// Current automations and schedules of the deployments for which this deploy created objects.
struct LiveParts {
    automations: HashMap<Uuid, Vec<Automation>>,
    schedules: HashMap<Uuid, Vec<DeploymentSchedule>>,
}

impl LiveParts {
    async fn read(client: &Client, parts: &[Part]) -> Result<Self, ApiError> {
        let names: BTreeSet<&str> = parts
            .iter()
            .filter_map(|part| match &part.body {
                Body::Automation(body) => body.get("name")?.as_str(),
                Body::Schedule { .. } => None,
            })
            .collect();
        let mut automations = Vec::new();
        for names in Vec::from_iter(names).chunks(NAMES_PER_REQUEST) {
            automations.extend(client.automations_named(names).await?);
        }
        let with_schedules = parts.iter().filter(|part| matches!(part.body, Body::Schedule { .. }));
        let ids: BTreeSet<Uuid> = with_schedules.map(|part| part.deployment).collect();
        let deployments = if ids.is_empty() { Vec::new() } else { client.deployments_by_id(ids).await? };
        Ok(Self {
            automations: by_deployment(automations),
            schedules: deployments
                .into_iter()
                .map(|deployment| (deployment.id, deployment.schedules))
                .collect(),
        })
    }

    /// Returns the automations or schedules that are equal to a created object. Includes the objects that this deploy
    /// created, even if someone else has changed these objects since.
    fn equal(&self, part: &Part, compared: &Snapshot) -> Vec<LivePart> {
        let deployment = part.deployment;
        match &part.body {
            Body::Automation(body) => {
                let existing: BTreeSet<Uuid> =
                    compared.automations(deployment).iter().map(|automation| automation.id).collect();
                let found = self.automations.get(&deployment).into_iter().flatten();
                let equal = found.filter(|automation| {
                    let is_equal = !existing.contains(&automation.id)
                        && !compared.is_foreign(automation.id)
                        && plan::is_same_trigger(body, &automation.raw);
                    is_equal || part.own.contains(&automation.id)
                });
                equal
                    .map(|automation| LivePart { created: automation.created(), id: automation.id })
                    .collect()
            }
            Body::Schedule { schedule, .. } => {
                let existing: BTreeSet<Uuid> =
                    compared.schedules(deployment).map(|schedule| schedule.id).collect();
                let found = self.schedules.get(&deployment).into_iter().flatten();
                let equal = found.filter(|live| {
                    let is_equal = !existing.contains(&live.id)
                        && live.slug == schedule.slug
                        && live.active == schedule.active.unwrap_or(true)
                        && plan::schedule_differences(schedule, live, Timestamp::UNIX_EPOCH).is_empty();
                    is_equal || part.own.contains(&live.id)
                });
                let created =
                    |live: &DeploymentSchedule| live.created.as_deref().and_then(|time| time.parse().ok());
                equal.map(|live| LivePart { created: created(live), id: live.id }).collect()
            }
        }
    }
}
