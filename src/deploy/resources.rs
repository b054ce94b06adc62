//! Writes the declared resources of a deploy, and restores them if the deploy is rolled back.

use std::collections::BTreeSet;

use crate::{
    api::{ApiError, Client},
    apply::{
        Outcome, PendingResources, Recovery, ResourceLine, ResourceRecord, ResourceWriter,
        journal::RecordedResources, recover_resources,
    },
    deployment::DeployContext,
    resource::{DesiredResource, ResourceKey},
};

/// Declared resources of a deploy.
pub(super) struct DeployedResources {
    pub(super) pending: PendingResources,
    pub(super) recorded: RecordedResources,
}

impl DeployedResources {
    /// Compares the resources with the server.
    pub(super) async fn compare(
        desired: Vec<DesiredResource>,
        automations: BTreeSet<String>,
        earlier: Vec<ResourceRecord>,
        ctx: &DeployContext<'_>,
        client: &Client,
    ) -> Result<Self, ApiError> {
        let pending = PendingResources::compare(client, desired, ctx.options.force).await?;
        let mut records: Vec<ResourceRecord> = pending
            .records()
            .map(|record| {
                let earlier = earlier.iter().find(|earlier| earlier.key == record.key);
                record.continuing(earlier)
            })
            .collect();
        for record in earlier {
            if !records.iter().any(|known| known.key == record.key) {
                records.push(record);
            }
        }
        Ok(Self { pending, recorded: RecordedResources { records, automations } })
    }

    pub(super) fn keys(&self) -> BTreeSet<ResourceKey> {
        self.pending.resources.iter().map(|pending| pending.desired.key.clone()).collect()
    }

    pub(super) fn writer<'a>(&'a self, ctx: &DeployContext<'_>, client: &'a Client) -> ResourceWriter<'a> {
        let (on_error, force) = (ctx.options.on_error, ctx.options.force);
        ResourceWriter { client, pending: &self.pending, on_error, force }
    }

    /// Restores the resources that were written, if the deploy failed and must be rolled back. If `follow_deployments` is
    /// set, only the resources that are written after the deployments are restored, otherwise only the others.
    pub(super) async fn roll_back(
        &self,
        follow_deployments: bool,
        client: &Client,
        lines: &mut [ResourceLine],
        unrestored: &mut Vec<String>,
    ) {
        let is_written = |record: &&ResourceRecord| {
            let line = lines.iter().find(|line| line.key == record.key);
            line.is_none_or(|line| may_have_written(&line.outcome))
        };
        let records: Vec<ResourceRecord> = self.recorded.records.iter().filter(is_written).cloned().collect();
        for (key, recovery) in recover_resources(client, &records, follow_deployments, true).await {
            let line = lines.iter_mut().find(|line| line.key == key);
            unrestored.extend(restored(line, &key, recovery));
        }
    }
}

/// Returns whether a write may have changed a resource. A failed request may have succeeded.
fn may_have_written(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created(_) | Outcome::Updated(..) | Outcome::Failed { .. })
}

/// Sets the outcome of a restored resource. Returns messages about state that was not restored.
fn restored(line: Option<&mut ResourceLine>, key: &ResourceKey, recovery: Recovery) -> Vec<String> {
    let (is_restored, notes) = match recovery {
        Recovery::Restored(restored) => {
            let notes = restored.lost.iter().chain(&restored.notes);
            (restored.lost.is_empty(), notes.map(|note| format!("{key}: {note}")).collect())
        }
        Recovery::Failed(error) => (false, vec![format!("{key} could not be restored: {error}")]),
        Recovery::Conflict(_) => (false, Vec::new()),
    };
    match line.map(|line| &mut line.outcome) {
        Some(Outcome::Failed { written, .. }) => *written = !is_restored,
        Some(outcome) if is_restored => *outcome = Outcome::Restored,
        _ => {}
    }
    notes
}
