//! Rewrites arguments that Prefect's command line accepts but clap does not.

use std::{
    ffi::{OsStr, OsString},
    iter,
};

use clap::{Arg, ArgAction, Command};

/// Global options that take a value. The argument after one of these options is not a command name.
const ROOT_VALUES: [&str; 3] = ["--profile", "--project-dir", "--color"];

/// Prefect's flags that have a `--no-NAME` form.
const FLAGS: [&str; 3] = ["--all", "--enforce-parameter-schema", "--prompt"];

/// Flags that start with `--no-` and are defined with this name. They never need rewriting.
const COMMON: [&str; 4] = ["--no-prompt", "--no-python", "--no-layer-cache", "--no-watch"];

/// Rewrites the arguments into a form that clap accepts. The first argument is the program name.
///
/// - `-p` selects a profile before the command and a work pool after the command.
/// - `-jv` and `-cl` are short options with two letters.
/// - Option names may contain underscores instead of hyphens.
/// - Flags with a `--no-NAME` form may have a boolean value.
/// - `deploy init` is `init`.
pub(crate) fn normalize(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut normal = Vec::with_capacity(arguments.len());
    // Position of the command's name.
    let mut command: Option<usize> = None;
    let mut is_value = true; // skips the name of the program
    let mut literal = false;
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        if literal || is_value {
            is_value = false;
            normal.push(argument);
            continue;
        }
        let in_command = command.is_some();
        let rewritten = match text {
            "--" => {
                literal = true;
                None
            }
            "-jv" if in_command => Some("--job-variable".into()),
            "-cl" if in_command => Some("--concurrency-limit".into()),
            "-p" if !in_command => Some("--profile".into()),
            "init" if command.is_some_and(|at| at + 1 == normal.len() && normal[at] == "deploy") => {
                normal.pop();
                None
            }
            _ => in_command.then(|| attached(text)).flatten().or_else(|| long(text)),
        };
        let argument = rewritten.unwrap_or(argument);
        is_value = !in_command && ROOT_VALUES.iter().any(|option| argument == *option);
        if !in_command && !argument.to_string_lossy().starts_with('-') {
            command = Some(normal.len());
        }
        normal.push(argument);
    }
    normal
}

/// Replaces command names with their spelling in `root`. Ignores case, hyphens and underscores, as Prefect does.
pub(crate) fn normalize_commands(arguments: Vec<OsString>, root: &Command) -> Vec<OsString> {
    let mut command = Some(root);
    let mut is_value = true; // skips the name of the program
    let rewrite = |argument: OsString| {
        let (text, value) = (argument.to_string_lossy().into_owned(), is_value);
        is_value = ROOT_VALUES.contains(&text.as_str());
        let Some(parent) = command.filter(|_| !value && !text.starts_with('-')) else { return argument };
        command = subcommand(parent, &text);
        command.map_or(argument, |command| command.get_name().into())
    };
    arguments.into_iter().map(rewrite).collect()
}

/// Returns the subcommand with this name or alias, or `None` if multiple subcommands match. Ignores case, hyphens and
/// underscores.
fn subcommand<'a>(parent: &'a Command, name: &str) -> Option<&'a Command> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    let wanted = plain(name);
    let mut found = parent.get_subcommands().filter(|command| {
        iter::once(command.get_name()).chain(command.get_all_aliases()).any(|known| plain(known) == wanted)
    });
    found.next().filter(|_| found.next().is_none())
}

