//! Compares rendered deployments with the server and writes the differences.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{
    api::{Client, WorkPool},
    apply::{
        Apply, ConflictPolicy, DeploymentLine, Report, RollbackContext,
        journal::{self, ProjectPreview},
        plan_pruning, prune,
    },
    deploy::{DeployError, preview, resources::DeployedResources},
    deployment::{DeployContext, DesiredDeployment, OnError, Options, Snapshot},
    environment::Environment,
    plan::{
        self, ChangedObject, ComparedDeployment, PlanError,
        prune::{DeclaredObjects, Pruning, QueueName},
    },
    resource::{DesiredResource, Phase, ResourceKey},
    validate,
};

/// Rendered deployments and resources of a deploy.
pub(super) struct Registration<'a> {
    pub(super) desired: &'a [DesiredDeployment],
    pub(super) resources: Vec<DesiredResource>,
    /// Names of the automations that the project files declare.
    pub(super) automations: BTreeSet<String>,
    /// Work pools that the deployments use, keyed by name.
    pub(super) pools: &'a BTreeMap<String, WorkPool>,
    /// The records of the project. `None` without a project, and for a preview.
    pub(super) pruning: Option<Pruning<'a>>,
    /// Whether a plan has already reported the objects of other projects.
    pub(super) is_planned: bool,
}

/// Compares the deployments and resources with the server, writes the differences, and fills in the report.
pub(super) async fn register(
    Registration { desired, resources, automations, pools, mut pruning, is_planned }: Registration<'_>,
    ctx: &DeployContext<'_>,
    client: &Client,
    report: &mut Report,
) -> Result<(), DeployError> {
    let names = desired.iter().map(DesiredDeployment::deployment_name).collect();
    ctx.progress.activity("Comparing with the server");
    let (earlier, earlier_resources) = journal::earlier(ctx, client)?;
    let (live, idle_pools, resources) = tokio::join!(
        Snapshot::observe(client, &names),
        validate::idle_pools(desired, pools, client),
        DeployedResources::compare(resources, automations.clone(), earlier_resources, ctx, client),
    );
    let mut automations = automations;
    automations.extend(pruning.iter().flat_map(Pruning::automation_names));
    let (live, resources) = (live?.excluding(automations), resources?);
    report.idle_pools = idle_pools;
    let changes = compare(desired, &live, ctx)?;
    if let Some(pruning) = &mut pruning {
        let declared = declared(&changes, resources.keys());
        plan_pruning(pruning, &declared, ctx, client).await?;
        if !is_planned {
            report_shared(pruning, &changes, &resources, ctx)?;
        }
    }
    preview::record(&changes, ctx, client).await?;
    let journal = journal::begin(&changes, &live, &earlier, &resources.recorded, ctx, client)?;
    report.stages.end("compare");
    report.resumable = journal.as_ref().is_some_and(|journal| journal.is_resumable);
    let line = |compared: &ComparedDeployment<'_>| {
        DeploymentLine::pending(compared, plan::describe_changes(compared, &live, ctx.redactor))
    };
    // An interrupted deploy reports these lines.
    report.deployments = changes.iter().map(line).collect();
    report.resources = resources.pending.lines(ctx.redactor);
    ctx.progress.activity("Writing the changes");
    let apply = Apply {
        client,
        live: &live,
        journal: journal.as_ref(),
        progress: ctx.progress,
        now: ctx.clock.now(),
        on_error: ctx.options.on_error,
        force: ctx.options.force,
        earlier: &earlier,
        redactor: ctx.redactor,
    };
    // The future is large.
    Box::pin(write(&apply, &changes, &resources, ctx, report)).await;
    report.stages.end("write");
    if let Some(pruning) = &pruning {
        prune(pruning, report, ctx, client).await;
        report.stages.end("prune");
    }
    preview::complete_record(&changes, report, ctx, client).await;
    if report.is_done() || (report.was_rolled_back() && !report.wrote()) {
        if let Some(journal) = journal {
            journal.finish();
        }
        report.resumable = false;
        journal::finish_earlier(desired, &resources.keys(), ctx, client);
    }
    Ok(())
}

