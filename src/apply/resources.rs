//! Writes declared resources sequentially, ordered by kind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    api::{ApiError, Client, JsonObject},
    apply::{Outcome, Restoration, concurrent_writes, journaled_resource::JournaledResource},
    deployment::{OnError, OnUnchanged},
    plan::{self, ComparedResource, FieldChange, PlannedChange, ResourceChange},
    resource::{
        BlockSecrets, DesiredResource, LiveResource, Observed, Phase, ReferenceKind, References, ResourceKey,
        ResourceKind, ResourceReference, SecretHashes, requests,
    },
    secret::Redactor,
};

/// Work queue field that the server changes when another queue takes the same priority.
const PRIORITY: &str = "priority";

/// Declared resources that have been compared with the server.
#[derive(Debug, Default)]
pub(crate) struct PendingResources {
    pub(crate) resources: Vec<ComparedResource>,
    /// State of the server. The live resources have been moved to the changes.
    pub(crate) observed: Observed,
}

/// Result for a resource.
#[derive(Debug)]
pub(crate) struct ResourceLine {
    pub(crate) key: ResourceKey,
    /// Path of the project file. `None` if the command has only one project file, or for a pruned resource.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) outcome: Outcome,
    pub(crate) action: plan::Action,
    /// The planned changes, with secrets redacted.
    pub(crate) changes: Vec<PlannedChange>,
    /// Time between the start and the end of the write.
    pub(crate) time: Duration,
}

impl ResourceLine {
    /// Returns the line for a rolled-back resource that only an earlier deploy wrote.
    pub(crate) fn of_earlier(key: ResourceKey, restoration: Restoration) -> Self {
        let outcome = Outcome::of_earlier(restoration);
        let (file, action, changes, time) = (None, plan::Action::Update, Vec::new(), Duration::ZERO);
        Self { key, file, outcome, action, changes, time }
    }

    /// Describes the resource and its project file.
    pub(crate) fn title(&self) -> String {
        let file = self.file.as_ref().map(|file| format!(" in {file}"));
        format!("{}{}", self.key, file.unwrap_or_default())
    }
}

impl PendingResources {
    /// Reads the resources that exist and compares them with the declared resources.
    pub(crate) async fn compare(
        client: &Client,
        desired: Vec<DesiredResource>,
        on_unchanged: OnUnchanged,
    ) -> Result<Self, ApiError> {
        if desired.is_empty() {
            return Ok(Self::default());
        }
        let mut observed = Observed::read(client, &desired).await?;
        let pending = |desired| {
            let change = plan::resources::compare(&desired, &mut observed, on_unchanged);
            ComparedResource { desired, change }
        };
        let resources = desired.into_iter().map(pending).collect();
        Ok(Self { resources, observed })
    }

    /// Returns the records of all resources that will be written, and of the queues that the server will move.
    pub(crate) fn records(&self) -> Vec<JournaledResource> {
        let changed = self
            .resources
            .iter()
            .filter(|pending| !pending.change.is_unchanged() || self.may_move(&pending.desired));
        let mut records: Vec<JournaledResource> = changed.map(JournaledResource::new).collect();
        for moved in plan::moved_queues(&self.resources, &self.observed) {
            match records.iter_mut().find(|record| record.key == moved.key) {
                Some(record) => record.add_moved_queue(&moved),
                None => records.push(JournaledResource::of_moved_queue(&moved)),
            }
        }
        records
    }

    /// Returns whether the server might change a queue's priority, because the deploy creates another queue in the pool
    /// or changes another queue's priority.
    fn may_move(&self, desired: &DesiredResource) -> bool {
        let pool = desired.key.pool_of_queue();
        let has_moving_queue = |pending: &ComparedResource| {
            let is_of_pool = pending.desired.key.pool_of_queue() == pool;
            is_of_pool
                && (pending.change.is_creation()
                    || pending.change.names().iter().any(|name| name == PRIORITY))
        };
        pool.is_some() && self.resources.iter().any(has_moving_queue)
    }

    /// Returns whether a resource is the default queue of a work pool that this deploy creates.
    fn is_created_with_pool(&self, ComparedResource { desired, change }: &ComparedResource) -> bool {
        let is_new = |pool: &str| {
            let pool = ResourceKey::new(ResourceKind::WorkPool, pool);
            let mut created = self.resources.iter().filter(|pending| pending.change.is_creation());
            created.any(|pending| pending.desired.key == pool)
        };
        let key = &desired.key;
        change.is_creation() && key.is_permanent() && key.pool_of_queue().is_some_and(is_new)
    }

