//! The examples in the help of the commands are right: each is taken by the command line.

use std::ffi::OsString;

use clap::{Command, Parser as _};

use super::{Cli, normalise};
use crate::steps::split_words;

/// The commands that the help of a command shows.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let Some((_, examples)) = help.rsplit_once("Example") else { return Vec::new() };
    let examples = examples.split("\n\n").next().unwrap_or_default();
    examples.lines().filter_map(|line| Some(line[line.find("prefectl ")?..].to_owned())).collect()
}

/// All commands with their whole names.
fn commands(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    found.push((path.to_owned(), command.clone()));
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        commands(subcommand, &format!("{path} {}", subcommand.get_name()), found);
    }
}

/// The words of a command up to where a shell would do something else with it.
fn words(line: &str) -> Vec<OsString> {
    let words = split_words(line.trim_end_matches(')')).unwrap();
    words
        .into_iter()
        .take_while(|word| !matches!(word.as_str(), ">" | ">>" | "|"))
        .map(OsString::from)
        .collect()
}

#[test]
fn every_command_has_examples_that_are_right() {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    commands(&Cli::in_full(), "prefectl", &mut all);
    for (name, command) in &all {
        let examples = examples(command);
        if examples.is_empty() {
            wrong.push(format!("{name}: no examples"));
        }
        for line in &examples {
            if !format!("{line} ").starts_with(&format!("{name} ")) {
                wrong.push(format!("{name}: an example of something else: {line}"));
            }
            if let Err(error) = Cli::try_parse_from(normalise(words(line))) {
                wrong.push(format!("{name}: {line}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 70, "only {} commands", all.len());
}
