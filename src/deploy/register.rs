//! Compares rendered deployments with the server, and writes the differences.

use std::{collections::BTreeMap, path::Path, time::Duration};

use uuid::Uuid;

use crate::{
    api::WorkPool,
    apply::{Apply, Outcome, Report, journal, plan_pruning, prune, report},
    deploy::{Failure, Server},
    deployment::{DeployContext, DesiredDeployment, Options, Snapshot},
    environment::Environment,
    plan::{self, Change, PlanError, previews},
    validate,
};

/// Compares the deployments with the server, writes the differences, and fills in the report.
pub(super) async fn register(
    desired: &[DesiredDeployment],
    pools: &BTreeMap<String, WorkPool>,
    ctx: &DeployContext<'_>,
    server: &Server<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let Server { client, links } = server;
    let names = desired.iter().map(|desired| (desired.flow_name.clone(), desired.name.clone())).collect();
    ctx.progress.activity("Comparing with the server");
    let (live, idle_pools) =
        tokio::join!(Snapshot::observe(client, &names), validate::idle_pools(desired, pools, client));
    let live = live?;
    report.idle_pools = idle_pools;
    let now = ctx.clock.now();
    let changes = compare(desired, &live, ctx)?;
    let declared = changes.iter().filter_map(|(_, change)| change.live()).map(|live| live.id).collect();
    let pruning = plan_pruning(&declared, ctx.options, client).await?;
    let earlier = journal::earlier_records(ctx, client)?;
    let journal = journal::begin(&changes, &live, &earlier, ctx, client)?;
    report.stages.end("compare");
    report.resumable = journal.is_resumable();
    let line = |(desired, change): &(&DesiredDeployment, Change<'_>), end| {
        let described = plan::described_changes(desired, change, &live, ctx.redactor);
        report::line(desired, change, described, end, links)
    };
    // An interrupted deploy reports these lines.
    report.lines = changes.iter().map(|change| line(change, (Outcome::NotTried, Duration::ZERO))).collect();
    ctx.progress.activity("Writing what differs");
    let apply = Apply {
        client,
        live: &live,
        journal: &journal,
        progress: ctx.progress,
        now,
        on_error: ctx.options.on_error,
        force: ctx.options.force,
        earlier: &earlier,
        finished: &report.finished,
    };
    let applied = apply.run(&changes).await;
    report.complete(applied, links, ctx.redactor);
    report.stages.end("write");
    if let Some(pruning) = &pruning {
        prune(pruning, &mut report.lines, ctx, client).await;
        report.stages.end("prune");
    }
    if let Some(preview) = &ctx.options.preview {
        let registered: Vec<Uuid> = report.lines.iter().filter_map(|line| line.id).collect();
        if let Err(error) = previews::record(client, preview, registered, now).await {
            ctx.progress.status(&format!(
                "cannot record the preview: {error}; deploy it again, so that `prefectl preview delete` finds it"
            ));
        }
    }
    if report.is_done() || (report.was_rolled_back() && !report.wrote()) {
        journal.finish();
        report.resumable = false;
        journal::finish_earlier(desired, ctx, client);
    }
    Ok(())
}

/// Compares the deployments with the server.
fn compare<'a>(
    desired: &'a [DesiredDeployment],
    live: &'a Snapshot,
    ctx: &DeployContext<'_>,
) -> Result<Vec<(&'a DesiredDeployment, Change<'a>)>, PlanError> {
    let change = |desired: &'a DesiredDeployment| {
        plan::compare(desired, live, ctx.options.force, ctx.clock.now())
            .map(|change| (desired, change))
            .map_err(|error| PlanError::Schedules { name: desired.full_name(), error })
    };
    desired.iter().map(change).collect()
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
) -> Result<Options, Failure> {
    let recorded = journal::recorded(environment, api, directory)?;
    let recorded = recorded.ok_or(Failure::NothingToResume)?;
    recorded.require_files(&options.files)?;
    recorded.require_environment(options.env_name.as_ref())?;
    if !recorded.is_resumable {
        return Err(Failure::NotResumable);
    }
    let mut options = options.clone();
    if let (None, Some(name)) = (&options.env_name, &recorded.environment) {
        options.project = options.project.map(|project| project.in_environment(name));
    }
    Ok(Options {
        names: recorded.names,
        files: recorded.files,
        env_name: recorded.environment,
        resume: true,
        ..options
    })
}
