//! Compares rendered deployments with the server, and writes the differences.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    api::{Client, WorkPool},
    apply::{
        Applied, Apply, Outcome, Record,
        journal::{self, Begin, Journal, JournalError, Recorded},
    },
    deploy::{Failure, Line, Report, Server, report},
    deployment::{DeployContext, DesiredDeployment, OnError, Options, Snapshot},
    environment::Environment,
    plan::{
        self, Action, Change,
        prune::{self, Pruning},
    },
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
    let mut changes = Vec::new();
    for desired in desired {
        let change = plan::compare(desired, &live, ctx.options.force, now);
        changes.push((
            desired,
            change.map_err(|error| Failure::Schedules { name: desired.full_name(), error })?,
        ));
    }
    let pruning = pruning(&changes, ctx, client).await?;
    let earlier = earlier_records(ctx, client)?;
    let journal = begin_journal(&changes, &live, &earlier, ctx, client)?;
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
    let Applied { outcomes, times, unrestored, earlier: others } = apply.run(&changes).await;
    for (line, (outcome, time)) in report.lines.iter_mut().zip(outcomes.into_iter().zip(times)) {
        line.id = outcome.id();
        line.url = line.id.and_then(|id| links.deployment(id));
        (line.outcome, line.time) = (outcome, time);
    }
    report.unrestored = unrestored;
    report.lines.extend(others.into_iter().map(|(name, restored)| report::restored(name, restored)));
    for line in &mut report.lines {
        if let Outcome::Conflict { differences, .. } = &mut line.outcome {
            differences.iter_mut().for_each(|field_change| plan::mask(field_change, ctx.redactor));
        }
    }
    report.stages.end("write");
    if let Some(pruning) = &pruning {
        prune(pruning, &mut report.lines, ctx, client).await;
        report.stages.end("prune");
    }
    if report.is_done() || (report.was_rolled_back() && !report.wrote()) {
        journal.finish();
        report.resumable = false;
        finish_earlier(desired, ctx, client);
    }
    Ok(())
}

/// Removes the journal of an earlier deploy whose deployments are all up to date.
fn finish_earlier(desired: &[DesiredDeployment], ctx: &DeployContext<'_>, client: &Client) {
    let Ok(Some(recorded)) = recorded(ctx.environment, client.url(), ctx.directory) else { return };
    let names: BTreeSet<String> = desired.iter().map(DesiredDeployment::full_name).collect();
    if recorded.missing == 0 && recorded.records.iter().all(|record| names.contains(&record.full_name())) {
        recorded.finish();
    }
}

/// Finds the deployments to prune. Returns `None` if there is no project id.
async fn pruning<'a>(
    changes: &[(&DesiredDeployment, Change<'_>)],
    ctx: &'a DeployContext<'_>,
    client: &Client,
) -> Result<Option<Pruning<'a>>, Failure> {
    let declared = changes.iter().filter_map(|(_, change)| change.live()).map(|live| live.id).collect();
    let Some(pruning) = Pruning::plan(client, ctx.options, &declared).await? else { return Ok(None) };
    pruning.within(ctx.options.max_deletes)?;
    Ok(Some(pruning))
}

/// Prunes deployments if all writes have succeeded, and then updates the project's record.
async fn prune(pruning: &Pruning<'_>, lines: &mut Vec<Line>, ctx: &DeployContext<'_>, client: &Client) {
    let registered: Vec<Uuid> = lines.iter().filter_map(|line| line.id).collect();
    let mut failed = lines.iter().any(|line| line.id.is_none());
    let mut removed = BTreeSet::new();
    for removal in &pruning.removals {
        let started = Instant::now();
        let outcome = if failed {
            Outcome::NotTried
        } else {
            match prune::remove(client, removal.id()).await {
                Ok(()) => {
                    removed.insert(removal.id());
                    Outcome::Deleted
                }
                Err(error) => {
                    failed = ctx.options.on_error != OnError::Continue;
                    Outcome::Failed { error, written: false }
                }
            }
        };
        ctx.progress.deployment(&removal.name, outcome.event());
        lines.push(Line {
            name: removal.name.clone(),
            id: None,
            url: None,
            outcome,
            action: Action::Delete,
            changes: Vec::new(),
            time: started.elapsed(),
        });
    }
    if let Err(error) = pruning.record(client, registered, &removed).await {
        ctx.progress
            .status(&format!("cannot update the project record: {error}; the next deploy tries again"));
    }
}

/// Reads the journal of the last deploy from a directory to a server. Returns `None` if that deploy is complete.
pub(super) fn recorded(
    environment: &Environment,
    api: &str,
    directory: &Path,
) -> Result<Option<Recorded>, JournalError> {
    let Some(path) = journal::path(environment, api, directory) else { return Ok(None) };
    journal::read(&path, api, directory)
}

/// Returns the records of the deploy that this one resumes. A rollback also restores their deployments.
fn earlier_records(ctx: &DeployContext<'_>, client: &Client) -> Result<Vec<Record>, Failure> {
    if !ctx.options.resume {
        return Ok(Vec::new());
    }
    let recorded =
        recorded(ctx.environment, client.url(), ctx.directory).map_err(Failure::UnusableJournal)?;
    Ok(recorded.map(|recorded| recorded.records).unwrap_or_default())
}

/// Creates the journal. If there is no home directory or if nothing changes, an empty journal is returned.
///
/// # Errors
///
/// Fails if the journal cannot be written, because an interrupted deploy could then not be resumed.
fn begin_journal(
    changes: &[(&DesiredDeployment, Change<'_>)],
    live: &Snapshot,
    earlier: &[Record],
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<Journal, Failure> {
    let changed = changes.iter().filter(|(_, change)| !matches!(change, Change::Unchanged { .. }));
    let names: Vec<String> = changed.clone().map(|(desired, _)| desired.full_name()).collect();
    let Some(path) = journal::path(ctx.environment, client.url(), ctx.directory) else {
        return Ok(Journal::default());
    };
    if names.is_empty() {
        return Ok(Journal::default());
    }
    let begin = Begin {
        path,
        api: client.url(),
        directory: ctx.directory,
        prefect_file: ctx.options.prefect_file.as_deref(),
        is_resumable: !ctx.options.describe_a_deployment()
            && ctx.options.images.given.is_empty()
            && ctx.answers.is_none(),
        earlier,
    };
    let records = changed.map(|(desired, change)| Record::new(desired, change, live));
    Journal::begin(begin, names, records, ctx.redactor).map_err(Failure::Journal)
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
    let recorded = recorded(environment, api, directory).map_err(Failure::UnusableJournal)?;
    let recorded = recorded.ok_or(Failure::NothingToResume)?;
    recorded.require_file(options.prefect_file.as_deref()).map_err(Failure::UnusableJournal)?;
    if !recorded.is_resumable {
        return Err(Failure::NotResumable);
    }
    Ok(Options {
        names: recorded.names,
        prefect_file: recorded.prefect_file,
        resume: true,
        ..options.clone()
    })
}
