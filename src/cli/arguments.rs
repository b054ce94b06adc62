//! The spellings of the reference's command line that clap does not know.

use std::ffi::OsString;

/// Options of the root that take a value, which therefore is not the command's name.
const ROOT_VALUES: [&str; 2] = ["--profile", "--color"];

/// Rewrites arguments (the program's name first) into what clap takes.
///
/// Before the command `-p` selects a profile, after it a work pool; `-jv` and `-cl` are short options of two
/// letters; `--no-NAME` undoes a flag.
pub(crate) fn normalise(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut normal = Vec::with_capacity(arguments.len());
    let mut in_command = false;
    let mut is_value = true; // the program's name
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
            _ => in_command.then(|| attached(text)).flatten(),
        };
        let argument = rewritten.unwrap_or(argument);
        is_value = !in_command && ROOT_VALUES.iter().any(|option| argument == *option);
        in_command |= !argument.to_string_lossy().starts_with('-');
        normal.push(argument);
    }
    normal
}

/// `-jv=VALUE` and `-cl=VALUE`.
fn attached(text: &str) -> Option<OsString> {
    let value = |short, long: &str| text.strip_prefix(short).map(|value| format!("{long}={value}").into());
    value("-jv=", "--job-variable").or_else(|| value("-cl=", "--concurrency-limit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(line: &str) -> String {
        let words = normalise(line.split(' ').map(OsString::from).collect());
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_references_short_options_become_long() {
        for (given, expected) in [
            ("prefectl deploy -p pool -jv a=1", "prefectl deploy -p pool --job-variable a=1"),
            ("prefectl -p prod deploy -p pool", "prefectl --profile prod deploy -p pool"),
            ("prefectl --profile prod deploy -cl 3", "prefectl --profile prod deploy --concurrency-limit 3"),
            ("prefectl deploy -cl=3 -- -cl", "prefectl deploy --concurrency-limit=3 -- -cl"),
            ("prefectl --no-prompt deploy --all", "prefectl --no-prompt deploy --all"),
        ] {
            assert_eq!(normal(given), expected);
        }
    }
}
