//! The topics of `prefectl help TOPIC`, which are no commands.

use std::{ffi::OsString, fmt::Write as _};

/// What can be read about beside the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    PrefectYaml,
    Templates,
    ExitCodes,
    Environment,
}

/// The topics with their names, the one to show first, and what they are about.
const TOPICS: [(Topic, &[&str], &str); 4] = [
    (Topic::PrefectYaml, &["prefect.yaml", "prefect-yaml"], "every key of the file"),
    (Topic::Templates, &["templates", "templating"], "what is filled in between {{ }} and << >>"),
    (Topic::ExitCodes, &["exit-codes", "exit-code"], "what the exit code tells"),
    (Topic::Environment, &["environment", "settings"], "variables and settings"),
];

impl Topic {
    /// The topic that a command line (the program's name first) asks for, if it asks for one.
    pub(crate) fn asked(arguments: &[OsString]) -> Option<Self> {
        let [_, help, name] = arguments else { return None };
        let (name, is_help) = (name.to_str()?, help == "help");
        TOPICS.iter().find(|(_, names, _)| is_help && names.contains(&name)).map(|(topic, ..)| *topic)
    }

    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TOPICS.iter().map(|(topic, ..)| *topic)
    }
}

/// What the help of the program says below its options.
pub(super) fn after_help() -> String {
    let mut text = "Topics:\n".to_owned();
    for (_, names, about) in TOPICS {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  prefectl help {:<12}  {about}", names[0]);
    }
    text + "\nExamples:
  prefectl init
  prefectl check
  prefectl plan --all
  prefectl deploy --all

Settings come from PREFECT_* variables, .env, prefect.toml, pyproject.toml and the active profile, as Prefect reads them."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_help_with_one_name_asks_for_a_topic() {
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
            assert_eq!(Topic::asked(&arguments), expected, "{line}");
        }
    }
}
