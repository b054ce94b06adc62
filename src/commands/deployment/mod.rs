//! `prefectl deployment`.

mod run;
mod schedule;

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::JsonObject,
    cli::{DeleteDeploymentArguments, DeploymentCommand, OutputArguments, OutputFormat},
    deployment::{self, NamedDeployment},
    error::{CommandError, Exit},
    names::counted,
    ui::Caption,
};

pub(super) async fn run(command: DeploymentCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        DeploymentCommand::Ls { flow_name, by_created, output } => {
            list(&flow_name, by_created, output, context).await
        }
        DeploymentCommand::Inspect { name, output } => inspect(&name, output, context).await,
        DeploymentCommand::Run(arguments) => run::run(&arguments, context).await,
        DeploymentCommand::Delete(arguments) => delete(&arguments, context).await,
        DeploymentCommand::Schedule(command) => schedule::run(command, context).await,
    }
}

async fn list(
    flow_names: &[String],
    by_created: bool,
    output: OutputArguments,
    context: &Context,
) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let mut deployments = deployment::list(&client, flow_names).await?;
    if deployments.is_empty() {
        context.report_missing_flow(&client, flow_names).await?;
    }
    if by_created {
        // All timestamps have the same format, so they can be compared as strings.
        deployments.sort_by_key(|found| std::cmp::Reverse(text(found, "created")));
    }
    if context.is_prefect && output.output == OutputFormat::Json {
        // Prefect only sorts the rows of the table; the server sorts by the name of the deployment.
        deployments.sort_by(|a, b| a.deployment.name.cmp(&b.deployment.name));
    }
    let row = |found: &NamedDeployment| {
        let pool = found.deployment.work_pool_name.clone().unwrap_or_default();
        [found.full_name(), found.deployment.id.to_string(), pool]
    };
    context.show(
        output,
        || {
            let header = ["Name", "ID", "Work Pool"];
            context.ui.table(Caption::new("Deployments"), header, deployments.iter().map(row))
        },
        || deployments.iter().map(document).collect(),
    );
    Ok(Exit::Done)
}

fn text(found: &NamedDeployment, field: &str) -> String {
    found.deployment.raw.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Fields that only Prefect Cloud returns. Prefect's JSON documents also contain them for other servers.
const CLOUD_FIELDS: [&str; 5] = ["version_id", "version_info", "branch", "base", "root"];

/// Returns the JSON document of a deployment: the fields that the server returns, null for the fields that only
/// Prefect Cloud returns, and the name of the flow.
fn document(found: &NamedDeployment) -> Value {
    let mut document = with_cloud_fields(found.deployment.raw.clone());
    document.insert("flow_name".to_owned(), json!(found.flow));
    Value::Object(document)
}

fn with_cloud_fields(mut document: JsonObject) -> JsonObject {
    for field in CLOUD_FIELDS {
        document.entry(field).or_insert(Value::Null);
    }
    document
}

async fn inspect(name: &str, output: OutputArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?;
    let automations = client.automations_related_to(found.deployment.id).await?;
    let mut object = found.deployment.raw;
    let automations = automations.into_iter().map(|automation| Value::Object(automation.raw)).collect();
    object.insert("automations".to_owned(), automations);
    if output.output == OutputFormat::Json {
        object = with_cloud_fields(object);
    }
    context.show_object(output, object)?;
    Ok(Exit::Done)
}

async fn delete(arguments: &DeleteDeploymentArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let selected = match (&arguments.name, arguments.id) {
        (None, None) if arguments.all => deployment::list(&client, &[]).await?,
        _ if arguments.all => {
            let message = "Cannot provide a deployment name or id when deleting all deployments.";
            return Err(CommandError::usage(message));
        }
        (Some(name), _) => deployment::find_all(&client, std::slice::from_ref(name)).await?,
        (None, Some(id)) => vec![deployment::find_by_id(&client, id).await?],
        (None, None) => return Err(CommandError::usage("Must provide a deployment name or id")),
    };
    let count = selected.len();
    if count > 0 {
        let question = match selected.as_slice() {
            [only] => format!("Are you sure you want to delete deployment with name '{}'?", only.full_name()),
            _ => format!("Are you sure you want to delete {count} deployments?"),
        };
        context.confirm_deletion(arguments.consent, &question, "Deletion aborted.").await?;
    }
    for (done, found) in selected.iter().enumerate() {
        client
            .delete_deployment(found.deployment.id)
            .await
            .map_err(|error| CommandError::from(error).after_changes(done, count, "deleted"))?;
    }
    let is_bulk = arguments.all || arguments.name.as_deref().is_some_and(deployment::is_pattern);
    let entry = |found: &NamedDeployment| json!({"id": found.deployment.id, "name": found.full_name()});
    let fields = json!({"deployments": selected.iter().map(entry).collect::<Vec<_>>()});
    context.done(arguments.output, "deleted", fields, || match selected.as_slice() {
        [] => "No deployments found.".to_owned(),
        [only] if !is_bulk => match &arguments.name {
            Some(_) => format!("Deleted deployment '{}'.", only.full_name()),
            None => format!("Deleted deployment '{}'.", only.deployment.id),
        },
        _ => format!("Deleted {}.", counted(count, "deployment")),
    });
    Ok(Exit::Done)
}
