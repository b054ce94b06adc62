//! Rewrites arguments that Prefect's command line accepts but clap does not.

use std::ffi::OsString;

/// Global options that take a value. The argument after such an option is not a command name.
const ROOT_VALUES: [&str; 2] = ["--profile", "--color"];

/// Prefect's flags that have a `--no-NAME` form and also accept a value, as in `--NAME=true`.
const FLAGS: [&str; 3] = ["--all", "--enforce-parameter-schema", "--prompt"];

/// Rewrites the arguments into a form that clap accepts. The first argument is the program name.
///
/// - `-p` selects a profile before the command and a work pool after the command.
/// - `-jv` and `-cl` are short options with two letters.
/// - Option names may contain underscores instead of hyphens.
/// - Flags may have a boolean value.
pub(crate) fn normalize(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut normal = Vec::with_capacity(arguments.len());
    let mut in_command = false;
    let mut is_value = true; // skips the name of the program
    let mut literal = false;
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        if literal || is_value {
            is_value = false;
            normal.push(argument);
            continue;
        }
        let rewritten = match text {
            "--" => {
                literal = true;
                None
            }
            "-jv" if in_command => Some("--job-variable".into()),
            "-cl" if in_command => Some("--concurrency-limit".into()),
            "-p" if !in_command => Some("--profile".into()),
            _ => in_command.then(|| attached(text)).flatten().or_else(|| long(text)),
        };
        let argument = rewritten.unwrap_or(argument);
        is_value = !in_command && ROOT_VALUES.iter().any(|option| argument == *option);
        in_command |= !argument.to_string_lossy().starts_with('-');
        normal.push(argument);
    }
    normal
}

/// Rewrites command names to the names in `root`. Like Prefect, this accepts names in a different case or
/// with underscores.
pub(crate) fn normalize_commands(arguments: Vec<OsString>, root: &clap::Command) -> Vec<OsString> {
    let mut command = Some(root);
    let mut is_value = true; // skips the name of the program
    let rewrite = |argument: OsString| {
        let (text, value) = (argument.to_string_lossy().into_owned(), is_value);
        is_value = ROOT_VALUES.contains(&text.as_str());
        let Some(parent) = command.filter(|_| !value && !text.starts_with('-')) else { return argument };
        let name = text.to_lowercase().replace('_', "-");
        command = parent.find_subcommand(&name);
        if command.is_some() { name.into() } else { argument }
    };
    arguments.into_iter().map(rewrite).collect()
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
    let is_true = match value.to_ascii_lowercase().as_str() {
        "yes" | "y" | "1" | "true" | "t" => true,
        "no" | "n" | "0" | "false" | "f" => false,
        _ => return None,
    };
    Some(format!("--{}{base}", if is_true == negated { "no-" } else { "" }))
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
}
