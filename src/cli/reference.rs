//! The words of the reference's command line that this program may not have.

use std::ffi::OsString;

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Cli;
use crate::{diagnostics::did_you_mean, error::CommandError};

/// The option that runs the reference's own command line.
pub(crate) const PYTHON_CLI: &str = "--python-cli";

/// The commands of Prefect 3.8.4 by the groups they are in; the group without a name has those at the top.
const WORDS: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "api",
            "artifact",
            "automation",
            "block",
            "cloud",
            "concurrency-limit",
            "config",
            "dashboard",
            "deploy",
            "deployment",
            "dev",
            "events",
            "experimental",
            "flow",
            "flow-run",
            "gcl",
            "global-concurrency-limit",
            "init",
            "plugins",
            "profile",
            "sdk",
            "server",
            "shell",
            "task",
            "task-run",
            "transfer",
            "variable",
            "version",
            "work-pool",
            "work-queue",
            "worker",
        ],
    ),
    ("automation", &["create", "update"]),
    ("block", &["create", "delete", "register"]),
    ("block type", &["delete", "inspect"]),
    ("deployment", &["schedule"]),
    ("flow", &["serve"]),
    ("flow-run", &["delete", "execute", "retry"]),
    ("work-pool", &["provision-infra", "provision-infrastructure", "slots", "storage"]),
    (
        "work-queue",
        &[
            "clear-concurrency-limit",
            "delete",
            "inspect",
            "preview",
            "read-runs",
            "set-concurrency-limit",
            "slots",
        ],
    ),
    ("worker", &["start"]),
];

/// What comes nearest to a word, where the spelling does not tell.
const NEAREST: [(&str, &str); 8] = [
    ("deployment pause", "deployment schedule pause"),
    ("deployment resume", "deployment schedule resume"),
    ("deployment set-schedule", "deployment schedule create"),
    ("deployment apply", "deploy"),
    ("deployment build", "deploy"),
    ("work-pool slots", "work-pool inspect"),
    ("work-queue inspect", "work-queue ls"),
    ("work-queue preview", "work-pool preview"),
];

/// What to say to a command that clap does not know: whether the reference has it, and what comes nearest.
pub(crate) fn unknown_command(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let (command, group) = group(arguments, word);
    let whole = if group.is_empty() { word.clone() } else { format!("{group} {word}") };
    let is_of_reference =
        WORDS.iter().any(|(known, words)| *known == group && words.contains(&word.as_str()));
    let listed = NEAREST.iter().find(|(known, _)| *known == whole).map(|(_, nearest)| (*nearest).to_owned());
    if !is_of_reference && listed.is_none() {
        return None; // clap knows what was mistyped
    }
    let prefix = if group.is_empty() { String::new() } else { format!("{group} ") };
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let nearest = listed.or_else(|| did_you_mean(word, names).map(|name| format!("{prefix}{name}")));
    let nearest = nearest.map(|nearest| format!("the nearest is `prefectl {nearest}`"));
    let (message, python) = if is_of_reference {
        let python = format!("`prefectl {PYTHON_CLI} {whole}` runs it where the Python Prefect is installed");
        (
            format!("`prefect {whole}` is a command of the Python Prefect that prefectl does not have"),
            Some(python),
        )
    } else {
        (format!("`prefect {whole}` was a command of Prefect before version 3"), None)
    };
    let help: Vec<String> = nearest.into_iter().chain(python).collect();
    Some(CommandError::usage(message).help(help.join("; ")))
}

/// The group of commands in which a word is unknown, and its name.
fn group(arguments: &[OsString], word: &str) -> (clap::Command, String) {
    let mut command = Cli::command();
    let mut names: Vec<String> = Vec::new();
    for argument in arguments.iter().skip(1).map(|argument| argument.to_string_lossy()) {
        if argument == word {
            break;
        }
        if let Some(found) = command.find_subcommand(argument.as_ref()).cloned() {
            names.push(found.get_name().to_owned());
            command = found;
        }
    }
    (command, names.join(" "))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn answer(line: &str) -> Option<(String, String)> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = Cli::try_parse_from(&arguments).unwrap_err();
        unknown_command(&arguments, &error).map(|error| (error.message, error.help.unwrap_or_default()))
    }

    #[test]
    fn words_of_the_reference_are_known_as_such() {
        let (message, help) = answer("prefectl work-pools slots wp1").unwrap();
        assert_eq!(
            message,
            "`prefect work-pool slots` is a command of the Python Prefect that prefectl does not have"
        );
        assert_eq!(
            help,
            "the nearest is `prefectl work-pool inspect`; `prefectl --python-cli work-pool slots` runs it where the \
             Python Prefect is installed"
        );
        let (_, help) = answer("prefectl flow-run delete x").unwrap();
        assert!(help.contains("--python-cli flow-run delete"), "{help}");
        let (message, help) = answer("prefectl deployment pause x/y").unwrap();
        assert_eq!(message, "`prefect deployment pause` was a command of Prefect before version 3");
        assert_eq!(help, "the nearest is `prefectl deployment schedule pause`");
    }

    #[test]
    fn what_is_only_mistyped_is_left_to_clap() {
        assert_eq!(answer("prefectl deplyo"), None);
        assert_eq!(answer("prefectl work-pool lss"), None);
        assert_eq!(answer("prefectl deploy --nope"), None);
    }
}
