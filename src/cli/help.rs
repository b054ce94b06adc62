//! What clap prints in place of running a command: help, the version, what is wrong with the words.

use std::io::{self, Write as _};

/// The heading of the options that every command takes.
pub(super) const GLOBAL_OPTIONS: &str = "Global options";

/// Prints help and the version to standard output, and mistakes to standard error.
///
/// A command's own options come first. Clap has those of every command first, since it describes a command only when its
/// words are read.
pub(crate) fn print(error: &clap::Error) -> io::Result<()> {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        return write!(anstream::stderr(), "{text}");
    }
    write!(anstream::stdout(), "{}", globals_last(&text))
}

/// Puts the global options after all others, and before the examples, whose heading has no style.
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
    }
    // What was last has no empty line behind it.
    let text = sections.iter().map(|section| section.trim_end_matches('\n')).collect::<Vec<_>>().join("\n\n");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    /// The help of a command as it is printed.
    fn help(line: &str) -> String {
        let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
        anstream::adapter::strip_str(&globals_last(&error.render().ansi().to_string())).to_string()
    }

    /// Its headings.
    fn headings(line: &str) -> Vec<String> {
        let text = help(line);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
        let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
        text.lines().filter(is_heading).map(str::to_owned).collect()
    }

    #[test]
    fn the_options_of_every_command_come_after_its_own() {
        assert_eq!(headings("prefectl destroy -h"), ["Options:", "Flows:", "Global options:", "Examples:"]);
        assert_eq!(
            headings("prefectl check --help"),
            ["Arguments:", "Options:", "Global options:", "Examples:"]
        );
        let deploy = headings("prefectl deploy --help");
        assert_eq!(deploy[deploy.len() - 2..], ["Global options:", "Examples:"], "{deploy:?}");
    }

    #[test]
    fn a_heading_ends_with_what_belongs_under_it() {
        let help = help("prefectl destroy --help");
        let flows = help.split("\nFlows:\n").nth(1).and_then(|rest| rest.split("\n\nGlobal").next()).unwrap();
        assert!(flows.contains("--python-schema") && !flows.contains("--yes"), "{flows}");
    }

    #[test]
    fn nothing_of_the_help_is_lost() {
        for line in ["prefectl -h", "prefectl deploy -h", "prefectl deployment --help", "prefectl help flow"]
        {
            let error = Cli::try_parse_from(line.split_whitespace()).unwrap_err();
            let before = error.render().ansi().to_string();
            let after = globals_last(&before);
            let sorted = |text: &str| {
                let mut lines: Vec<String> =
                    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(&before), sorted(&after), "{line}");
        }
    }
}
