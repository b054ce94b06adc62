//! `prefectl deployment`.

mod run;
mod schedule;

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    cli::{DeleteDeploymentArguments, DeploymentCommand, OutputArguments},
    deployment::{self, NamedDeployment},
    error::{CommandError, Exit},
    ui,
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
    if by_created {
        // Times of one server sort as texts.
        let created = |one: &NamedDeployment| text(one, "created");
        deployments.sort_by_key(|one| std::cmp::Reverse(created(one)));
    }
    let row = |one: &NamedDeployment| {
        let pool = one.deployment.work_pool_name.clone().unwrap_or_default();
        [one.full_name(), one.deployment.id.to_string(), pool]
    };
    context.show(
        output,
        || ui::table(["Name", "ID", "Work Pool"], deployments.iter().map(row)),
        || deployments.iter().map(object).collect(),
    );
    Ok(Exit::Done)
}

fn text(one: &NamedDeployment, field: &str) -> String {
    one.deployment.raw.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What the server has, and the name of the flow, which it keeps apart.
fn object(one: &NamedDeployment) -> Value {
    let mut object = one.deployment.raw.clone();
    object.insert("flow_name".to_owned(), json!(one.flow));
    Value::Object(object)
}

async fn inspect(name: &str, output: OutputArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?;
    let automations = client.automations_related_to(found.deployment.id).await?;
    let mut object = found.deployment.raw;
    let automations = automations.into_iter().map(|automation| Value::Object(automation.raw)).collect();
    object.insert("automations".to_owned(), automations);
    context.show_object(output, object)?;
    Ok(Exit::Done)
}

async fn delete(arguments: &DeleteDeploymentArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let meant = match (&arguments.name, arguments.id) {
        (None, None) if arguments.all => deployment::list(&client, &[]).await?,
        _ if arguments.all => {
            let message = "Cannot provide a deployment name or id when deleting all deployments.";
            return Err(CommandError::usage(message));
        }
        (Some(name), _) => deployment::find_all(&client, std::slice::from_ref(name)).await?,
        (None, Some(id)) => vec![deployment::find_by_id(&client, id).await?],
        (None, None) => return Err(CommandError::usage("Must provide a deployment name or id")),
    };
    let count = meant.len();
    let plural = if count == 1 { "" } else { "s" };
    if count > 0 {
        let question = match meant.as_slice() {
            [one] => format!("Are you sure you want to delete deployment with name '{}'?", one.full_name()),
            _ => format!("Are you sure you want to delete {count} deployments?"),
        };
        context.confirm(arguments.consent, &question, "Deletion aborted.").await?;
    }
    for (at, one) in meant.iter().enumerate() {
        let deleted = client.delete_deployment(one.deployment.id).await;
        if let Err(error) = deleted {
            let exit = if at == 0 { Exit::Failed } else { Exit::Partly };
            return Err(CommandError { exit, ..error.into() }.help(format!("{at} of {count} were deleted")));
        }
    }
    let is_one_of_many = arguments.all || arguments.name.as_deref().is_some_and(deployment::is_pattern);
    let entry = |one: &NamedDeployment| json!({"id": one.deployment.id, "name": one.full_name()});
    let fields = json!({"deployments": meant.iter().map(entry).collect::<Vec<_>>()});
    context.done(arguments.output, "deleted", fields, || match meant.as_slice() {
        [] => "No deployments found.".to_owned(),
        [one] if !is_one_of_many => match &arguments.name {
            Some(_) => format!("Deleted deployment '{}'.", one.full_name()),
            None => format!("Deleted deployment '{}'.", one.deployment.id),
        },
        _ => format!("Deleted {count} deployment{plural}."),
    });
    Ok(Exit::Done)
}