/// Rewrites flags with a boolean value, such as `--paused=true`, which Prefect accepts for every flag. `root` builds
/// all commands, so it is only called if an argument must be rewritten.
pub(crate) fn normalize_flags(arguments: Vec<OsString>, root: impl FnOnce() -> Command) -> Vec<OsString> {
    let may_need_rewriting = |argument: &OsString| {
        let is_common = COMMON.iter().any(|flag| argument == flag);
        !is_common && (boolean_option(argument).is_some() || emptied_list(argument).is_some())
    };
    if !arguments.iter().any(may_need_rewriting) {
        return arguments;
    }
    let root = root();
    let mut command = &root;
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        command = command.find_subcommand(argument).unwrap_or(command);
    }
    let has_flag = |name: &str| {
        let mut flags =
            command.get_arguments().filter(|known| matches!(known.get_action(), ArgAction::SetTrue));
        flags.any(|flag| long_names(flag).contains(&name))
    };
    let is_redundant = |argument: &OsStr| {
        emptied_list(argument).is_some_and(|list| {
            let mut lists =
                command.get_arguments().filter(|known| matches!(known.get_action(), ArgAction::Append));
            lists.any(|known| long_names(known).contains(&list)) && !has_flag(&format!("empty-{list}"))
        })
    };
    let mut is_literal = false;
    let rewrite = |argument: OsString| {
        is_literal |= argument == "--";
        if !is_literal && is_redundant(&argument) {
            return None;
        }
        match boolean_option(&argument).filter(|(name, _)| !is_literal && has_flag(name)) {
            None => Some(argument),
            Some((name, true)) => Some(format!("--{name}").into()),
            Some((name, false)) => {
                negations(name).find(|name| has_flag(name)).map(|name| format!("--{name}").into())
            }
        }
    };
    arguments.into_iter().filter_map(rewrite).collect()
}

/// Returns the name of the list option that a flag such as `--empty-tag` sets to an empty list.
fn emptied_list(argument: &OsStr) -> Option<&str> {
    argument.to_str()?.strip_prefix("--empty-")
}

/// Returns the names that a flag with the opposite meaning could have.
fn negations(name: &str) -> impl Iterator<Item = String> {
    let swapped = |from, to| name.strip_prefix(from).map(|rest| format!("{to}{rest}"));
    let opposites = [swapped("no-", ""), swapped("show-", "hide-"), swapped("hide-", "show-")];
    opposites.into_iter().flatten().chain([format!("no-{name}")])
}

fn long_names(argument: &Arg) -> Vec<&str> {
    argument.get_long().into_iter().chain(argument.get_all_aliases().into_iter().flatten()).collect()
}

/// Returns the name and the value of an option such as `--paused=true` or `--no-paused`.
fn boolean_option(argument: &OsStr) -> Option<(&str, bool)> {
    let option = argument.to_str()?.strip_prefix("--")?;
    match option.split_once('=') {
        Some((name, value)) => Some((name, boolean(value)?)),
        None => Some((option.strip_prefix("no-")?, false)),
    }
}

/// Parses a boolean value as Prefect does.
fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "y" | "1" | "true" | "t" => Some(true),
        "no" | "n" | "0" | "false" | "f" => Some(false),
        _ => None,
    }
}

/// Rewrites `-jv=VALUE` and `-cl=VALUE`.
fn attached(text: &str) -> Option<OsString> {
    let value = |short, long: &str| text.strip_prefix(short).map(|value| format!("{long}={value}").into());
    value("-jv=", "--job-variable").or_else(|| value("-cl=", "--concurrency-limit"))
}

/// Rewrites a long option. Returns `None` if clap accepts the option unchanged.
fn long(text: &str) -> Option<OsString> {
    let name = text.strip_prefix("--")?;
    let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
    let name = format!("--{}", name.replace('_', "-"));
    let rewritten = match value {
        Some(value) => flag(&name, value).unwrap_or_else(|| format!("{name}={value}")),
        None => name,
    };
    (rewritten != text).then(|| rewritten.into())
}

