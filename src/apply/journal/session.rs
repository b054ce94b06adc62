//! The journals of the running and the previous deploy.

use std::{collections::BTreeSet, path::Path};

use crate::{
    api::Client,
    apply::{
        JournaledDeployment, JournaledResource,
        journal::{self, Journal, JournalError, NewJournal, ProjectPreview, Recorded, RecordedResources},
    },
    deployment::{DeployContext, DesiredDeployment, ProjectId, Snapshot},
    environment::Environment,
    plan::ComparedDeployment,
    resource::{ResourceKey, ResourceKind},
};

/// Reads the journal of the last deploy from a directory to a server, or returns `None` if that deploy is complete.
pub(crate) fn recorded(
    environment: &Environment,
    api: &str,
    directory: &Path,
) -> Result<Option<Recorded>, JournalError> {
    journal::read(&journal::path(environment, api, directory)?, api, directory)
}

/// Returns the records of the deploy that this deploy resumes. A rollback also restores the deployments and resources
/// in these records.
///
/// # Errors
///
/// Fails if the journal cannot be read.
pub(crate) fn earlier(
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(Vec<JournaledDeployment>, Vec<JournaledResource>), JournalError> {
    if !ctx.options.resume {
        return Ok(Default::default());
    }
    let recorded = recorded(ctx.environment, client.url(), ctx.directory)?;
    Ok(recorded.map(|recorded| (recorded.records, recorded.resources.records)).unwrap_or_default())
}

fn preview(ctx: &DeployContext<'_>) -> Option<ProjectPreview> {
    let project = ctx.options.project.as_ref()?.without_environment();
    Some(ProjectPreview { project, name: ctx.options.preview.clone()? })
}

/// Creates the journal. Returns `None` if nothing changes.
///
/// # Errors
///
/// Fails if there is no directory for the journal, or if the journal cannot be written. Without a journal, an
/// interrupted deploy could not be resumed.
pub(crate) fn begin(
    changes: &[ComparedDeployment<'_>],
    live: &Snapshot,
    earlier: &[JournaledDeployment],
    resources: &RecordedResources,
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<Option<Journal>, JournalError> {
    let changed = changes.iter().filter(|compared| !compared.change.is_unchanged());
    let names: Vec<String> = changed.clone().map(|compared| compared.desired.full_name()).collect();
    if names.is_empty() && resources.records.is_empty() {
        return Ok(None);
    }
    let new = NewJournal {
        path: journal::path(ctx.environment, client.url(), ctx.directory)?,
        api: client.url(),
        directory: ctx.directory,
        files: &ctx.options.files,
        environment: ctx.options.environment_name(),
        project: ctx.options.project.as_ref().map(ProjectId::without_environment),
        preview: preview(ctx),
        is_resumable: !ctx.options.describe_a_deployment()
            && !ctx.options.images.skips_builds()
            && !ctx.options.files.include_stdin()
            && ctx.selection.is_none(),
        earlier,
        resources,
    };
    let records = changed.map(|compared| JournaledDeployment::new(compared, live));
    Journal::begin(new, names, records, ctx.redactor).map(Some)
}

/// Returns whether `resources` includes the resource with the given key. A work pool includes its queues.
fn includes(resources: &BTreeSet<ResourceKey>, key: &ResourceKey) -> bool {
    let has_pool = |pool: &str| resources.contains(&ResourceKey::new(ResourceKind::WorkPool, pool));
    resources.contains(key) || key.pool_of_queue().is_some_and(has_pool)
}

/// Removes the journal of an earlier deploy whose deployments are all up to date.
pub(crate) fn finish_earlier(
    desired: &[DesiredDeployment],
    resources: &BTreeSet<ResourceKey>,
    ctx: &DeployContext<'_>,
    client: &Client,
) {
    let Ok(Some(recorded)) = recorded(ctx.environment, client.url(), ctx.directory) else { return };
    let names: BTreeSet<String> = desired.iter().map(DesiredDeployment::full_name).collect();
    let covers_records = recorded.records.iter().all(|record| names.contains(&record.full_name()))
        && recorded.resources.records.iter().all(|record| includes(resources, &record.key));
    if recorded.missing == 0 && covers_records {
        recorded.finish();
    }
}
