//! Implements the commands. Each command calls an operation with the parsed arguments and prints its result.

mod automation;
mod block;
mod check;
mod cloud;
pub(crate) mod completions;
mod config;
pub(crate) mod connection;
mod deploy;
mod deployment;
mod destroy;
mod doctor;
mod drift;
mod errors;
mod explain;
mod export;
mod flow;
mod flow_run;
mod generate;
mod github;
pub(crate) mod help;
mod init;
mod job;
mod open;
mod plan;
mod preview;
mod profile;
pub(crate) mod python_cli;
mod render;
mod report;
mod rollback;
mod schema;
mod server;
mod steps;
mod target;
pub(crate) mod terminal;
mod variable;
mod version;
mod watching;
mod work_pool;
mod work_queue;
mod worker;

use std::{ffi::OsString, path::PathBuf};

use crate::{
    cli::Command,
    clock::Clock,
    environment::Environment,
    error::{CommandError, Exit},
    interpreter::SearchScope,
    interrupt::Interrupts,
    secret::Redactor,
    settings::Settings,
    ui::{self, Ui},
};

/// The environment of a command, such as its output, settings, clock and current directory.
pub(crate) struct Context {
    /// The command line, which starts with the program name.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) ui: Ui,
    pub(crate) settings: Settings,
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    /// Absolute path of the current directory, with symbolic links resolved.
    pub(crate) directory: PathBuf,
    /// Whether prefectl was called through a symbolic link named `prefect`, as a replacement for Prefect's command
    /// line.
    pub(crate) is_prefect: bool,
    /// Whether the command may prompt.
    pub(crate) interactive: bool,
    pub(crate) interrupts: Interrupts,
}

impl Context {
    /// Returns the program name to use in suggested commands.
    fn program(&self) -> &'static str {
        if self.is_prefect { "prefect" } else { "prefectl" }
    }

    /// Returns whether the wizard can run. The wizard requires a terminal, even with `--prompt`.
    fn can_run_wizard(&self) -> bool {
        self.interactive && ui::has_terminal()
    }
}

/// Runs a command. Starts a temporary server if the command needs an API, no API is configured, and temporary servers
/// are enabled.
pub(crate) async fn run(command: Command, mut context: Context) -> Result<Exit, CommandError> {
    let runs_project = matches!(&command, Command::Deploy(arguments) if !arguments.dry_run);
    let scope = if runs_project { SearchScope::Project } else { SearchScope::Installed };
    let server =
        if command.needs_api() { connection::temporary_server(&mut context, scope).await? } else { None };
    let result = dispatch(command, &context).await;
    if let Some(server) = server {
        server.stop(&context.ui);
    }
    result
}

async fn dispatch(command: Command, context: &Context) -> Result<Exit, CommandError> {
    match command {
        // The future of a deploy is large.
        Command::Deploy(arguments) => Box::pin(deploy::run(&arguments, context)).await,
        Command::Plan(arguments) => plan::run(&arguments, context).await,
        Command::Render(arguments) => render::run(&arguments, context).await,
        Command::Rollback(arguments) => rollback::run(&arguments, context).await,
        Command::Destroy(arguments) => destroy::run(&arguments, context).await,
        Command::Drift(arguments) => drift::run(&arguments, context).await,
        Command::Preview(group) => preview::run(group.command, context).await,
        Command::Export(arguments) => export::run(&arguments, context).await,
        Command::Check(arguments) => check::run(&arguments, context).await,
        Command::Explain { code } => explain::run(code.as_deref(), context),
        Command::Schema { overlay, document } => schema::run(overlay, document, context),
        Command::Deployment(group) => deployment::run(group.command, context).await,
        Command::FlowRun(group) => flow_run::run(group.command, context).await,
        Command::Flow(group) => flow::run(&group.command, context).await,
        Command::Steps(group) => steps::run(&group.command, context).await,
        Command::WorkPool(group) => work_pool::run(group.command, context).await,
        Command::Config(group) => config::run(&group.command, context).await,
        Command::Profile(group) => profile::run(&group.command, context).await,
        Command::WorkQueue(group) => work_queue::run(group.command, context).await,
        Command::Worker(group) => worker::run(group.command, context).await,
        Command::Variable(group) => variable::run(group.command, context).await,
        Command::Version { .. } => version::run(context).await,
        Command::Block(group) => block::run(group.command, context).await,
        Command::Init(arguments) => init::run(arguments, context).await,
        Command::Job(group) => job::run(group.command, context).await,
        Command::Open(group) => open::run(&group.command, context).await,
        Command::Completions { shell } => completions::run(shell, context),
        Command::Automation(group) => automation::run(group.command, context).await,
        Command::Cloud(group) => cloud::run(&group.command, context).await,
        Command::Server(group) => server::run(&group.command, context).await,
        Command::Generate(group) => generate::run(&group.command, context),
        Command::Doctor(arguments) => doctor::run(&arguments, context).await,
    }
}
