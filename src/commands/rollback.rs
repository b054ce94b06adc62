//! `prefectl rollback`.

use serde_json::{Value, json};

use super::{Context, connection, errors, report::changed_since, target::deploy_context};
use crate::{
    apply::{ConflictPolicy, Recovery},
    cli::RollbackArguments,
    deploy::{Rollback, RollbackReport},
    deployment::Options,
    error::{CommandError, Exit},
    escape,
    names::{counted, counted_objects},
    resource::ResourceKey,
};

pub(super) async fn run(arguments: &RollbackArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let options = Options::default();
    let ctx = deploy_context(&options, context);
    let rollback = Rollback::plan(&ctx, &client, &arguments.files())?;
    let objects = counted_objects(rollback.count(), rollback.resource_count());
    let question = format!("Are you sure you want to roll back {objects}?");
    if !arguments.yes {
        context.confirm_if_interactive(&question, "rollback aborted").await?;
    }
    let policy = if arguments.force { ConflictPolicy::Overwrite } else { ConflictPolicy::Report };
    let report = rollback.run(&ctx, &client, policy).await;
    let deployments = report.deployments.iter().map(|(name, recovery)| entry(name, recovery));
    let mut fields = json!({"deployments": deployments.collect::<Vec<_>>()});
    if !report.resources.is_empty() {
        fields["resources"] = report.resources.iter().map(resource_entry).collect();
    }
    context.done(arguments.output, "rolled back", fields, || {
        let line = |(name, recovery): &(String, Recovery)| format!("Deployment '{name}' {}.", word(recovery));
        let resources = report.resources.iter().map(|(key, recovery)| format!("{key} {}", word(recovery)));
        let lines = resources.chain(report.deployments.iter().map(line));
        lines.map(|line| escape::line(&line).into_owned()).collect::<Vec<_>>().join("\n")
    });
    for (subject, recovery) in subjects(&report) {
        if let Recovery::Restored(restored) = recovery {
            restored.notes.iter().for_each(|note| context.ui.note(&format!("{subject}: {note}")));
        }
    }
    finish(&report)
}

/// Returns the outcomes of all deployments and resources with their descriptions.
fn subjects(report: &RollbackReport) -> Vec<(String, &Recovery)> {
    let deployments =
        report.deployments.iter().map(|(name, recovery)| (format!("deployment '{name}'"), recovery));
    let resources = report.resources.iter().map(|(key, recovery)| (key.to_string(), recovery));
    deployments.chain(resources).collect()
}

fn word(recovery: &Recovery) -> &'static str {
    match recovery {
        Recovery::Restored(restored) if restored.deleted => "deleted",
        Recovery::Restored(restored) if restored.wrote => "restored",
        Recovery::Restored(restored) if !restored.lost.is_empty() => "not restored",
        Recovery::Restored(_) => "unchanged",
        Recovery::Conflict(_) => "changed meanwhile",
        Recovery::Failed(_) => "failed",
    }
}

fn resource_entry((key, recovery): &(ResourceKey, Recovery)) -> Value {
    let mut entry = entry(&key.name, recovery);
    entry["kind"] = json!(key.kind);
    entry
}

fn entry(name: &str, recovery: &Recovery) -> Value {
    let mut entry = json!({"name": name, "status": word(recovery)});
    match recovery {
        Recovery::Restored(restored) => {
            entry["notes"] = restored.notes.iter().chain(&restored.lost).map(String::as_str).collect();
        }
        Recovery::Conflict(changes) => entry["conflict"] = json!(changes),
        Recovery::Failed(error) => entry["error"] = json!(error.to_string()),
    }
    entry
}

/// Returns the exit code for a rollback.
///
/// # Errors
///
/// Fails if a deployment was not restored completely.
fn finish(report: &RollbackReport) -> Result<Exit, CommandError> {
    let subjects = subjects(report);
    let mut failures: Vec<String> = subjects.iter().flat_map(failures).collect();
    if report.missing > 0 {
        let verb = if report.missing == 1 { "is" } else { "are" };
        let records = counted(report.missing, "record");
        failures.push(format!("the journal is truncated: {records} {verb} missing"));
    }
    if let Some(error) = &report.preview_error {
        failures
            .push(format!("the deleted copies are still recorded as deployments of the preview: {error}"));
    }
    if failures.is_empty() {
        return Ok(Exit::Done);
    }
    let has_conflict = subjects.iter().any(|(_, recovery)| matches!(recovery, Recovery::Conflict(_)));
    let help = if has_conflict {
        "deployments that someone else has changed were not restored; pass --force to restore them too"
    } else {
        "compare with `prefectl plan --all`, or run `prefectl deploy --resume` to complete the deploy"
    };
    Err(CommandError::new(exit(&subjects), escape::message_lines(failures)).help(help))
}

fn exit(subjects: &[(String, &Recovery)]) -> Exit {
    let has = |is_such: fn(&Recovery) -> bool| subjects.iter().any(|(_, recovery)| is_such(recovery));
    let error = subjects.iter().find_map(|(_, recovery)| match recovery {
        Recovery::Failed(error) => Some(error),
        _ => None,
    });
    let has_written = has(|recovery| matches!(recovery, Recovery::Restored(restored) if restored.wrote));
    let has_lost =
        has(|recovery| matches!(recovery, Recovery::Restored(restored) if !restored.lost.is_empty()));
    match error {
        Some(_) if has_written => Exit::Partly,
        Some(error) => errors::exit_of_write(error),
        None if has(|recovery| matches!(recovery, Recovery::Conflict(_))) => Exit::ChangedMeanwhile,
        None if has_lost || has_written => Exit::Partly,
        None => Exit::Failed,
    }
}

/// Describes why a deployment or resource was not restored completely.
fn failures((subject, recovery): &(String, &Recovery)) -> Vec<String> {
    match recovery {
        Recovery::Restored(restored) => {
            restored.lost.iter().map(|lost| format!("{subject}: {lost}")).collect()
        }
        Recovery::Conflict(changes) => vec![changed_since(subject, "the deploy", changes)],
        Recovery::Failed(error) => vec![format!("{subject} could not be restored: {error}")],
    }
}
