//! Restores the deployments that an incomplete deploy recorded in its journal.

use crate::{
    api::Client,
    apply::{
        ConflictPolicy, JournaledDeployment, Recovery, RollbackContext,
        journal::{ProjectPreview, Recorded, RecordedResources, recorded},
        recover, recover_resources,
    },
    deploy::DeployError,
    deployment::DeployContext,
    plan,
    project::ProjectFiles,
    records::previews::{self, PreviewError},
    resource::{Phase, ResourceKey},
};

/// The rollback of the last deploy from a directory to a server.
#[derive(Debug)]
pub(crate) struct Rollback {
    recorded: Recorded,
}

/// Result of a rollback.
#[derive(Debug)]
pub(crate) struct RollbackReport {
    /// Full names and outcomes of the recorded deployments.
    pub(crate) deployments: Vec<(String, Recovery)>,
    /// Outcomes of the recorded resources.
    pub(crate) resources: Vec<(ResourceKey, Recovery)>,
    /// The error that prevented the removal of deleted copies from their preview's record.
    pub(crate) preview_error: Option<PreviewError>,
    /// Number of records that are missing because the journal is truncated.
    pub(crate) missing: usize,
}

impl Rollback {
    /// Reads the journal of the last deploy. `files` are the project files that the user specified.
    ///
    /// # Errors
    ///
    /// Fails if the last deploy is complete, is still running or used different project files, or if the
    /// journal cannot be read.
    pub(crate) fn plan(
        ctx: &DeployContext<'_>,
        client: &Client,
        files: &ProjectFiles,
    ) -> Result<Self, DeployError> {
        let recorded = recorded(ctx.environment, client.url(), ctx.directory)?;
        let recorded = recorded.ok_or(DeployError::NothingToRollBack)?;
        recorded.require_files(files)?;
        Ok(Self { recorded })
    }

    /// Returns the number of recorded deployments.
    pub(crate) fn count(&self) -> usize {
        self.recorded.records.len()
    }

    /// Returns the number of recorded resources.
    pub(crate) fn resource_count(&self) -> usize {
        self.recorded.resources.records.len()
    }

    /// Restores the recorded deployments. Removes the journal if all deployments are restored.
    pub(crate) async fn run(
        self,
        ctx: &DeployContext<'_>,
        client: &Client,
        policy: ConflictPolicy,
    ) -> RollbackReport {
        ctx.progress.activity("Restoring deployments");
        let records = &self.recorded.records;
        let RecordedResources { records: resources, automations } = &self.recorded.resources;
        let rollback = RollbackContext::new(client, self.recorded.project.as_ref(), policy);
        let mut recovered = recover_resources(&rollback, resources, Phase::AfterDeployments).await;
        let recoveries = recover(&rollback, records, automations).await;
        recovered.extend(recover_resources(&rollback, resources, Phase::BeforeDeployments).await);
        let mut deployments: Vec<(String, Recovery)> =
            records.iter().map(JournaledDeployment::full_name).zip(recoveries).collect();
        for (_, recovery) in &mut deployments {
            if let Recovery::Conflict(changes) = recovery {
                changes.iter_mut().for_each(|change| plan::mask(change, ctx.redactor));
            }
        }
        for (key, recovery) in &mut recovered {
            if let Recovery::Conflict(changes) = recovery {
                changes.iter_mut().for_each(|change| plan::resources::mask(key, change, ctx.redactor));
            }
        }
        let preview_error = self.forget_copies(&deployments, client).await.err();
        let missing = self.recorded.missing;
        let report = RollbackReport { deployments, resources: recovered, preview_error, missing };
        if report.is_complete() {
            self.recorded.finish();
        }
        report
    }

    /// Removes deleted copies from the preview's record. A rollback deletes the copies that did not exist
    /// before the deploy.
    async fn forget_copies(&self, lines: &[(String, Recovery)], client: &Client) -> Result<(), PreviewError> {
        let Some(ProjectPreview { project, name }) = &self.recorded.preview else { return Ok(()) };
        let deleted = self.recorded.records.iter().zip(lines).filter(|(record, (_, recovery))| {
            record.previous.is_none() && matches!(recovery, Recovery::Restored(_))
        });
        let deleted = deleted.map(|(_, (name, _))| name.clone()).collect();
        previews::remove(client, project, name, &deleted).await
    }
}

impl RollbackReport {
    /// Returns whether all recorded state has been restored as far as possible. Secrets are not in the
    /// journal, so another attempt could not restore them either.
    fn is_complete(&self) -> bool {
        let deployments = self.deployments.iter().map(|(_, recovery)| recovery);
        let mut recoveries = deployments.chain(self.resources.iter().map(|(_, recovery)| recovery));
        self.missing == 0
            && self.preview_error.is_none()
            && recoveries.all(|recovery| matches!(recovery, Recovery::Restored(_)))
    }
}
