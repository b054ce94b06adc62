//! Converts the report of a deploy to an exit code or an error.

use crate::{
    apply::{DeploymentLine, Outcome, Report},
    commands::{
        errors,
        report::{changed_since, exit_after_deletions},
    },
    deploy::DeployError,
    error::{CommandError, Exit},
    escape,
    plan::KeptReason,
};

/// Returns the exit code of a deploy that may have been interrupted.
///
/// # Errors
///
/// Fails if the deploy was interrupted, or if it did not write all objects.
pub(super) fn exit(
    deployed: Result<Result<(), DeployError>, Exit>,
    report: &mut Report,
) -> Result<Exit, CommandError> {
    match deployed {
        Ok(result) => result.map_err(CommandError::from).and_then(|()| exit_of_report(report)),
        Err(exit) => {
            report.collect_finished();
            Err(interrupted(exit, report))
        }
    }
}

/// Creates the error for an interrupted deploy. The error contains the number of written deployments and the command to
/// resume.
fn interrupted(exit: Exit, report: &Report) -> CommandError {
    let word = if exit == Exit::Terminated { "terminated" } else { "interrupted" };
    let (done, count) =
        (report.deployments.iter().filter(|line| line.outcome.is_done()).count(), report.deployments.len());
    let message = match count {
        0 if report.wrote() => format!("{word} after some resources were written"),
        0 => format!("{word} before any deployment was written"),
        _ => format!("{word} after {done} of {count} deployments"),
    };
    CommandError::new(exit, message).help(help(report))
}

/// Returns the exit code for a report.
///
/// # Errors
///
/// Fails if an object was not written, or if `--prune` has kept resources because they are in use.
fn exit_of_report(report: &Report) -> Result<Exit, CommandError> {
    if report.is_done() {
        let in_use = report.resources.iter().filter_map(|line| match &line.outcome {
            Outcome::Kept(reason @ KeptReason::InUse(_)) => Some(format!("{} is kept: {reason}", line.key)),
            _ => None,
        });
        return exit_after_deletions(&in_use.collect::<Vec<_>>(), report.wrote());
    }
    let resources = report.resources.iter().filter_map(|line| failure(&line.title(), &line.outcome));
    let deployments = report.deployments.iter().filter_map(|line| failure(&described(line), &line.outcome));
    let failures: Vec<String> = resources.chain(deployments).collect();
    let exit = match report.first_error() {
        _ if report.only_conflicts() => Exit::ChangedMeanwhile,
        Some(error) if !report.wrote() => errors::exit_of_write(error),
        _ => Exit::Partly,
    };
    Err(CommandError::new(exit, escape::message_lines(failures)).help(help(report)))
}

/// Returns the name of a deployment, with its file if the command has multiple project files.
fn described(line: &DeploymentLine) -> String {
    let file = line.file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default();
    format!("deployment '{}'{file}", line.name)
}

/// Describes why a deployment or resource was not written. Returns `None` if the object was written.
fn failure(subject: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed { error, .. } | Outcome::Unchecked(error) => Some(format!("{subject}: {error}")),
        Outcome::Conflict { differences, .. } => Some(changed_since(subject, "it was compared", differences)),
        _ => None,
    }
}

/// Returns the help text for a deploy that did not write all objects.
fn help(report: &Report) -> String {
    let mut help = match (report.wrote(), report.was_rolled_back()) {
        (false, true) => "all changes were rolled back".to_owned(),
        (true, true) => "not all changes could be rolled back".to_owned(),
        (true, false) if report.resumable => {
            "completed deployments were kept; run `prefectl deploy --resume` to continue".to_owned()
        }
        (true, false) => "completed deployments were kept; run the same command again to continue".to_owned(),
        (false, false) => "nothing was written".to_owned(),
    };
    if report.only_conflicts() {
        help += "; deploy again to compare with the current state, or pass --force to overwrite it";
    }
    escape::message_lines(std::iter::once(&help).chain(&report.unrestored))
}
