//! Shell completion. The generated scripts call prefectl for each completion. prefectl can therefore also complete
//! names from the server if the server responds in time.

mod cache;
mod names;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
};

use clap::{Arg, ValueEnum as _};
use clap_complete::{
    CompletionCandidate,
    engine::ArgValueCompleter,
    env::{CompleteEnv, Shells},
};

use self::names::{MAX_CANDIDATES, Names, ServerNames, TypedOptions};
use super::Context;
use crate::{
    cli::{Cli, Shell},
    error::{CommandError, Exit},
    escape,
};

/// Environment variable that the completion scripts set when they call prefectl.
const VARIABLE: &str = "PREFECTL_COMPLETE";

/// Prints completions and returns `true` if a completion script called prefectl. Returns `false` otherwise.
///
/// # Errors
///
/// Fails if the completions cannot be written.
pub(crate) fn complete(arguments: &[OsString]) -> Result<bool, CommandError> {
    let directory = std::env::current_dir().ok();
    // The library removes the variable before it calls the factory.
    let shell = std::env::var(VARIABLE).unwrap_or_default();
    let quoting = Quoting::for_shell(&shell);
    let words = arguments.iter().position(|word| word == "--").map_or(&[][..], |at| &arguments[at + 1..]);
    let options = TypedOptions::read(words);
    CompleteEnv::with_factory(|| with_completers(Cli::complete_command(), quoting, &options))
        .var(VARIABLE)
        .try_complete(arguments, directory.as_deref())
        .map_err(|error| CommandError::new(Exit::Failed, error.render()))
}

/// Prints the completion script for the given shell.
pub(super) fn run(shell: Shell, context: &Context) -> Result<Exit, CommandError> {
    let script = script(shell.name()).map_err(|error| CommandError::new(Exit::Failed, error))?;
    context.ui.result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}

/// Writes the completion scripts for all shells. Each file has the name that its shell expects.
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

/// Renders the completion script for the given shell.
fn script(shell: &str) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "prefectl", "prefectl", "prefectl", &mut script)?;
    Ok(script)
}

/// Quoting of special characters in a completed name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// A backslash before each special character, as in Bash.
    Backslashes,
    /// Single quotes around the name, as in PowerShell.
    Quotes,
    /// No quoting, because Zsh and Fish quote completions themselves.
    ByShell,
}

impl Quoting {
    fn for_shell(shell: &str) -> Self {
        match shell {
            "bash" => Self::Backslashes,
            "powershell" | "pwsh" => Self::Quotes,
            _ => Self::ByShell,
        }
    }

    /// Removes the quoting from the word that the user has typed.
    fn remove(self, typed: &str) -> String {
        match self {
            Self::Quotes => typed.trim_start_matches('\'').to_owned(),
            Self::Backslashes | Self::ByShell => typed.replace('\\', ""),
        }
    }

    /// Quotes a completed name for the command line.
    fn add(self, name: String) -> String {
        // PowerShell has lists such as `a,b` and variables such as `@a`.
        let special = if self == Self::Quotes { "/_-.+=:" } else { "/_-.,+=:@" };
        let is_plain = |character: char| character.is_alphanumeric() || special.contains(character);
        match self {
            _ if name.chars().all(is_plain) => name,
            Self::Backslashes => name
                .chars()
                .flat_map(|character| (!is_plain(character)).then_some('\\').into_iter().chain([character]))
                .collect(),
            Self::Quotes => {
                // PowerShell treats typographic quotes like `'`.
                let is_quote = |character: char| matches!(character, '\'' | '\u{2018}'..='\u{201b}');
                let repeated = name.chars().flat_map(|character| {
                    std::iter::repeat_n(character, if is_quote(character) { 2 } else { 1 })
                });
                format!("'{}'", repeated.collect::<String>())
            }
            Self::ByShell => name,
        }
    }
}

/// Adds completers to all arguments whose values are names from a server or a file.
fn with_completers(command: clap::Command, quoting: Quoting, options: &TypedOptions) -> clap::Command {
    let (own, nested) = (options.clone(), options.clone());
    command
        .mut_args(move |argument| with_completer(argument, quoting, &own))
        .mut_subcommands(move |command| with_completers(command, quoting, &nested))
}

fn with_completer(argument: Arg, quoting: Quoting, options: &TypedOptions) -> Arg {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let names = match (argument.get_id().as_str(), value.as_deref()) {
        (_, Some("FLOW/NAME")) => Names::Server(ServerNames::Deployments),
        (_, Some("POOL")) | ("pool", _) => Names::Server(ServerNames::WorkPools),
        (_, Some("QUEUE")) | ("work_queue" | "queue", _) => Names::Server(ServerNames::WorkQueues),
        ("name", Some("NAME")) if argument.get_short() == Some('n') => Names::Declared,
        ("env", _) => Names::Environments,
        ("recipe", _) => Names::Recipes,
        ("code", _) => Names::Codes,
        ("profile", _) | (_, Some("PROFILE")) => Names::Profiles,
        _ => return argument,
    };
    let options = options.clone();
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        candidates(names, quoting, &options, &typed.to_string_lossy())
    }))
}

/// Returns the names that start with the typed word. Returns an empty list if the names are not available in
/// time.
fn candidates(
    names: Names,
    quoting: Quoting,
    options: &TypedOptions,
    typed: &str,
) -> Vec<CompletionCandidate> {
    let typed = quoting.remove(typed);
    let mut found = names::read(names, &typed, options).unwrap_or_default();
    found.retain(|name| name.starts_with(&typed) && is_printable(name));
    found.truncate(MAX_CANDIDATES);
    found.into_iter().map(|name| CompletionCandidate::new(quoting.add(name))).collect()
}

/// Returns whether a name has no line breaks and control characters. Shells would split the name at these characters, and
/// use its parts without quotes.
fn is_printable(name: &str) -> bool {
    !name.contains('\t') && escape::line(name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names_for_each_shell() {
        for (shell, name, expected) in [
            ("bash", "etl/nightly", "etl/nightly"),
            ("bash", "etl/every day ($5)", r"etl/every\ day\ \(\$5\)"),
            ("zsh", "etl/every day", "etl/every day"),
            ("fish", "etl/every day", "etl/every day"),
            ("powershell", "etl/it's", "'etl/it''s'"),
            ("powershell", "a\u{2019};calc;\u{2018}b", "'a\u{2019}\u{2019};calc;\u{2018}\u{2018}b'"),
            ("powershell", "@a,b", "'@a,b'"),
            ("powershell", "a-b_1.0+x", "a-b_1.0+x"),
        ] {
            let quoting = Quoting::for_shell(shell);
            let shown = quoting.add(name.to_owned());
            assert_eq!(shown, expected, "{shell}");
            if quoting != Quoting::Quotes {
                assert_eq!(quoting.remove(&shown), name, "{shell}");
            }
        }
    }

    #[test]
    fn offers_no_names_that_a_shell_would_split() {
        for (name, expected) in [
            ("etl/every day é", true),
            ("a\n;touch pwned", false),
            ("a\r;touch pwned", false),
            ("a\tb", false),
            ("a\u{b}b", false),
            ("a\u{1b}[2J", false),
            ("a\u{202e}b", false),
        ] {
            assert_eq!(is_printable(name), expected, "{name:?}");
        }
    }
}
