//! Error messages for commands and options that Prefect supports and prefectl does not.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::{diagnostics::did_you_mean, error::CommandError};

/// The option that runs the command line of the Python package `prefect`.
pub(crate) const PYTHON_CLI: &str = "--python-cli";

/// Commands of Prefect, by group. The group with an empty name contains the top-level commands.
const COMMANDS: [(&str, &[&str]); 13] = [
    (
        "",
        &[
            "api",
            "artifact",
            "automation",
            "block",
            "cloud",
            "concurrency-limit",
            "concurrency-limits",
            "config",
            "dashboard",
            "deploy",
            "deployment",
            "dev",
            "event",
            "events",
            "experimental",
            "flow",
            "flow-run",
            "gcl",
            "global-concurrency-limit",
            "init",
            "plugins",
            "profile",
            "result-storage",
            "sdk",
            "server",
            "shell",
            "task",
            "task-run",
            "task-runs",
            "transfer",
            "variable",
            "work-pool",
            "work-queue",
            "worker",
        ],
    ),
    ("automation", &["create", "update"]),
    ("block", &["create", "delete", "register"]),
    ("block type", &["delete", "inspect"]),
    ("cloud", &["asset", "assets", "ip-allowlist", "ip-allowlists", "webhook", "webhooks"]),
    ("deployment", &["schedule"]),
    ("flow", &["serve"]),
    ("flow-run", &["delete", "execute", "retry"]),
    ("profile", &["populate-defaults"]),
    ("server", &["database", "services", "status", "stop"]),
    ("work-pool", &["provision-infra", "provision-infrastructure", "slots", "storage"]),
    ("work-queue", &["read-runs", "slots"]),
    ("worker", &["start"]),
];

/// Prefect commands and their prefectl equivalents, if the names are too different for a suggestion by
/// similarity.
const EQUIVALENTS: [(&str, &str); 8] = [
    ("deployment pause", "deployment schedule pause"),
    ("deployment resume", "deployment schedule resume"),
    ("deployment set-schedule", "deployment schedule create"),
    ("deployment apply", "deploy"),
    ("deployment build", "deploy"),
    ("work-pool slots", "work-pool inspect"),
    ("work-queue slots", "work-queue inspect"),
    ("work-queue read-runs", "work-queue preview"),
];

/// Prefect options that prefectl does not support. Each entry contains the command, the options and their equivalent.
const OPTIONS: [(&str, &[&str], &str); 7] = [
    (
        "flow ls",
        &["--limit"],
        "`prefectl deployment ls`, or `prefectl flow ls` to list the flows in source files",
    ),
    ("flow-run inspect", &["--web"], "`prefectl open flow-run RUN`"),
    (
        "work-pool create",
        &["--provision-infra", "--provision-infrastructure"],
        "a work pool whose infrastructure already exists",
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

/// Options that Prefect accepts as an alternative to positional arguments.
const ARGUMENTS: [&str; 4] = ["--name", "--id", "--slug", "--value"];

/// Returns a more helpful error if Prefect supports the unknown command or option, or `None` for other errors.
pub(crate) fn explain_unknown(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
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
        let message = format!("prefectl does not support the option `{option}` of `prefect {name}`");
        let help = format!(
            "use {nearest}, or run `prefectl {PYTHON_CLI} {name}` to use the Python package `prefect`"
        );
        return Some(CommandError::usage(message).help(help));
    }
    let flag = option.strip_prefix("--no-").filter(|flag| {
        command
            .get_arguments()
            .any(|known| known.get_long() == Some(flag) && !known.get_action().takes_values())
    });
    if let Some(flag) = flag {
        let message = format!("prefectl does not have the option `{option}`");
        return Some(
            CommandError::usage(message).help(format!("omit `--{flag}` instead: it is off by default")),
        );
    }
    if !ARGUMENTS.contains(&option.as_str()) {
        return None; // clap suggests corrections for typos
    }
    let values: Vec<String> = command
        .get_positionals()
        .filter_map(|argument| argument.get_value_names()?.first().map(ToString::to_string))
        .collect();
    (!values.is_empty()).then(|| {
        let message = format!("`prefectl {name}` takes a positional argument instead of `{option}`");
        CommandError::usage(message).help(format!("use `prefectl {name} {}`", values.join(" ")))
    })
}

fn unknown_command(arguments: &[OsString], error: &clap::Error) -> Option<CommandError> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let (command, group) = group(arguments, word);
    let whole = if group.is_empty() { word.clone() } else { format!("{group} {word}") };
    let is_of_reference =
        COMMANDS.iter().any(|(known, words)| *known == group && words.contains(&word.as_str()));
    let listed =
        EQUIVALENTS.iter().find(|(known, _)| *known == whole).map(|(_, nearest)| (*nearest).to_owned());
    if !is_of_reference && listed.is_none() {
        return None; // clap suggests corrections for typos
    }
    let prefix = if group.is_empty() { String::new() } else { format!("{group} ") };
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let nearest = listed.or_else(|| did_you_mean(word, names).map(|name| format!("{prefix}{name}")));
    let nearest = nearest.map(|nearest| format!("use `prefectl {nearest}`"));
    let (message, python) = if is_of_reference {
        let python = format!("run `prefectl {PYTHON_CLI} {whole}` to use the Python package `prefect`");
        (format!("prefectl does not support the command `prefect {whole}`"), Some(python))
    } else {
        (format!("Prefect 3 has no command `prefect {whole}`"), None)
    };
    let help: Vec<String> = nearest.into_iter().chain(python).collect();
    Some(CommandError::usage(message).help(help.join(", or ")))
}

