//! `prefectl open`.

use std::process::{Command, Stdio};

use super::{Context, connection};
use crate::{
    cli::OpenCommand,
    deployment,
    error::{CommandError, Exit},
    flow_run::runs,
    work_pool,
};

/// Prints the URL of an object in the Prefect UI, and opens the URL in a browser if the command is
/// interactive.
pub(super) async fn run(command: &OpenCommand, context: &Context) -> Result<Exit, CommandError> {
    let (client, links) = (connection::client(context)?, connection::links(context));
    let url = match command {
        OpenCommand::Deployment { name } => {
            links.deployment(deployment::find(&client, name).await?.deployment.id)
        }
        OpenCommand::FlowRun { run } => links.flow_run(runs::find(&client, run).await?.id),
        OpenCommand::WorkPool { name } => links.work_pool(&work_pool::find(&client, name).await?.name),
    };
    let url = url.ok_or_else(|| {
        CommandError::new(Exit::Failed, "the URL of the Prefect UI is unknown").help("set PREFECT_UI_URL")
    })?;
    context.ui.result(&url);
    // The URL comes from the settings: anything but a web page could start a program.
    let is_web_page = url.starts_with("http://") || url.starts_with("https://");
    if context.interactive && is_web_page {
        open_in_browser(&url).map_err(|error| {
            CommandError::new(Exit::Failed, format!("cannot open a browser: {error}"))
                .help("open the URL above yourself")
        })?;
    }
    Ok(Exit::Done)
}

fn open_in_browser(url: &str) -> std::io::Result<()> {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        Command::new("explorer")
    } else {
        Command::new("xdg-open")
    };
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}
