//! Checks and records the deployments of a preview.

use std::collections::BTreeSet;

use crate::{
    api::{Client, DeploymentName},
    apply::{DeploymentLine, Outcome, Report},
    deployment::{DeployContext, OnUnchanged, Snapshot},
    names::{SHOWN, first_of},
    plan::{self, Action, ComparedDeployment},
    records::previews::{self, PreviewError},
    resolve::ApiLookup,
    resource::{DesiredResource, Observed},
    template::Resolver,
    validate::{LoadedProject, Preparation, declared},
};

/// Checks that a preview overwrites only its own copies. Runs before any step; deployments whose names depend on a step
/// output are checked after the steps.
///
/// # Errors
///
/// Fails if the preview would overwrite a deployment that is not a copy, or if the preview's record cannot be read.
pub(super) async fn require_copies(
    preparation: &Preparation<'_>,
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(), PreviewError> {
    let Some(preview) = &ctx.options.preview else { return Ok(()) };
    let project = ctx.options.project.as_ref().ok_or(PreviewError::NoProject)?;
    let names: BTreeSet<DeploymentName> =
        preparation.deployments().filter_map(|prepared| prepared.resolved.deployment_name()).collect();
    let live = Snapshot::observe_deployments(client, &names).await?;
    let copies = names.iter().map(|name| (name.to_string(), live.deployment(name)));
    previews::require_copies(client, Some(project), preview, copies).await
}

/// Reports declared resources that differ from the server. A preview does not write them, because other deployments
/// use them. Does not report resources that cannot be compared.
pub(super) async fn report_unwritten_resources(
    loaded: &[LoadedProject],
    ctx: &DeployContext<'_>,
    client: &Client,
) {
    if ctx.options.preview.is_none() {
        return;
    }
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let Ok(desired) = declared::all_resources(loaded, ctx, client, &resolver).await else { return };
    let Ok(mut observed) = Observed::read(client, &desired).await else { return };
    let is_changed = |desired: &&DesiredResource| {
        plan::resources::compare(desired, &mut observed, OnUnchanged::Skip).action() != Action::Unchanged
    };
    let changed: Vec<String> =
        desired.iter().filter(is_changed).map(|desired| desired.key.to_string()).collect();
    if !changed.is_empty() {
        let changed = first_of(&changed, SHOWN);
        ctx.progress.status(&format!(
            "declared objects that differ from the server are not changed by a preview: {changed}"
        ));
    }
}

/// Records the deployments of a preview before the first deployment is written, so that the deployments of an
/// interrupted deploy can also be found.
///
/// # Errors
///
/// Fails if the preview would overwrite a deployment that is not a copy, or if the record cannot be read or written.
pub(super) async fn record(
    changes: &[ComparedDeployment<'_>],
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(), PreviewError> {
    let Some(preview) = &ctx.options.preview else { return Ok(()) };
    let project = ctx.options.project.as_ref().ok_or(PreviewError::NoProject)?.without_environment();
    let live = changes.iter().map(|compared| (compared.desired.full_name(), compared.change.live()));
    let existing = previews::existing_copies(preview, live)?;
    previews::record(client, &project, preview, &full_names(changes), &existing, ctx.clock.now()).await
}

/// Updates a preview's record after the writes. Adds the deployments again if another command has removed them from
/// the record. Removes the copies that a rollback has deleted.
pub(super) async fn complete_record(
    changes: &[ComparedDeployment<'_>],
    report: &mut Report,
    ctx: &DeployContext<'_>,
    client: &Client,
) {
    let (Some(preview), Some(project)) = (&ctx.options.preview, &ctx.options.project) else { return };
    let project = project.without_environment();
    let mut names = full_names(changes);
    let mut result = Ok(());
    if report.was_rolled_back() {
        let is_missing = |(compared, line): &(&ComparedDeployment<'_>, &DeploymentLine)| {
            compared.change.live().is_none() && matches!(line.outcome, Outcome::Restored | Outcome::NotTried)
        };
        let missing = changes.iter().zip(&report.deployments).filter(is_missing);
        let missing: BTreeSet<String> = missing.map(|(_, line)| line.name.clone()).collect();
        names.retain(|name| !missing.contains(name));
        result = previews::remove(client, &project, preview, &missing).await;
    }
    if result.is_ok() {
        result = previews::ensure_recorded(client, &project, preview, &names, ctx.clock.now()).await;
    }
    if let Err(error) = result {
        let message = format!("cannot verify the record of preview '{}': {error}", preview.as_str());
        report.warn_unrecorded(message, "deploy the preview again", ctx.progress);
    }
}

fn full_names(changes: &[ComparedDeployment<'_>]) -> BTreeSet<String> {
    changes.iter().map(|compared| compared.desired.full_name()).collect()
}
