//! The words of the reference's command line that this program may not have.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

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
    ("work-queue", &["read-runs", "slots"]),
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
    ("work-queue slots", "work-queue inspect"),
    ("work-queue read-runs", "work-queue preview"),
];

/// Options of the reference that are not here, and what to do instead; the commands are those that have them there.
const OPTIONS: [(&str, &[&str], &str); 9] = [
    ("automation inspect", &["--json"], "`--output json`"),
    ("automation inspect", &["--yaml"], "YAML, which is what is shown without `--output json`"),
    ("flow ls", &["--limit"], "`prefectl deployment ls`; `prefectl flow ls` reads source files"),
    ("flow-run inspect", &["--web"], "the address that `--output json` and the deployment's page show"),
    (
        "work-pool create",
        &["--provision-infra", "--provision-infrastructure"],
        "a pool whose infrastructure is there already",
    ),
    ("config set", &["--settings", "--empty-settings"], "`prefectl config set NAME=VALUE`"),
    ("deployment ls", &["--flow_name", "--empty-flow_name"], "`prefectl deployment ls FLOW`"),
    (
        "deployment schedule pause",
        &["--deployment_name", "--schedule_id"],
        "`prefectl deployment schedule pause FLOW/NAME ID`",
    ),
    (
        "deployment schedule resume",
        &["--deployment_name", "--schedule_id"],
        "`prefectl deployment schedule resume FLOW/NAME ID`",
    ),
];

/// The options by which the reference takes what stands without one in a command line, too.
const ARGUMENTS: [&str; 4] = ["--name", "--id", "--slug", "--value"];

/// What to say to a word that clap does not know: whether the reference has it, and what comes nearest.
pub(crate) fn unknown_word(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => unknown_command(arguments, error),
        ErrorKind::UnknownArgument => unknown_option(arguments, error),
        _ => None,
    }
}

fn unknown_option(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    let (command, name) = group(arguments, option);
    let listed =
        OPTIONS.iter().find(|(known, options, _)| *known == name && options.contains(&option.as_str()));
    if let Some((_, _, nearest)) = listed {
        let message = format!("`{option}` of `prefect {name}` is an option that prefectl does not have");
        let help = format!(
            "the nearest is {nearest}; `prefectl {PYTHON_CLI} {name}` runs it where the Python Prefect is installed"
        );
        return Some(CommandError::usage(message).help(help));
    }
    let flag = option.strip_prefix("--no-").filter(|flag| {
        command
            .get_arguments()
            .any(|known| known.get_long() == Some(flag) && !known.get_action().takes_values())
    });
    if let Some(flag) = flag {
        let message = format!("there is no `{option}` in prefectl");
        return Some(
            CommandError::usage(message).help(format!("leave out `--{flag}`: it is off unless given")),
        );
    }
    if !ARGUMENTS.contains(&option.as_str()) {
        return None; // clap knows what was mistyped
    }
    let places: Vec<String> = command
        .get_positionals()
        .filter_map(|place| place.get_value_names()?.first().map(ToString::to_string))
        .collect();
    (!places.is_empty()).then(|| {
        let message = format!("`prefectl {name}` takes it without `{option}`");
        CommandError::usage(message).help(format!("write `prefectl {name} {}`", places.join(" ")))
    })
}

fn unknown_command(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
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
    let mut command = Cli::in_full();
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
        unknown_word(&arguments, &error).map(|error| (error.message, error.help.unwrap_or_default()))
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
    fn options_of_the_reference_are_known_as_such() {
        let (message, help) = answer("prefectl work-pool create wp --provision-infra").unwrap();
        assert_eq!(
            message,
            "`--provision-infra` of `prefect work-pool create` is an option that prefectl does not have"
        );
        assert!(help.contains("--python-cli work-pool create"), "{help}");
        for (line, expected) in [
            ("prefectl variable get --name x", "write `prefectl variable get NAME`"),
            ("prefectl variable get --name=x", "write `prefectl variable get NAME`"),
            ("prefectl work-pool create wp --no-paused", "leave out `--paused`: it is off unless given"),
            (
                "prefectl automation inspect x --json",
                "the nearest is `--output json`; `prefectl --python-cli automation inspect` runs it where the Python \
                 Prefect is installed",
            ),
        ] {
            assert_eq!(answer(line).unwrap().1, expected, "{line}");
        }
    }

    #[test]
    fn what_is_only_mistyped_is_left_to_clap() {
        assert_eq!(answer("prefectl deplyo"), None);
        assert_eq!(answer("prefectl work-pool lss"), None);
        assert_eq!(answer("prefectl deploy --nope"), None);
        assert_eq!(answer("prefectl work-pool ls --no-such"), None);
    }
}
