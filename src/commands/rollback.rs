//! `prefectl rollback`.

use serde_json::{Value, json};

use super::{Context, connection, errors, target::deploy_context};
use crate::{
    api::ApiError,
    apply::Recovery,
    cli::RollbackArguments,
    deploy::{Rollback, RollbackReport},
    deployment::Options,
    error::{CommandError, Exit},
    plan::FieldChange,
};

pub(super) async fn run(arguments: &RollbackArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let options = Options::default();
    let ctx = deploy_context(&options, context);
    let rollback = Rollback::plan(&ctx, &client, &arguments.files())?;
    let question = format!("Are you sure you want to roll back {}?", deployments(rollback.count()));
    if !arguments.yes && !context.confirms(&question).await? {
        return Err(CommandError::new(Exit::Failed, "Rollback aborted."));
    }
    let report = rollback.run(&ctx, &client, arguments.force).await;
    let lines: Vec<Value> = report.lines.iter().map(entry).collect();
    context.done(arguments.output, "rolled back", json!({"deployments": lines}), || {
        let line = |(name, recovery): &(String, Recovery)| format!("Deployment '{name}' {}.", word(recovery));
        report.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    for (name, recovery) in &report.lines {
        if let Recovery::Restored(restored) = recovery {
            restored.notes.iter().for_each(|note| context.ui.note(&format!("deployment '{name}': {note}")));
        }
    }
    finish(&report)
}

fn word(recovery: &Recovery) -> &'static str {
    match recovery {
        Recovery::Restored(restored) if restored.deleted => "deleted",
        Recovery::Restored(restored) if restored.wrote => "restored",
        Recovery::Restored(_) => "unchanged",
        Recovery::Conflict(_) => "changed meanwhile",
        Recovery::Failed(_) => "failed",
    }
}

fn entry((name, recovery): &(String, Recovery)) -> Value {
    let mut entry = json!({"name": name, "status": word(recovery)});
    match recovery {
        Recovery::Restored(restored) => {
            entry["notes"] = restored.notes.iter().chain(&restored.lost).map(String::as_str).collect();
        }
        Recovery::Conflict(changes) => {
            let side =
                |change: &FieldChange| json!({"field": change.field, "old": change.old, "new": change.new});
            entry["conflict"] = changes.iter().map(side).collect();
        }
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
    let mut failures: Vec<String> = report.lines.iter().flat_map(failures).collect();
    if report.missing > 0 {
        let missing = deployments(report.missing);
        failures.push(format!("the journal is truncated: the records of {missing} are missing"));
    }
    if failures.is_empty() {
        return Ok(Exit::Done);
    }
    let has_conflict = report.lines.iter().any(|(_, recovery)| matches!(recovery, Recovery::Conflict(_)));
    let help = if has_conflict {
        "deployments that others have changed were not restored; pass --force to restore them as well"
    } else {
        "compare with `prefectl plan --all`, or run `prefectl deploy --resume` to complete the deploy"
    };
    Err(CommandError::new(exit(report), failures.join("\n")).help(help))
}

fn exit(report: &RollbackReport) -> Exit {
    let error = report.lines.iter().find_map(|(_, recovery)| match recovery {
        Recovery::Failed(error) => Some(error),
        _ => None,
    });
    let is_conflict = |(_, recovery): &(String, Recovery)| matches!(recovery, Recovery::Conflict(_));
    let has_written = |(_, recovery): &(String, Recovery)| matches!(recovery, Recovery::Restored(restored) if restored.wrote);
    let has_lost = |(_, recovery): &(String, Recovery)| matches!(recovery, Recovery::Restored(restored) if !restored.lost.is_empty());
    match error {
        Some(_) if report.lines.iter().any(has_written) => Exit::Partly,
        Some(error) => errors::exit_of(error),
        None if report.lines.iter().any(is_conflict) => Exit::ChangedMeanwhile,
        None if report.lines.iter().any(|line| has_lost(line) || has_written(line)) => Exit::Partly,
        None => Exit::Failed,
    }
}

/// Describes why a deployment was not restored completely.
fn failures((name, recovery): &(String, Recovery)) -> Vec<String> {
    match recovery {
        Recovery::Restored(restored) => {
            restored.lost.iter().map(|lost| format!("deployment '{name}': {lost}")).collect()
        }
        Recovery::Conflict(changes) => {
            let sides = changes
                .iter()
                .map(|change| format!("\n  {}: {} -> {}", change.field, change.old, change.new));
            let sides: String = sides.collect();
            vec![format!("deployment '{name}' was changed on the server since the deploy:{sides}")]
        }
        Recovery::Failed(error) => vec![failed(name, error)],
    }
}

fn failed(name: &str, error: &ApiError) -> String {
    format!("deployment '{name}' could not be restored: {error}")
}

fn deployments(count: usize) -> String {
    if count == 1 { "1 deployment".to_owned() } else { format!("{count} deployments") }
}
