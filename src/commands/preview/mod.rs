//! `prefectl preview`.

mod report;

use jiff::Timestamp;

use self::report::{Action, FoundPreview, Report, Status};
use super::{Context, connection, target};
use crate::{
    api::Client,
    cli::{ConsentArguments, OutputFormat, PreviewCommand},
    deployment::PreviewName,
    diagnostics::similar_name,
    error::{CommandError, Exit},
    escape,
    names::counted,
    records::previews::{PreviewError, RecordedPreview, RecordedPreviews},
};

pub(super) async fn run(command: PreviewCommand, context: &Context) -> Result<Exit, CommandError> {
    let (PreviewCommand::Ls { output, .. }
    | PreviewCommand::Delete { output, .. }
    | PreviewCommand::Prune { output, .. }) = &command;
    let is_list = matches!(command, PreviewCommand::Ls { .. });
    let mut report = Report::default();
    let result = execute(&command, &mut report, context).await;
    match (output.output, &result) {
        (OutputFormat::Text, Ok(())) if is_list => context.ui.result(report.table(context).trim_end()),
        (OutputFormat::Text, Ok(())) => context.ui.result(&report.deleted()),
        (OutputFormat::Text, Err(_)) => {}
        (OutputFormat::Json, _) => {
            let action = if is_list { Action::Listed } else { Action::Deleted };
            context.ui.json(report.document(action, result.as_ref().err()));
        }
    }
    result.map(|()| Exit::Done)
}

/// Runs a command. The report describes all completed actions, even after an error.
async fn execute(
    command: &PreviewCommand,
    report: &mut Report,
    context: &Context,
) -> Result<(), CommandError> {
    let (PreviewCommand::Ls { project, .. }
    | PreviewCommand::Delete { project, .. }
    | PreviewCommand::Prune { project, .. }) = command;
    let project = target::project_id(project.id.as_deref(), context)?.ok_or(PreviewError::NoProject)?;
    let client = connection::client(context)?;
    let mut recorded = RecordedPreviews::read(&client, &project).await?;
    match command {
        PreviewCommand::Ls { .. } => {
            report.add_damaged(&mut recorded, context);
            report.add(recorded.previews, &client).await
        }
        PreviewCommand::Delete { name, ignore_missing, consent, .. } => {
            let found = recorded.preview(name)?;
            if found.is_none() && !ignore_missing {
                return Err(missing(name, &recorded.previews));
            }
            report.add(found.into_iter().cloned().collect(), &client).await?;
            delete(report, &client, *consent, context).await
        }
        PreviewCommand::Prune { older_than, consent, .. } => {
            report.add_damaged(&mut recorded, context);
            let latest = context.clock.now().checked_sub(*older_than).unwrap_or(Timestamp::MIN);
            recorded.previews.retain(|preview| preview.updated <= latest);
            report.add(recorded.previews, &client).await?;
            delete(report, &client, *consent, context).await
        }
    }
}

impl From<PreviewError> for CommandError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Api(error) => error.into(),
            PreviewError::Contended(_) => Self::new(Exit::Failed, error).help("run the command again"),
            PreviewError::NoProject => Self::usage(error).help(target::PROJECT_HELP),
            PreviewError::NameTaken { .. } => Self::new(Exit::Failed, error).help(
                "nothing was registered; choose a different name for the preview, or rename the deployment",
            ),
            PreviewError::OtherProject { ref preview, ref project, .. } => {
                let help = format!(
                    "nothing was registered; choose a different name for the preview, or delete the other \
                     preview with `prefectl preview delete {} --project {}`",
                    preview.as_str(),
                    project.as_str()
                );
                Self::new(Exit::Failed, error).help(help)
            }
            PreviewError::DamagedRecord { ref variable, .. } => {
                let help = damaged_help(variable);
                Self::new(Exit::Failed, error).help(help)
            }
        }
    }
}

fn damaged_help(variable: &str) -> String {
    format!(
        "correct the variable, or delete it with `prefectl variable delete {variable}` and deploy the preview again \
         to record its deployments"
    )
}

fn missing(name: &PreviewName, recorded: &[RecordedPreview]) -> CommandError {
    let similar = similar_name(name.as_str(), recorded.iter().map(|preview| preview.name.as_str()));
    let error = CommandError::new(Exit::Failed, format!("preview '{}' not found", name.as_str()));
    match similar {
        Some(_) => error.suggest(similar),
        None => error.help("list the previews with `prefectl preview ls`"),
    }
}

/// Deletes the reported previews' deployments, and then the previews' records.
async fn delete(
    report: &mut Report,
    client: &Client,
    consent: ConsentArguments,
    context: &Context,
) -> Result<(), CommandError> {
    report.set_status(Status::NotTried);
    for FoundPreview { recorded, kept, .. } in &report.previews {
        let tag = recorded.name.tag();
        for name in kept {
            context.ui.note(&format!("deployment '{name}' is kept: it does not have the tag '{tag}'"));
        }
    }
    if !report.previews.is_empty() {
        let copies = report.copies().map(|copy| format!("\n  {}", escape::line(&copy.removal.name)));
        let listed = copies.collect::<Vec<_>>().concat();
        context.ui.note(&format!("To be deleted: {}{listed}", report.names()));
        let count = counted(report.copies().count(), "deployment");
        let question = format!("Are you sure you want to delete {count}?");
        context.confirm(consent, &question, "Deletion aborted.").await?;
    }
    if let Err(error) = report.delete(client).await {
        let (done, count) = (report.deleted_copies(), report.copies().count());
        return Err(CommandError::from(error).after_changes(done, count, "deleted"));
    }
    Ok(())
}
