//! Formats the output of clap: help, version and usage errors.

use std::io::{self, Write as _};

/// Heading of the options that all commands accept.
pub(super) const GLOBAL_OPTIONS: &str = "Global options";

/// Prints help and version output to stdout, and usage errors to stderr.
///
/// Clap lists the global options first because commands are built lazily, so this function moves them after
/// the options of the command.
pub(crate) fn print_help_or_error(error: &clap::Error) -> io::Result<()> {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        return write!(anstream::stderr(), "{text}");
    }
    write!(anstream::stdout(), "{}", globals_last(&text))
}

/// Moves the global options after all other options, but before the examples. The heading of the examples has
/// no style.
fn globals_last(help: &str) -> String {
    let mut sections: Vec<String> = Vec::new();
    for line in help.split_inclusive('\n') {
        match sections.last_mut() {
            Some(section) if line.starts_with(' ') || line.trim().is_empty() => section.push_str(line),
            _ => sections.push(line.to_owned()),
        }
    }
    let is_global =
        |section: &String| section.lines().next().is_some_and(|line| line.contains(GLOBAL_OPTIONS));
    let has_style = |section: &String| section.starts_with('\u{1b}');
    let (from, to) = (sections.iter().position(is_global), sections.iter().rposition(has_style));
    if let (Some(from), Some(to)) = (from, to) {
        sections[from..=to].rotate_left(1);
        for section in &mut sections[from..=to] {
            // The last section has no empty line after it.
            section.truncate(section.trim_end().len());
            section.push_str("\n\n");
        }
    }
    let text = sections.concat();
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    /// Returns the printed help of a command.
    fn help(line: &str) -> String {
        let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
        anstream::adapter::strip_str(&globals_last(&error.render().ansi().to_string())).to_string()
    }

    /// Returns the headings in the help of a command.
    fn headings(line: &str) -> Vec<String> {
        let text = help(line);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
        let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
        text.lines().filter(is_heading).map(str::to_owned).collect()
    }

    #[test]
    fn global_options_follow_the_commands_own_options() {
        assert_eq!(headings("prefectl destroy -h"), ["Options:", "Flows:", "Global options:", "Examples:"]);
        assert_eq!(
            headings("prefectl check --help"),
            ["Arguments:", "Options:", "Global options:", "Examples:"]
        );
        let deploy = headings("prefectl deploy --help");
        assert_eq!(deploy[deploy.len() - 2..], ["Global options:", "Examples:"], "{deploy:?}");
    }

    #[test]
    fn sections_keep_their_options() {
        let help = help("prefectl destroy --help");
        let flows = help.split("\nFlows:\n").nth(1).and_then(|rest| rest.split("\n\nGlobal").next()).unwrap();
        assert!(flows.contains("--python-schema") && !flows.contains("--yes"), "{flows}");
    }

    #[test]
    fn keeps_all_other_lines() {
        for line in [
            "prefectl -h",
            "prefectl --help",
            "prefectl --version",
            "prefectl deploy -h",
            "prefectl destroy --help",
            "prefectl deployment --help",
            "prefectl help flow",
        ] {
            let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
            let before = error.render().ansi().to_string();
            let after = globals_last(&before);
            let sorted = |text: &str| {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&before), sorted(&after), "{line}");
            let (start, _) = before.split_once(GLOBAL_OPTIONS).unwrap_or((&before, ""));
            let start = start.trim_end_matches(|letter| letter != '\n');
            assert!(after.starts_with(start), "{line}: {after}");
        }
    }

    /// Commands are built lazily. Their summaries must be available before the commands are built, and must
    /// not change afterwards.
    #[test]
    fn group_help_has_the_summary_of_every_command() {
        let help = |line: &str| Cli::try_parse_from(line.split_whitespace()).unwrap_err().to_string();
        let mut groups: Vec<String> = vec![String::new()];
        let (mut count, mut wrong) = (0, Vec::new());
        while let Some(group) = groups.pop() {
            let text = help(&format!("prefectl {group} --help"));
            let Some((_, commands)) = text.split_once("Commands:\n") else { continue };
            for line in commands.lines().take_while(|line| !line.is_empty()) {
                let Some(line) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) else {
                    continue;
                };
                let (name, meaning) = line.split_once(' ').unwrap_or((line, ""));
                if name == "help" {
                    continue;
                }
                // Continuation lines are indented further, and aliases come last.
                let meaning = meaning.trim().split(" [alias").next().unwrap_or_default();
                let long = help(&format!("prefectl {group} {name} --help"));
                // In a few commands, `-h` has the same meaning as in Prefect.
                let short = long.contains("-h, --help").then(|| help(&format!("prefectl {group} {name} -h")));
                let starts = |help: &String| help.starts_with(meaning);
                if meaning.is_empty() || !starts(&long) || !short.as_ref().is_none_or(starts) {
                    wrong.push(format!("{group} {name}: {meaning}"));
                }
                count += 1;
                groups.push(format!("{group} {name}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        assert!(count > 70, "{count}");
    }

    #[test]
    fn short_options_of_the_reference_are_not_help() {
        for line in [
            "prefectl flow-run logs x -h",
            "prefectl work-pool preview p -h 12",
            "prefectl work-queue preview q -h 12",
        ] {
            assert!(Cli::try_parse_from(line.split_whitespace()).is_ok(), "{line}");
            let line = line.split(" -h").next().unwrap();
            assert!(help(&format!("{line} --help")).contains("--help"), "{line}");
        }
    }
}