/// Reports changed objects that other projects have also registered.
fn report_shared(
    pruning: &Pruning<'_>,
    changes: &[ComparedDeployment<'_>],
    resources: &DeployedResources,
    ctx: &DeployContext<'_>,
) -> Result<(), PlanError> {
    let deployments = changes.iter().filter_map(ChangedObject::deployment);
    let resources = resources.pending.resources.iter().filter_map(ChangedObject::resource);
    validate::report_findings(pruning.shared(deployments, resources), ctx)?;
    Ok(())
}

/// Returns the declared deployments that exist, and the declared resources.
fn declared<'a>(changes: &[ComparedDeployment<'a>], resources: BTreeSet<ResourceKey>) -> DeclaredObjects<'a> {
    let deployment = |ComparedDeployment { desired, change }: &ComparedDeployment<'a>| {
        Some((change.live()?.id, QueueName::of(desired)))
    };
    DeclaredObjects { deployments: changes.iter().filter_map(deployment).collect(), resources }
}

/// Writes the resources that the deployments may use, then the deployments, and then the resources that refer to the
/// deployments. If a write fails and the options require a rollback, restores all written objects.
async fn write(
    apply: &Apply<'_>,
    changes: &[ComparedDeployment<'_>],
    resources: &DeployedResources,
    ctx: &DeployContext<'_>,
    report: &mut Report,
) {
    let on_error = apply.on_error;
    let writer = resources.writer(ctx, apply.client);
    let mut has_failed = writer.before_deployments(&mut report.resources).await;
    if !has_failed || on_error == OnError::Continue {
        apply.run(changes, report).await;
        has_failed |= report.deployments.iter().any(|line| !line.outcome.is_done());
    }
    if !has_failed || on_error == OnError::Continue {
        has_failed |= writer.after_deployments(&mut report.resources).await;
    }
    if has_failed && on_error == OnError::Rollback {
        let project = ctx.options.project.as_ref();
        let rollback = RollbackContext::new(apply.client, project, ConflictPolicy::Overwrite);
        resources.roll_back(Phase::AfterDeployments, &rollback, report).await;
        apply.roll_back(changes, &rollback, report).await;
        resources.roll_back(Phase::BeforeDeployments, &rollback, report).await;
    }
}

/// Compares the deployments with the server.
fn compare<'a>(
    desired: &'a [DesiredDeployment],
    live: &'a Snapshot,
    ctx: &DeployContext<'_>,
) -> Result<Vec<ComparedDeployment<'a>>, PlanError> {
    let compared = |desired: &'a DesiredDeployment| {
        plan::compare(desired, live, ctx.options.on_unchanged(), ctx.clock.now())
            .map(|change| ComparedDeployment { desired, change })
            .map_err(|error| PlanError::Update { name: desired.full_name(), error })
    };
    desired.iter().map(compared).collect()
}

/// Returns options that select the deployments that the last deploy did not complete.
///
/// # Errors
///
/// Fails if there is nothing to resume, or if the last deploy used options that the journal does not contain.
pub(crate) fn resumed(
    options: &Options,
    environment: &Environment,
    api: &str,
    directory: &Path,
) -> Result<Options, DeployError> {
    let recorded = journal::recorded(environment, api, directory)?;
    let recorded = recorded.ok_or(DeployError::NothingToResume)?;
    recorded.require_files(&options.files)?;
    recorded.require_environment(options.environment_name())?;
    if !recorded.is_resumable {
        return Err(DeployError::NotResumable);
    }
    let mut options = options.clone();
    if let (None, Some(name)) = (&options.environment, &recorded.environment) {
        options.project = options.project.map(|project| project.in_environment(name));
    }
    let mut names = recorded.names;
    if let Some(ProjectPreview { project, name: preview }) = recorded.preview {
        // Options select the deployments, not their copies.
        for name in &mut names {
            *name = preview.original(name).unwrap_or(name).to_owned();
        }
        (options.project, options.preview) = (Some(project), Some(preview));
    }
    // Resources are only included if all deployments are selected.
    let all = !recorded.resources.records.is_empty();
    Ok(Options {
        all,
        names: if all { Vec::new() } else { names },
        files: recorded.files,
        environment: options.environment.or_else(|| recorded.environment.map(Into::into)),
        resume: true,
        ..options
    })
}
