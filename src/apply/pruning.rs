//! Deletes the deployments and resources that a project no longer declares.

use std::time::{Duration, Instant};

use crate::{
    api::Client,
    apply::{
        DeploymentLine, Outcome, Report, ResourceLine,
        remover::{Deletion, Remover},
    },
    deployment::{DeployContext, OnError},
    plan::{
        Action, KeptResource, PlanError,
        prune::{DeclaredObjects, Pruning, Removal},
    },
    records::{OwnedResource, RecordError, Registered, Removed},
    resource::Phase,
};

const UNRECORDED_HELP: &str =
    "deploy again to register the objects; `--prune` and `destroy` only find registered objects";

/// Finds the deployments and resources to prune.
///
/// # Errors
///
/// Fails if a request fails, or if more objects would be pruned than `--max-deletes` allows.
pub(crate) async fn plan_pruning(
    pruning: &mut Pruning<'_>,
    declared: &DeclaredObjects<'_>,
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(), PlanError> {
    pruning.select(client, declared, ctx.directory).await?;
    Ok(pruning.within(ctx.options.max_deletes)?)
}

/// Prunes deployments and resources if all writes have succeeded, and then updates the project's records.
///
/// Deletes automations before the deployments that they refer to, and all other resources after the
/// deployments.
pub(crate) async fn prune(
    pruning: &Pruning<'_>,
    report: &mut Report,
    ctx: &DeployContext<'_>,
    client: &Client,
) {
    let deployment = |line: &DeploymentLine| Some((line.id()?, pruning.path(line.file.as_ref())));
    let resource = |line: &ResourceLine| {
        let (key, file) = (line.key.clone(), pruning.path(line.file.as_ref()));
        Some(OwnedResource { key, id: line.outcome.id()?, file, directory: None })
    };
    let registered = Registered {
        deployments: report.deployments.iter().filter_map(deployment).collect(),
        resources: report.resources.iter().filter_map(resource).collect(),
    };
    let has_failed = report.deployments.iter().any(|line| line.id().is_none())
        || report.resources.iter().any(|line| line.outcome.id().is_none());
    report.resources.extend(pruning.kept.iter().map(kept_line));
    let remover = Remover::new(client, ctx.options.project.as_ref());
    let mut pruner = Pruner { remover, ctx, has_failed, removed: Removed::default() };
    let (first, last): (Vec<_>, Vec<_>) =
        pruning.resources.iter().partition(|resource| resource.key.kind.phase() == Phase::AfterDeployments);
    for resource in first {
        report.resources.push(pruner.resource(resource).await);
    }
    for removal in &pruning.removals {
        report.deployments.push(pruner.deployment(removal).await);
    }
    for resource in last {
        report.resources.push(pruner.resource(resource).await);
    }
    if let Err(error) = pruning.record(client, &registered, pruner.removed).await {
        let message = format!("cannot update the project record: {error}");
        report.warn_unrecorded(message, UNRECORDED_HELP, ctx.progress);
    }
}

fn kept_line(KeptResource { key, reason }: &KeptResource) -> ResourceLine {
    ResourceLine {
        key: key.clone(),
        file: None,
        outcome: Outcome::Kept(reason.clone()),
        action: Action::Unchanged,
        changes: Vec::new(),
        time: Duration::ZERO,
    }
}

/// Deletion of objects for `--prune`. A failure skips the remaining deletions, unless `--on-error` is `continue`.
struct Pruner<'a> {
    remover: Remover<'a>,
    ctx: &'a DeployContext<'a>,
    /// Whether a failure prevents further deletions.
    has_failed: bool,
    removed: Removed,
}

impl Pruner<'_> {
    async fn deployment(&mut self, removal: &Removal) -> DeploymentLine {
        let deletion = self.remover.deployment(removal.id());
        let (outcome, time) = Self::outcome(deletion, &mut self.has_failed, self.ctx).await;
        if matches!(outcome, Outcome::Deleted) {
            self.removed.deployments.insert(removal.id());
        }
        self.ctx.progress.deployment(&removal.name, outcome.event());
        let (name, action, changes) = (removal.name.clone(), Action::Delete, Vec::new());
        DeploymentLine { name, file: None, outcome, action, changes, time }
    }

    async fn resource(&mut self, OwnedResource { key, id, .. }: &OwnedResource) -> ResourceLine {
        let deletion = self.remover.resource(key, *id);
        let (outcome, time) = Self::outcome(deletion, &mut self.has_failed, self.ctx).await;
        if matches!(outcome, Outcome::Deleted) {
            self.removed.resources.insert(key.clone());
        }
        let (key, file, changes) = (key.clone(), None, Vec::new());
        ResourceLine { key, file, outcome, action: Action::Delete, changes, time }
    }

    /// Runs a deletion, unless an earlier failure stopped the deletions.
    async fn outcome(
        deletion: impl Future<Output = Result<Deletion, RecordError>>,
        has_failed: &mut bool,
        ctx: &DeployContext<'_>,
    ) -> (Outcome, Duration) {
        if *has_failed {
            return (Outcome::NotTried, Duration::ZERO);
        }
        let started = Instant::now();
        let outcome = match deletion.await {
            Ok(Deletion::Done) => Outcome::Deleted,
            Ok(Deletion::Kept(reason)) => Outcome::Kept(reason),
            Err(error) => {
                *has_failed = ctx.options.on_error != OnError::Continue;
                Outcome::Failed { error: error.into(), written: false }
            }
        };
        (outcome, started.elapsed())
    }
}
