//! One file per command: from the parsed arguments to an operation, and from its result to what is printed.

mod check;
mod config;
pub(crate) mod connection;
mod deploy;
mod deployment;
mod errors;
mod explain;
mod flow;
mod profile;
mod schema;
mod steps;
mod work_pool;

use std::path::PathBuf;

use crate::{
    cli::{Command, DeploymentCommand},
    clock::Clock,
    environment::Environment,
    error::{CommandError, Exit},
    secret::Redactor,
    settings::Settings,
    ui::Ui,
};

/// What every command works with.
pub(crate) struct Context {
    pub(crate) ui: Ui,
    pub(crate) settings: Settings,
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    /// The current directory, links resolved.
    pub(crate) directory: PathBuf,
    /// Whether questions may be asked: at a terminal, unless told otherwise.
    pub(crate) interactive: bool,
}

impl Context {
    /// Whether the user says yes to a question. Without a terminal nobody is asked, and the answer is yes.
    fn confirms(&self, question: &str) -> bool {
        !self.interactive || self.ui.confirms(question)
    }
}

/// Runs a command.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, CommandError> {
    match command {
        Command::Deploy(arguments) => deploy::run(&arguments, context).await,
        Command::Check(arguments) => check::run(&arguments, context).await,
        Command::Explain { code } => explain::run(code.as_deref(), context),
        Command::Schema => schema::run(context),
        Command::Deployment(DeploymentCommand::Run(arguments)) => deployment::run(&arguments, context).await,
        Command::Flow(command) => flow::run(&command, context),
        Command::Steps(command) => steps::run(&command, context).await,
        Command::WorkPool(command) => work_pool::run(command, context).await,
        Command::Config(command) => config::run(&command, context),
        Command::Profile(command) => profile::run(&command, context).await,
    }
}
