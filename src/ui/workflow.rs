//! Escapes the workflow commands of CI services in text from projects and servers.
//!
//! CI services parse commands in the output of a job: GitHub Actions (`::name::` at the start of a line),
//! Azure Pipelines and `TeamCity` (prefixes such as `##vso[` anywhere in a line) and GitLab
//! (`section_start:`).

use std::borrow::Cow;

use crate::environment::Environment;

/// Variables that CI services set.
const CI_VARIABLES: [&str; 5] = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TEAMCITY_VERSION", "TF_BUILD"];

/// Returns whether a CI service might parse the output.
pub(super) fn is_ci(environment: &Environment) -> bool {
    CI_VARIABLES.iter().any(|variable| environment.non_empty(variable).is_some())
}

/// Replaces one character of each workflow command with its JSON escape, as in `\u003a:error::`.
///
/// If the output stream removes colors, the caller must remove the colors first. The escapes do not change the meaning
/// of a JSON document.
pub(super) fn escape_commands(text: &str) -> Cow<'_, str> {
    if !["::", "##", "section_"].iter().any(|part| text.contains(part)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_inclusive('\n').map(escape_line).collect())
}

fn escape_line(line: &str) -> String {
    let start = command_start(line);
    let mut escaped = line[..start].to_owned();
    let mut rest = &line[start..];
    if let Some(command) = rest.strip_prefix("::") {
        escaped.push_str("\\u003a:");
        rest = command;
    }
    while let Some(character) = rest.chars().next() {
        let length = character.len_utf8();
        if is_logging_command(rest) {
            escaped.push_str("\\u0023");
            rest = &rest[length..];
        } else if let Some(marker) = section_marker(rest) {
            escaped.push_str(marker);
            escaped.push_str("\\u003a");
            rest = &rest[marker.len() + 1..];
        } else {
            escaped.push(character);
            rest = &rest[length..];
        }
    }
    escaped
}

/// Returns the position after leading whitespace and color sequences, because CI services also detect commands at this
/// position.
fn command_start(line: &str) -> usize {
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix("\u{1b}[").and_then(|sequence| sequence.split_once('m')) {
            Some((parameters, after)) if parameters.chars().all(|c| c.is_ascii_digit() || c == ';') => {
                rest = after;
            }
            _ => return line.len() - rest.len(),
        }
    }
}

/// Returns whether the text starts with a command prefix such as `##[`, `##vso[` or `##teamcity[`.
fn is_logging_command(text: &str) -> bool {
    let name = text.strip_prefix("##").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
    name.is_some_and(|rest| rest.starts_with('['))
}

/// Returns the name of a GitLab section marker, without the colon.
fn section_marker(text: &str) -> Option<&'static str> {
    ["section_start", "section_end"]
        .into_iter()
        .find(|marker| text.strip_prefix(marker).is_some_and(|rest| rest.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_workflow_commands() {
        for (text, expected) in [
            ("plain: a::b #1 ## title", "plain: a::b #1 ## title"),
            ("::error::x", "\\u003a:error::x"),
            ("a\n \t::set-output name=a::b\nb", "a\n \t\\u003a:set-output name=a::b\nb"),
            ("\u{1b}[1;31m::add-mask::x", "\u{1b}[1;31m\\u003a:add-mask::x"),
            ("x ##vso[task.complete] ##[error]", "x \\u0023#vso[task.complete] \\u0023#[error]"),
            ("###[group]", "#\\u0023#[group]"),
            ("##teamcity[buildStop]", "\\u0023#teamcity[buildStop]"),
            ("a section_start:1:b", "a section_start\\u003a1:b"),
            ("section_end:1:b\n", "section_end\\u003a1:b\n"),
        ] {
            assert_eq!(escape_commands(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_the_meaning_of_json() {
        let value = serde_json::json!({"a": "##vso[x]", "b": "section_start:1:x", "c": "::error::"});
        let text = value.to_string();
        assert_ne!(escape_commands(&text), text);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escape_commands(&text)).unwrap(), value);
    }

    #[test]
    fn recognizes_ci_services() {
        assert!(is_ci(&Environment::from_iter([("TF_BUILD", "True")])));
        assert!(!is_ci(&Environment::from_iter([("CI", "")])));
    }
}
