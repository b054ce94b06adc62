//! Completion in shells. The shell asks this program at every tab, so names of deployments and work pools can be given,
//! too, as long as the server is quick to tell.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    time::Duration,
};

use clap::{Arg, ValueEnum as _};
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
    // Before it answers, the library removes the variable.
    let shell = std::env::var(VARIABLE).unwrap_or_default();
    let quoting = Quoting::of(&shell);
    CompleteEnv::with_factory(|| with_names(Cli::complete_command(), quoting))
        .var(VARIABLE)
        .try_complete(arguments, directory.as_deref())
        .map_err(|error| CommandError::new(Exit::Failed, error.render()))
}

/// Prints the script that makes a shell ask.
pub(super) fn run(shell: Shell, context: &Context) -> Result<Exit, CommandError> {
    let script = script(shell.name()).map_err(|error| CommandError::new(Exit::Failed, error))?;
    context.ui.result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}

/// Writes the scripts for all shells, under the names by which shells look for them.
pub(super) fn write(directory: &Path) -> io::Result<()> {
    for shell in Shell::value_variants() {
        let file = match shell {
            Shell::Bash => "prefectl.bash",
            Shell::Zsh => "_prefectl",
            Shell::Fish => "prefectl.fish",
            Shell::Power => "_prefectl.ps1",
        };
        std::fs::write(directory.join(file), script(shell.name())?)?;
    }
    Ok(())
}

/// The script that makes a shell ask.
fn script(shell: &str) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "prefectl", "prefectl", "prefectl", &mut script)?;
    Ok(script)
}

/// How names have to be written that hold what a shell would act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// A backslash before each such character.
    Backslashes,
    /// Single quotes around the whole.
    Quotes,
    /// Zsh and Fish see to that themselves.
    ByShell,
}

impl Quoting {
    fn of(shell: &str) -> Self {
        match shell {
            "bash" => Self::Backslashes,
            "powershell" | "pwsh" => Self::Quotes,
            _ => Self::ByShell,
        }
    }

    /// A word as it is meant: shells hand it over as it is typed.
    fn remove(self, typed: &str) -> String {
        match self {
            Self::Quotes => typed.trim_start_matches('\'').to_owned(),
            Self::Backslashes | Self::ByShell => typed.replace('\\', ""),
        }
    }

    /// A name as it has to stand in the command line.
    fn add(self, name: String) -> String {
        let is_plain = |character: char| character.is_alphanumeric() || "/_-.,+=:@".contains(character);
        match self {
            _ if name.chars().all(is_plain) => name,
            Self::Backslashes => name
                .chars()
                .flat_map(|character| (!is_plain(character)).then_some('\\').into_iter().chain([character]))
                .collect(),
            Self::Quotes => format!("'{}'", name.replace('\'', "''")),
            Self::ByShell => name,
        }
    }
}

/// Adds the names that only a server or a file knows.
fn with_names(command: clap::Command, quoting: Quoting) -> clap::Command {
    command
        .mut_args(move |argument| with_completer(argument, quoting))
        .mut_subcommands(move |command| with_names(command, quoting))
}

fn with_completer(argument: Arg, quoting: Quoting) -> Arg {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let names = match (argument.get_id().as_str(), value.as_deref()) {
        (_, Some("FLOW/NAME")) => Names::Deployments,
        (_, Some("POOL")) => Names::WorkPools,
        ("profile", _) | (_, Some("PROFILE")) => Names::Profiles,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        candidates(names, quoting, &typed.to_string_lossy())
    }))
}

#[derive(Debug, Clone, Copy)]
enum Names {
    Deployments,
    WorkPools,
    Profiles,
}

/// How many names are offered: nobody reads more.
const MOST: usize = 200;

/// The names that begin with what was typed, or none where they cannot be had soon.
fn candidates(names: Names, quoting: Quoting, typed: &str) -> Vec<CompletionCandidate> {
    let typed = quoting.remove(typed);
    let mut found = read(names, &typed).unwrap_or_default();
    found.retain(|name| name.starts_with(&typed));
    found.truncate(MOST);
    found.into_iter().map(|name| CompletionCandidate::new(quoting.add(name))).collect()
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
                let found = deployment::beginning_with(&client, typed, MOST).await.ok()?;
                Some(found.iter().map(deployment::NamedDeployment::full_name).collect())
            }
            _ => Some(client.work_pools().await.ok()?.into_iter().map(|pool| pool.name).collect()),
        }
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, asking).await.ok().flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_a_command_line_as_each_shell_wants_them() {
        for (shell, name, expected) in [
            ("bash", "etl/nightly", "etl/nightly"),
            ("bash", "etl/every day ($5)", r"etl/every\ day\ \(\$5\)"),
            ("zsh", "etl/every day", "etl/every day"),
            ("fish", "etl/every day", "etl/every day"),
            ("powershell", "etl/it's", "'etl/it''s'"),
        ] {
            let quoting = Quoting::of(shell);
            let shown = quoting.add(name.to_owned());
            assert_eq!(shown, expected, "{shell}");
            if quoting != Quoting::Quotes {
                assert_eq!(quoting.remove(&shown), name, "{shell}");
            }
        }
    }
}