/// Rewrites a flag that has a value to `--NAME` or `--no-NAME`.
fn flag(name: &str, value: &str) -> Option<String> {
    let base = FLAGS.iter().map(|flag| &flag[2..]);
    let (base, negated) = base
        .flat_map(|base| [(base, format!("--{base}"), false), (base, format!("--no-{base}"), true)])
        .find_map(|(base, spelt, negated)| (spelt == name).then_some((base, negated)))?;
    Some(format!("--{}{base}", if boolean(value)? == negated { "no-" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(line: &str) -> String {
        let words = normalize(line.split(' ').map(OsString::from).collect());
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn normalizes_command_names_of_the_reference() {
        let root = crate::cli::Cli::complete_command();
        for (given, expected) in [
            ("prefect Work_Pool LS", "prefect work-pool ls"),
            (
                "prefect workpools getDefaultBaseJobTemplate",
                "prefect work-pool get-default-base-job-template",
            ),
            (
                "prefect --profile Deploy DEPLOYMENT Run My_Flow/x",
                "prefect --profile Deploy deployment run My_Flow/x",
            ),
            ("prefect deploy My_File.py:Flow", "prefect deploy My_File.py:Flow"),
        ] {
            let words = normalize_commands(given.split(' ').map(OsString::from).collect(), &root);
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }

    #[test]
    fn normalizes_spellings_of_the_reference() {
        for (given, expected) in [
            ("prefectl deploy -p pool -jv a=1", "prefectl deploy -p pool --job-variable a=1"),
            ("prefectl -p prod deploy -p pool", "prefectl --profile prod deploy -p pool"),
            ("prefectl --project-dir a -p prod deploy", "prefectl --project-dir a --profile prod deploy"),
            ("prefectl deploy init --recipe git", "prefectl init --recipe git"),
            ("prefectl --profile deploy init", "prefectl --profile deploy init"),
            ("prefectl deploy -n x init", "prefectl deploy -n x init"),
            ("prefectl --profile prod deploy -cl 3", "prefectl --profile prod deploy --concurrency-limit 3"),
            ("prefectl deploy -cl=3 -- -cl", "prefectl deploy --concurrency-limit=3 -- -cl"),
            ("prefectl --no-prompt deploy --all", "prefectl --no-prompt deploy --all"),
            (
                "prefectl deploy --work_queue=q_a --job_variable a_b=1",
                "prefectl deploy --work-queue=q_a --job-variable a_b=1",
            ),
            ("prefectl deploy --all=yes --no-prompt=true", "prefectl deploy --all --no-prompt"),
            ("prefectl deploy --all=False --no-prompt=0", "prefectl deploy --no-all --prompt"),
            ("prefectl deploy --all=maybe -- --a_b", "prefectl deploy --all=maybe -- --a_b"),
        ] {
            assert_eq!(normal(given), expected);
        }
    }

    #[test]
    fn accepts_values_of_all_flags() {
        for (given, expected) in [
            (
                "prefectl work-pool create p --paused=true --set-as-default=false --overwrite=1",
                "prefectl work-pool create p --paused --overwrite",
            ),
            (
                "prefectl deployment delete --accept-yes=true x/y",
                "prefectl deployment delete --accept-yes x/y",
            ),
            ("prefectl --quiet=yes variable set v --overwrite=no", "prefectl --quiet variable set v"),
            (
                "prefectl work-pool create p --set=true --name=1",
                "prefectl work-pool create p --set=true --name=1",
            ),
            ("prefectl variable set v -- --overwrite=true", "prefectl variable set v -- --overwrite=true"),
            (
                "prefectl deployment schedule create x/y --active=false --day-or=no --replace=false",
                "prefectl deployment schedule create x/y --no-active --no-day-or",
            ),
            ("prefectl deployment run x/y --no-watch=false", "prefectl deployment run x/y --watch"),
            ("prefectl config view --show-sources=false", "prefectl config view --hide-sources"),
            (
                "prefectl --no-prompt work-pool create p --no-paused --no-overwrite --set no-x",
                "prefectl --no-prompt work-pool create p --set no-x",
            ),
            (
                "prefectl deployment schedule create x/y --no-replace --no-active",
                "prefectl deployment schedule create x/y --no-active",
            ),
            ("prefectl deployment run x/y --empty-tag --empty-param", "prefectl deployment run x/y"),
            ("prefectl deploy --empty-tag --empty-such", "prefectl deploy --empty-tag --empty-such"),
            (
                "prefectl deploy --no-python --no-such -- --no-all",
                "prefectl deploy --no-python --no-such -- --no-all",
            ),
        ] {
            let words = given.split(' ').map(OsString::from).collect();
            let words = normalize_flags(words, crate::cli::Cli::complete_command);
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }
}
