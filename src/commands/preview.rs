//! `prefectl preview`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::Client,
    cli::{ConsentArguments, OutputArguments, PreviewCommand},
    deployment::PreviewName,
    diagnostics::similar_name,
    error::{CommandError, Exit},
    plan::{
        previews::{self, RecordedPreview},
        prune::{self, Removal},
    },
    ui::Caption,
};

pub(super) async fn run(command: PreviewCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        PreviewCommand::Ls { output } => ls(&client, output, context).await?,
        PreviewCommand::Delete { name, ignore_missing, consent, output } => {
            let recorded = previews::recorded(&client).await?;
            let found: Vec<RecordedPreview> =
                recorded.iter().filter(|preview| preview.name == name).cloned().collect();
            if found.is_empty() && !ignore_missing {
                return Err(missing(&name, &recorded));
            }
            delete(&found, &client, consent, output, context).await?;
        }
        PreviewCommand::Prune { older_than, consent, output } => {
            let latest = context.clock.now().checked_sub(older_than).unwrap_or(Timestamp::MIN);
            let mut found = previews::recorded(&client).await?;
            found.retain(|preview| preview.updated <= latest);
            delete(&found, &client, consent, output, context).await?;
        }
    }
    Ok(Exit::Done)
}

fn missing(name: &PreviewName, recorded: &[RecordedPreview]) -> CommandError {
    let similar = similar_name(name.as_str(), recorded.iter().map(|preview| preview.name.as_str()));
    let error = CommandError::new(Exit::Failed, format!("preview '{}' not found", name.as_str()));
    match similar {
        Some(_) => error.suggest(similar),
        None => error.help("list the previews with `prefectl preview ls`"),
    }
}

async fn ls(client: &Client, output: OutputArguments, context: &Context) -> Result<(), CommandError> {
    let previews = previews::recorded(client).await?;
    let mut documents = Vec::new();
    let mut rows = Vec::new();
    for preview in &previews {
        let deployments = prune::existing(client, &preview.deployments).await?;
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
    previews: &[RecordedPreview],
    client: &Client,
    consent: ConsentArguments,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let mut found = Vec::with_capacity(previews.len());
    for preview in previews {
        found.push((preview, prune::existing(client, &preview.deployments).await?));
    }
    let count: usize = found.iter().map(|(_, deployments)| deployments.len()).sum();
    if !found.is_empty() {
        let names = found.iter().flat_map(|(_, deployments)| deployments);
        let listed = names.map(|deployment| format!("\n  {}", deployment.name)).collect::<Vec<_>>().concat();
        context.ui.note(&format!("To be deleted: {}{listed}", names_of(previews)));
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
