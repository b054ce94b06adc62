//! Writes the declared resources of a deploy and restores them if the deploy is rolled back.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{ApiError, Client},
    apply::{
        JournaledResource, PendingResources, Recovery, Report, ResourceLine, ResourceWriter, Restoration,
        RollbackContext, journal::RecordedResources, recover_resources,
    },
    deployment::DeployContext,
    resource::{DesiredResource, Phase, ResourceKey, ResourceKind},
};

/// Declared resources of a deploy.
pub(super) struct DeployedResources {
    pub(super) pending: PendingResources,
    pub(super) recorded: RecordedResources,
    /// Resources that the resumed deploy recorded.
    earlier: BTreeSet<ResourceKey>,
}

impl DeployedResources {
    /// Compares the resources with the server.
    pub(super) async fn compare(
        desired: Vec<DesiredResource>,
        automations: BTreeSet<String>,
        earlier: Vec<JournaledResource>,
        ctx: &DeployContext<'_>,
        client: &Client,
    ) -> Result<Self, ApiError> {
        let pending = PendingResources::compare(client, desired, ctx.options.on_unchanged()).await?;
        let keys = earlier.iter().map(|record| record.key.clone()).collect();
        let mut others: BTreeMap<ResourceKey, JournaledResource> =
            earlier.into_iter().map(|record| (record.key.clone(), record)).collect();
        let mut records: Vec<JournaledResource> = pending
            .records()
            .into_iter()
            .map(|record| {
                let earlier = others.remove(&record.key);
                record.continuing(earlier.as_ref())
            })
            .collect();
        records.extend(others.into_values());
        // A rollback restores the resources in the reverse order of their writes.
        records.sort_by_key(|record| record.key.kind);
        Ok(Self { pending, recorded: RecordedResources { records, automations }, earlier: keys })
    }

    pub(super) fn keys(&self) -> BTreeSet<ResourceKey> {
        self.pending.resources.iter().map(|pending| pending.desired.key.clone()).collect()
    }

    pub(super) fn writer<'a>(&'a self, ctx: &DeployContext<'a>, client: &'a Client) -> ResourceWriter<'a> {
        let (on_error, force) = (ctx.options.on_error, ctx.options.force);
        ResourceWriter { client, pending: &self.pending, on_error, force, redactor: ctx.redactor }
    }

    /// Restores the resources that a phase of this or the resumed deploy has written.
    pub(super) async fn roll_back(&self, phase: Phase, rollback: &RollbackContext<'_>, report: &mut Report) {
        let lines = &report.resources;
        let is_written = |record: &&JournaledResource| {
            let mut lines = lines.iter().filter(|line| line.key == record.key);
            // The server may have moved a queue that the deploy has not written.
            record.is_of_existing_queue()
                || self.earlier.contains(&record.key)
                || lines.any(|line| line.outcome.may_have_written())
        };
        let records: Vec<JournaledResource> =
            self.recorded.records.iter().filter(is_written).cloned().collect();
        for (key, recovery) in recover_resources(rollback, &records, phase).await {
            add_recovery(key, recovery, report);
        }
    }
}

/// Adds a resource's rollback result to the report.
fn add_recovery(key: ResourceKey, recovery: Recovery, report: &mut Report) {
    let restoration = report.add_recovery(&key.to_string(), recovery);
    match report.resources.iter_mut().find(|line| line.key == key) {
        Some(line) => line.outcome.set_restored(restoration),
        None if key.kind == ResourceKind::WorkQueue && restoration == Restoration::Unneeded => {}
        // Only the resumed deploy has written the resource, or the server has moved the queue.
        None => report.resources.push(ResourceLine::of_earlier(key, restoration)),
    }
}
