//! Completion in shells. The shell asks this program at every tab, so names of deployments and work pools can be given,
//! too, as long as the server is quick to tell.

use std::{
    ffi::{OsStr, OsString},
    io,
    time::Duration,
};

use clap::{Arg, CommandFactory as _};
use clap_complete::{
    CompletionCandidate,
    engine::ArgValueCompleter,
    env::{CompleteEnv, Shells},
};

use super::Context;
use crate::{
    api::{Client, ClientOptions},
    cli::{Cli, Shell},
    clock::Clock,
    deployment,
    environment::Environment,
    error::{CommandError, Exit},
    settings::{Profiles, Settings},
};

/// The variable with which the scripts in the shells call this program.
const VARIABLE: &str = "PREFECTL_COMPLETE";
/// How long somebody who pressed tab is kept waiting.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Answers a shell, if it is one that asks: gives whether it was.
///
/// # Errors
///
/// When the answer cannot be written.
pub(crate) fn answer(arguments: &[OsString]) -> Result<bool, CommandError> {
    let directory = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| with_names(Cli::command()))
        .var(VARIABLE)
        .try_complete(arguments, directory.as_deref())
        .map_err(|error| CommandError::new(Exit::Failed, error.render()))
}

/// Prints the script that makes a shell ask.
pub(super) fn run(shell: Shell, context: &Context) -> Result<Exit, CommandError> {
    let failed = |error: io::Error| CommandError::new(Exit::Failed, error);
    let shells = Shells::builtins();
    let completer = shells
        .completer(shell.name())
        .ok_or_else(|| CommandError::usage(format!("there are no completions for {}", shell.name())))?;
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "prefectl", "prefectl", "prefectl", &mut script)
        .map_err(failed)?;
    context.ui.result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}

/// Adds the names that only a server or a file knows.
fn with_names(command: clap::Command) -> clap::Command {
    command.mut_args(with_completer).mut_subcommands(with_names)
}

fn with_completer(argument: Arg) -> Arg {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    match (argument.get_id().as_str(), value.as_deref()) {
        (_, Some("FLOW/NAME")) => argument.add(completer(Names::Deployments)),
        (_, Some("POOL")) => argument.add(completer(Names::WorkPools)),
        ("profile", _) | (_, Some("PROFILE")) => argument.add(completer(Names::Profiles)),
        _ => argument,
    }
}

fn completer(names: Names) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| candidates(names, &typed.to_string_lossy()))
}

#[derive(Debug, Clone, Copy)]
enum Names {
    Deployments,
    WorkPools,
    Profiles,
}

/// The names that begin with what was typed, or none where they cannot be had soon. Shells would take one with blanks
/// for several words.
fn candidates(names: Names, typed: &str) -> Vec<CompletionCandidate> {
    let mut found = read(names, typed).unwrap_or_default();
    found.retain(|name| name.starts_with(typed) && !name.contains(char::is_whitespace));
    found.into_iter().map(CompletionCandidate::new).collect()
}

fn read(names: Names, typed: &str) -> Option<Vec<String>> {
    let environment = Environment::of_process();
    let directory = std::env::current_dir().ok()?;
    let settings = Settings::resolve(&environment, None, &directory).ok()?;
    if matches!(names, Names::Profiles) {
        let profiles = Profiles::load(&settings.profiles_path.value).ok()?;
        return Some(profiles.names().map(str::to_owned).collect());
    }
    let options = ClientOptions::from_settings(&settings).ok()?;
    let client = Client::new(options, Clock::system(), std::sync::Arc::new(|_| {})).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let asking = async {
        match names {
            Names::Deployments => {
                // Once the flow is known, the server need not tell of others.
                let flow: Vec<String> =
                    typed.split_once('/').map(|(flow, _)| flow.to_owned()).into_iter().collect();
                let found = deployment::list(&client, &flow).await.ok()?;
                Some(found.iter().map(deployment::NamedDeployment::full_name).collect())
            }
            _ => Some(client.work_pools().await.ok()?.into_iter().map(|pool| pool.name).collect()),
        }
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, asking).await.ok().flatten() })
}