    /// Returns a line for each resource, with the state before any resource is written.
    pub(crate) fn lines(&self, redactor: &Redactor) -> Vec<ResourceLine> {
        let line = |compared: &ComparedResource| ResourceLine {
            key: compared.desired.key.clone(),
            file: compared.desired.file.clone(),
            outcome: Outcome::NotTried,
            action: compared.change.action(),
            changes: plan::resources::changes(compared, redactor),
            time: Duration::ZERO,
        };
        self.resources.iter().map(line).collect()
    }
}

/// Context for writing resources.
pub(crate) struct ResourceWriter<'a> {
    pub(crate) client: &'a Client,
    pub(crate) pending: &'a PendingResources,
    pub(crate) on_error: OnError,
    /// Whether to skip the conflict check.
    pub(crate) force: bool,
    pub(crate) redactor: &'a Redactor,
}

impl ResourceWriter<'_> {
    /// Writes the resources that precede the deployments. Returns whether a write failed.
    pub(crate) async fn before_deployments(&self, lines: &mut [ResourceLine]) -> bool {
        self.write(lines, Phase::BeforeDeployments, &self.pending.observed.references).await
    }

    /// Writes the resources that follow the deployments. Returns whether a write failed.
    pub(crate) async fn after_deployments(&self, lines: &mut [ResourceLine]) -> bool {
        let is_included = |key: &ResourceKey| key.kind.phase() == Phase::AfterDeployments;
        if !self.pending.resources.iter().any(|pending| is_included(&pending.desired.key)) {
            return false;
        }
        // The deployments may have been created in the meantime.
        let resources = self.pending.resources.iter().map(|pending| &pending.desired);
        match Observed::references(self.client, resources).await {
            Ok(references) => self.write(lines, Phase::AfterDeployments, &references).await,
            Err(error) => {
                if let Some(line) = lines.iter_mut().find(|line| is_included(&line.key)) {
                    line.outcome = Outcome::Failed { error: error.into(), written: false };
                }
                true
            }
        }
    }

    async fn write(&self, lines: &mut [ResourceLine], phase: Phase, references: &References) -> bool {
        let mut has_failed = false;
        let mut references = references.clone();
        for (pending, line) in self.pending.resources.iter().zip(lines) {
            let is_skipped = has_failed && self.on_error != OnError::Continue;
            if pending.desired.key.kind.phase() != phase || is_skipped {
                continue;
            }
            let started = Instant::now();
            line.outcome = self.checked_write(pending, &references).await;
            line.time = started.elapsed();
            has_failed |= line.outcome.is_failure();
            let kind = match line.key.kind {
                ResourceKind::Automation => ReferenceKind::Automation,
                ResourceKind::Block => ReferenceKind::Block,
                _ => continue,
            };
            if let Some(id) = line.outcome.id() {
                references.insert(ResourceReference { kind, name: line.key.name.clone() }, id);
            }
        }
        has_failed
    }

    /// Writes a resource, unless it has changed since it was compared.
    async fn checked_write(&self, pending: &ComparedResource, references: &References) -> Outcome {
        let ComparedResource { desired, change } = pending;
        if !self.force && !change.is_unchanged() && !self.pending.is_created_with_pool(pending) {
            match self.conflict(desired, change).await {
                Ok(None) => {}
                Ok(Some(outcome)) => return outcome,
                Err(error) => return Outcome::Unchecked(error.into()),
            }
        }
        let mut written = false;
        let result = self.write_unchecked(pending, references, &mut written).await;
        result.unwrap_or_else(|error| Outcome::Failed { error: error.into(), written })
    }

    /// Writes a resource. Sets `written` to `true` after the first successful request that changes the server.
    async fn write_unchecked(
        &self,
        pending: &ComparedResource,
        references: &References,
        written: &mut bool,
    ) -> Result<Outcome, ApiError> {
        let ComparedResource { desired, change } = pending;
        match change {
            ResourceChange::Unchanged { live } => {
                if self.pending.may_move(desired) {
                    self.ensure_priority(desired, live, written).await?;
                }
                Ok(Outcome::Unchanged(live.id))
            }
            _ if self.pending.is_created_with_pool(pending) => {
                self.write_default_queue(desired, references, written).await
            }
            ResourceChange::Update { live, fields, new_secrets } => {
                self.update(desired, live, fields, !new_secrets.is_empty(), references, written).await?;
                if self.pending.may_move(desired) {
                    self.ensure_priority(desired, live, written).await?;
                }
                Ok(Outcome::Updated(live.id, change.names()))
            }
            ResourceChange::Create => self.create(desired, references, written).await,
        }
    }

    /// Assigns the declared priority to a queue that the server has moved because this deploy has written other queues
    /// of the pool.
    async fn ensure_priority(
        &self,
        desired: &DesiredResource,
        live: &LiveResource,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        /// Maximum number of updates. If multiple queues have the same priority, the server may move the queue again.
        const ATTEMPTS: usize = 2;
        let Some(priority) = desired.priority() else { return Ok(()) };
        for _ in 0..ATTEMPTS {
            let now = requests::read(self.client, [(&desired.key, Some(live.id))]).await?;
            if now.get(&desired.key).is_none_or(|now| now.priority() == Some(priority)) {
                break;
            }
            let body = JsonObject::from_iter([(PRIORITY.to_owned(), priority.into())]);
            let (secrets, references) = (BlockSecrets::default(), References::default());
            requests::update(self.client, &desired.key, live, &body, &secrets, &references).await?;
            *written = true;
        }
        Ok(())
    }

    async fn create(
        &self,
        desired: &DesiredResource,
        references: &References,
        written: &mut bool,
    ) -> Result<Outcome, ApiError> {
        let DesiredResource { key, fields, secrets, .. } = desired;
        let created = match requests::create(self.client, key, fields, secrets, references).await {
            Err(error @ ApiError::Conflict { .. }) => {
                let outcome = concurrent_writes::outcome(self.client, desired, None, self.redactor).await?;
                return outcome.ok_or(error);
            }
            created => created?,
        };
        *written = true;
        if desired.priority().is_some_and(|priority| created.priority() != Some(priority)) {
            self.ensure_priority(desired, &created, written).await?;
        }
        self.record_secrets(desired).await?;
        match key.kind {
            ResourceKind::Automation => {
                concurrent_writes::without_duplicate(self.client, desired, created.id, self.redactor).await
            }
            _ => Ok(Outcome::Created(created.id)),
        }
    }

    /// Writes the default queue of a work pool that this deploy has created. The server created the queue together
    /// with the pool.
    async fn write_default_queue(
        &self,
        desired: &DesiredResource,
        references: &References,
        written: &mut bool,
    ) -> Result<Outcome, ApiError> {
        let DesiredResource { key, fields, secrets, .. } = desired;
        let now = requests::read(self.client, [(key, None)]).await?;
        let Some(live) = now.get(key) else { return self.create(desired, references, written).await };
        if !fields.is_empty() {
            requests::update(self.client, key, live, fields, secrets, references).await?;
        }
        *written = true;
        Ok(Outcome::Created(live.id))
    }

    async fn update(
        &self,
        desired: &DesiredResource,
        live: &LiveResource,
        fields: &[FieldChange],
        has_new_secrets: bool,
        references: &References,
        written: &mut bool,
    ) -> Result<(), ApiError> {
        let key = &desired.key;
        let body: JsonObject = match key.kind {
            // An automation request replaces the whole automation. A block request replaces references to
            // other blocks and the values of objects.
            ResourceKind::Automation | ResourceKind::Block => desired.fields.clone(),
            _ => fields.iter().map(|change| (change.field.clone(), change.new.clone())).collect(),
        };
        let no_secrets = BlockSecrets::default();
        let writes_secrets = has_new_secrets || desired.secrets.has_nested();
        let secrets = if writes_secrets { &desired.secrets } else { &no_secrets };
        requests::update(self.client, key, live, &body, secrets, references).await?;
        *written = true;
        self.record_secrets(desired).await
    }

    /// Records the secret hashes of a written block.
    async fn record_secrets(&self, desired: &DesiredResource) -> Result<(), ApiError> {
        if desired.secrets.is_empty() {
            return Ok(());
        }
        let written = requests::read(self.client, [(&desired.key, None)]).await?;
        let Some(live) = written.get(&desired.key) else { return Ok(()) };
        let updated = live.fields.get("updated").and_then(serde_json::Value::as_str).unwrap_or_default();
        SecretHashes::record(self.client, &desired.key, live.id, updated, &desired.secrets).await
    }

    /// Returns the outcome if another client has changed the resource since it was compared, or `None` otherwise.
    async fn conflict(
        &self,
        desired: &DesiredResource,
        change: &ResourceChange,
    ) -> Result<Option<Outcome>, ApiError> {
        let before = change.live();
        let now = requests::read(self.client, [(&desired.key, before.map(|live| live.id))]).await?;
        let now = now.get(&desired.key);
        let mut changes = concurrent_writes::changes(desired, before, now, self.redactor);
        if self.pending.may_move(desired) {
            changes.retain(|change| change.field != PRIORITY);
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let outcome = concurrent_writes::outcome(self.client, desired, before, self.redactor).await?;
        let deleted = || Outcome::Conflict {
            differences: concurrent_writes::changes(desired, before, None, self.redactor),
            written: false,
        };
        Ok(Some(outcome.unwrap_or_else(deleted)))
    }
}
