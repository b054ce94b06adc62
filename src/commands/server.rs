//! `prefectl server`.

use std::time::Duration;

use super::{Context, connection};
use crate::{
    cli::ServerCommand,
    error::{CommandError, Exit},
    interpreter::SearchScope,
    local_server,
};

pub(super) async fn run(command: &ServerCommand, context: &Context) -> Result<Exit, CommandError> {
    let ServerCommand::Start { options: arguments } = command;
    let options = connection::local_server_options(context, SearchScope::Project, Duration::ZERO)?;
    match local_server::run_in_foreground(&options, arguments).await? {
        0 => Ok(Exit::Done),
        code => Err(CommandError::new(Exit::Failed, format!("the server exited with code {code}"))),
    }
}
