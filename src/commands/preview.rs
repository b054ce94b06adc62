//! `prefectl preview`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Context, connection, target};
use crate::{
    api::Client,
    cli::{ConsentArguments, OutputArguments, PreviewCommand},
    deployment::PreviewName,
    diagnostics::similar_name,
    error::{CommandError, Exit},
    plan::{
        previews::{PreviewError, RecordedPreview, RecordedPreviews},
        prune::{self, Removal},
    },
    ui::Caption,
};

pub(super) async fn run(command: PreviewCommand, context: &Context) -> Result<Exit, CommandError> {
    let (PreviewCommand::Ls { project, .. }
    | PreviewCommand::Delete { project, .. }
    | PreviewCommand::Prune { project, .. }) = &command;
    let project = target::project_id(project.id.as_deref(), context)?.ok_or(PreviewError::NoProject)?;
    let client = connection::client(context)?;
    let recorded = RecordedPreviews::read(&client, &project).await?;
    match command {
        PreviewCommand::Ls { output, .. } => {
            note_damaged(&recorded, context);
            ls(&recorded.previews, &client, output, context).await?;
        }
        PreviewCommand::Delete { name, ignore_missing, consent, output, .. } => {
            let found = recorded.preview(&name)?;
            if found.is_none() && !ignore_missing {
                return Err(missing(&name, &recorded.previews));
            }
            delete(found.into_iter().cloned().collect(), &client, consent, output, context).await?;
        }
        PreviewCommand::Prune { older_than, consent, output, .. } => {
            note_damaged(&recorded, context);
            let latest = context.clock.now().checked_sub(older_than).unwrap_or(Timestamp::MIN);
            let mut found = recorded.previews;
            found.retain(|preview| preview.updated <= latest);
            delete(found, &client, consent, output, context).await?;
        }
    }
    Ok(Exit::Done)
}

impl From<PreviewError> for CommandError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Api(error) => error.into(),
            PreviewError::NoProject => Self::usage(error).help(target::PROJECT_HELP),
            PreviewError::NameTaken { .. } => Self::new(Exit::Failed, error).help(
                "nothing was registered; choose another name for the preview, or rename the deployment",
            ),
            PreviewError::OtherProject { ref preview, ref project, .. } => {
                let help = format!(
                    "nothing was registered; choose another name for the preview, or delete the other preview with \
                     `prefectl preview delete {} --project {}`",
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
        "correct the variable, or delete it with `prefectl variable delete {variable}` and deploy the preview again, \
         which records its deployments"
    )
}

/// Prints a note about each damaged record.
fn note_damaged(recorded: &RecordedPreviews, context: &Context) {
    for (preview, variable) in &recorded.damaged {
        let (preview, variable) = (preview.clone(), variable.clone());
        let help = damaged_help(&variable);
        let error = PreviewError::DamagedRecord { preview, variable };
        context.ui.note(&format!("{error}; {help}"));
    }
}

/// Returns the live deployments of a preview, and the names of recorded deployments that are not copies.
async fn live(
    preview: &RecordedPreview,
    client: &Client,
) -> Result<(Vec<Removal>, Vec<String>), CommandError> {
    let tag = preview.name.tag();
    let found = prune::existing_named(client, &preview.deployments).await?;
    let (copies, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|removal| removal.deployment.has_tag(&tag));
    Ok((copies, others.into_iter().map(|other| other.name).collect()))
}

fn missing(name: &PreviewName, recorded: &[RecordedPreview]) -> CommandError {
    let similar = similar_name(name.as_str(), recorded.iter().map(|preview| preview.name.as_str()));
    let error = CommandError::new(Exit::Failed, format!("preview '{}' not found", name.as_str()));
    match similar {
        Some(_) => error.suggest(similar),
        None => error.help("list the previews with `prefectl preview ls`"),
    }
}

async fn ls(
    previews: &[RecordedPreview],
    client: &Client,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let mut documents = Vec::new();
    let mut rows = Vec::new();
    for preview in previews {
        let (deployments, _) = live(preview, client).await?;
        rows.push([
            preview.name.as_str().to_owned(),
            deployments.len().to_string(),
            preview.created.to_string(),
            preview.updated.to_string(),
        ]);
        documents.push(document(preview, &deployments));
    }
    let caption = Caption::new("Previews");
    let header = ["Name", "Deployments", "Created", "Updated"];
    context.show(output, || context.ui.table(caption, header, rows), || Value::Array(documents));
    Ok(())
}

/// Describes a preview and its deployments that exist on the server.
fn document(preview: &RecordedPreview, deployments: &[Removal]) -> Value {
    let deployments: Vec<Value> = deployments
        .iter()
        .map(|deployment| json!({"id": deployment.id(), "name": deployment.name}))
        .collect();
    json!({
        "name": preview.name,
        "created": preview.created,
        "updated": preview.updated,
        "deployments": deployments,
    })
}

/// Deletes the recorded deployments of previews, and then their records.
async fn delete(
    previews: Vec<RecordedPreview>,
    client: &Client,
    consent: ConsentArguments,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let mut found = Vec::with_capacity(previews.len());
    for preview in &previews {
        let (deployments, kept) = live(preview, client).await?;
        for name in kept {
            let tag = preview.name.tag();
            context
                .ui
                .note(&format!("Deployment '{name}' is kept because it does not have the tag '{tag}'."));
        }
        found.push((preview, deployments));
    }
    let count: usize = found.iter().map(|(_, deployments)| deployments.len()).sum();
    if !found.is_empty() {
        let names = found.iter().flat_map(|(_, deployments)| deployments);
        let listed = names.map(|deployment| format!("\n  {}", deployment.name)).collect::<Vec<_>>().concat();
        context.ui.note(&format!("To be deleted: {}{listed}", names_of(&previews)));
        let question = format!("Are you sure you want to delete {}?", counted(count, "deployment"));
        context.confirm(consent, &question, "Deletion aborted.").await?;
    }
    let mut done = 0;
    for (preview, deployments) in &found {
        for deployment in deployments {
            prune::remove(client, deployment.id())
                .await
                .map_err(|error| failed(error.into(), done, count))?;
            done += 1;
        }
        preview.forget(client).await.map_err(|error| failed(error.into(), done, count))?;
    }
    let documents: Vec<Value> =
        found.iter().map(|(preview, deployments)| document(preview, deployments)).collect();
    context.done(output, "deleted", json!({"previews": documents}), || match previews.len() {
        0 => "No previews found.".to_owned(),
        previews => {
            format!("Deleted {} with {}.", counted(previews, "preview"), counted(count, "deployment"))
        }
    });
    Ok(())
}

fn failed(error: CommandError, done: usize, count: usize) -> CommandError {
    let exit = if done == 0 { Exit::Failed } else { Exit::Partly };
    CommandError { exit, ..error }.help(format!("{done} of {count} were deleted"))
}

fn names_of(previews: &[RecordedPreview]) -> String {
    previews.iter().map(|preview| preview.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
