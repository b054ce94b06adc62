//! Tests that the examples in the help of every command are valid command lines.

use std::ffi::OsString;

use clap::{Command, Parser as _};

use super::{Cli, normalize};
use crate::steps::split_words;

/// Returns the example command lines in a command's help.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let Some((_, examples)) = help.rsplit_once("Example") else { return Vec::new() };
    let examples = examples.split("\n\n").next().unwrap_or_default();
    examples.lines().filter_map(|line| Some(line[line.find("prefectl ")?..].to_owned())).collect()
}

/// Collects a command and its subcommands with their full names.
fn commands(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    found.push((path.to_owned(), command.clone()));
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        commands(subcommand, &format!("{path} {}", subcommand.get_name()), found);
    }
}

/// Splits an example into arguments, up to a redirection or pipe.
fn words(line: &str) -> Vec<OsString> {
    let words = split_words(line.trim_end_matches(')')).unwrap();
    words
        .into_iter()
        .take_while(|word| !matches!(word.as_str(), ">" | ">>" | "|"))
        .map(OsString::from)
        .collect()
}

#[test]
fn every_command_has_valid_examples() {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    commands(&Cli::complete_command(), "prefectl", &mut all);
    for (name, command) in &all {
        let examples = examples(command);
        if examples.is_empty() {
            wrong.push(format!("{name}: no examples"));
        }
        for line in &examples {
            if !format!("{line} ").starts_with(&format!("{name} ")) {
                wrong.push(format!("{name}: example of another command: {line}"));
            }
            if let Err(error) = Cli::try_parse_from(normalize(words(line))) {
                wrong.push(format!("{name}: {line}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 70, "only {} commands", all.len());
}