/// Returns the command group that contains the unknown word, and the group's name.
fn group(arguments: &[OsString], word: &str) -> (clap::Command, String) {
    let mut command = Cli::complete_command();
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
        explain_unknown(&arguments, &error).map(|error| (error.message, error.help.unwrap_or_default()))
    }

    #[test]
    fn explains_commands_of_the_reference() {
        let (message, help) = answer("prefectl work-pools slots wp1").unwrap();
        assert_eq!(message, "prefectl does not support the command `prefect work-pool slots`");
        assert_eq!(
            help,
            "use `prefectl work-pool inspect`, or run `prefectl --python-cli work-pool slots` to use the Python package `prefect`"
        );
        for (line, command) in [
            ("flow-run delete x", "flow-run delete"),
            ("server stop", "server stop"),
            ("server status --wait", "server status"),
            ("profile populate-defaults", "profile populate-defaults"),
            ("cloud webhook ls", "cloud webhook"),
            ("concurrency-limits ls", "concurrency-limits"),
            ("task-runs ls", "task-runs"),
            ("event stream", "event"),
            ("result-storage inspect", "result-storage"),
        ] {
            let (_, help) = answer(&format!("prefectl {line}")).unwrap();
            assert!(help.contains(&format!("--python-cli {command}` ")), "{help}");
        }
        let (message, help) = answer("prefectl deployment pause x/y").unwrap();
        assert_eq!(message, "Prefect 3 has no command `prefect deployment pause`");
        assert_eq!(help, "use `prefectl deployment schedule pause`");
    }

    #[test]
    fn explains_options_of_the_reference() {
        let (message, help) = answer("prefectl work-pool create wp --provision-infra").unwrap();
        assert_eq!(
            message,
            "prefectl does not support the option `--provision-infra` of `prefect work-pool create`"
        );
        assert!(help.contains("--python-cli work-pool create"), "{help}");
        for (line, expected) in [
            ("prefectl variable get --name x", "use `prefectl variable get NAME`"),
            ("prefectl variable get --name=x", "use `prefectl variable get NAME`"),
            ("prefectl work-pool create wp --no-paused", "omit `--paused` instead: it is off by default"),
            (
                "prefectl flow-run inspect x --web",
                "use `prefectl open flow-run RUN`, or run `prefectl --python-cli flow-run inspect` to use the Python \
                 package `prefect`",
            ),
        ] {
            assert_eq!(answer(line).unwrap().1, expected, "{line}");
        }
    }

    #[test]
    fn leaves_typos_to_clap() {
        assert_eq!(answer("prefectl deplyo"), None);
        assert_eq!(answer("prefectl work-pool lss"), None);
        assert_eq!(answer("prefectl deploy --nope"), None);
        assert_eq!(answer("prefectl work-pool ls --no-such"), None);
    }
}
