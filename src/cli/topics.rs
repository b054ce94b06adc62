//! Help topics. `prefectl help TOPIC` prints them in addition to the help of commands.

use std::{ffi::OsString, fmt::Write as _};

/// A help topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    PrefectYaml,
    Templates,
    ExitCodes,
    Environment,
}

/// The help topics with their names and summaries. The first name of a topic is shown in the help.
const TOPICS: [(Topic, &[&str], &str); 4] = [
    (Topic::PrefectYaml, &["prefect.yaml", "prefect-yaml"], "Keys of the project file"),
    (Topic::Templates, &["templates", "templating"], "Template syntax: {{ }} and << >>"),
    (Topic::ExitCodes, &["exit-codes", "exit-code"], "Meaning of the exit codes"),
    (Topic::Environment, &["environment", "settings"], "Environment variables and settings"),
];

impl Topic {
    /// Returns the topic that `prefectl help TOPIC` requests. The first argument is the program name.
    pub(crate) fn from_arguments(arguments: &[OsString]) -> Option<Self> {
        let [_, help, name] = arguments else { return None };
        let (name, is_help) = (name.to_str()?, help == "help");
        TOPICS.iter().find(|(_, names, _)| is_help && names.contains(&name)).map(|(topic, ..)| *topic)
    }

    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TOPICS.iter().map(|(topic, ..)| *topic)
    }
}

/// Returns the help epilogue: a list of topics and examples.
pub(super) fn after_help() -> String {
    let mut text = "Topics:\n".to_owned();
    for (_, names, about) in TOPICS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  prefectl help {:<12}  {about}", names[0]);
    }
    text + "\nExamples:
  prefectl init
  prefectl check
  prefectl plan --all
  prefectl deploy --all

Settings are read from PREFECT_* variables, .env, prefect.toml, pyproject.toml and the active profile, as in Prefect."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_help_with_a_topic() {
        for (line, expected) in [
            ("prefectl help prefect.yaml", Some(Topic::PrefectYaml)),
            ("prefectl help templating", Some(Topic::Templates)),
            ("prefectl help exit-codes", Some(Topic::ExitCodes)),
            ("prefectl help deploy", None),
            ("prefectl help", None),
            ("prefectl deploy environment", None),
            ("prefectl help environment x", None),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(Topic::from_arguments(&arguments), expected, "{line}");
        }
    }
}
