//! `prefectl cloud`.

use serde_json::json;

use super::Context;
use crate::{
    api::Workspace,
    cli::{CloudCommand, OutputFormat, WorkspaceCommand},
    cloud,
    error::{CommandError, Exit},
    escape,
    secret::Secret,
};

pub(super) async fn run(command: &CloudCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        CloudCommand::Login { key, workspace } => {
            login(key.as_deref(), workspace.as_deref(), context).await?;
        }
        CloudCommand::Logout => {
            cloud::remove_login(&context.settings)?;
            context.ui.result("Logged out from Prefect Cloud.");
        }
        CloudCommand::Workspace(WorkspaceCommand::Ls { output }) => list(*output, context).await?,
        CloudCommand::Workspace(WorkspaceCommand::Set { workspace }) => {
            set(workspace.as_deref(), context).await?;
        }
    }
    Ok(Exit::Done)
}

async fn login(key: Option<&str>, handle: Option<&str>, context: &Context) -> Result<(), CommandError> {
    let key = cloud::key(key, context.environment.non_empty("PREFECT_API_KEY"))?;
    let workspaces = workspaces(&key, context).await?;
    let workspace = cloud::choose(&workspaces, handle)?;
    cloud::save_login(&context.settings, workspace, Some(&key))?;
    context
        .ui
        .result_line(&format!("Authenticated with Prefect Cloud! Using workspace '{}'.", workspace.handle));
    Ok(())
}

async fn list(output: OutputFormat, context: &Context) -> Result<(), CommandError> {
    let workspaces = workspaces(key(context)?, context).await?;
    match output {
        OutputFormat::Json => {
            let raw: Vec<_> = workspaces.iter().map(|workspace| &workspace.raw).collect();
            context.ui.json(json!(raw));
        }
        OutputFormat::Text => {
            let current = cloud::current(&workspaces, &context.settings).map(|current| &current.handle);
            let line = |workspace: &Workspace| {
                let mark = if Some(&workspace.handle) == current { '*' } else { ' ' };
                format!("{mark} {}", escape::line(&workspace.handle))
            };
            let lines = workspaces.iter().map(line);
            let all = ["Workspaces:".to_owned()].into_iter().chain(lines);
            let text = all.chain(["* active workspace".to_owned()]).collect::<Vec<_>>().join("\n");
            context.ui.result(&text);
        }
    }
    Ok(())
}

async fn set(handle: Option<&str>, context: &Context) -> Result<(), CommandError> {
    let workspaces = workspaces(key(context)?, context).await?;
    let workspace = cloud::choose(&workspaces, handle)?;
    cloud::save_login(&context.settings, workspace, None)?;
    context.ui.result_line(&format!(
        "Successfully set workspace to '{}' in profile '{}'.",
        workspace.handle, context.settings.profile
    ));
    Ok(())
}

fn key(context: &Context) -> Result<&Secret, CommandError> {
    context.settings.api_key.value.as_ref().ok_or_else(|| {
        let message = "not logged in to Prefect Cloud: the active profile has no API key";
        CommandError::new(Exit::Unauthorized, message).help("log in with `prefectl cloud login --key KEY`")
    })
}

async fn workspaces(key: &Secret, context: &Context) -> Result<Vec<Workspace>, CommandError> {
    context.redactor.learn(key);
    Ok(cloud::workspaces(&context.settings, &context.environment, key, &context.clock).await?)
}
