//! Implements `prefectl help TOPIC`. The help texts are generated from tables in the code.

use clap::Command as ClapCommand;
use serde_json::Value;

use crate::{
    cli::{Cli, Topic},
    error::Exit,
    project::{self, SchemaOf},
    settings::names,
    template::expression::FILTERS,
    ui,
};

/// Returns the help text for a topic.
pub(crate) fn text(topic: Topic) -> String {
    match topic {
        Topic::PrefectYaml => prefect_yaml(),
        Topic::Templates => templates(),
        Topic::ExitCodes => exit_codes(),
        Topic::Environment => environment(),
    }
}

/// Describes every key of prefect.yaml, based on the JSON schema.
fn prefect_yaml() -> String {
    let schema = project::schema(SchemaOf::ProjectFile, std::iter::empty());
    let section = |title: &str, definition: &Value| {
        let fields = definition["properties"].as_object().into_iter().flatten();
        let rows = fields.map(|(key, field)| [key.clone(), text_of(&field["description"])]);
        format!("{title}:\n{}", ui::listing(rows))
    };
    let definitions = schema["$defs"].as_object().into_iter().flatten().filter(|(name, _)| *name != "step");
    let sections =
        definitions.map(|(name, definition)| section(&capitalized(&name.replace('_', " ")), definition));
    let sections: Vec<String> = std::iter::once(section("The file", &schema)).chain(sections).collect();
    format!(
        "prefect.yaml declares deployments: which flows to run, where and when.\n\n{}\n\nTemplates refer to \
         the outputs of a step by its `id`. `prefectl steps ls` lists the steps, and `prefectl steps show \
         NAME` describes one. `prefectl init` creates a project file, `prefectl check` reports errors in it, \
         and `prefectl schema` prints its JSON schema for editors. Almost every value can be a template: \
         see `prefectl help templates`.",
        sections.join("\n\n")
    )
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Names that are available in `<< >>` expressions, with their meanings.
const NAMES: [(&str, &str); 9] = [
    ("build-image.image", "output `image` of the step with ID `build-image`"),
    ("env.NAME", "environment variable"),
    ("environment", "environment selected with `--env`, or null"),
    ("git.sha, git.short_sha", "commit hash"),
    ("git.branch, git.tag, git.remote", "branch, tag and remote URL, or null"),
    ("git.dirty", "true if there are uncommitted changes"),
    ("flow.name, flow.function, flow.file", "name, function and file of the flow"),
    ("deployment.name", "name of the deployment"),
    ("variables.name", "Prefect variable"),
];

/// Placeholders between `{{ }}`.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("{{ build-image.image }}", "output `image` of the step with ID `build-image`"),
    ("{{ image }}", "`image` output of the last step that sets it"),
    ("{{ $NAME }}", "environment variable"),
    ("{{ prefect.variables.name }}", "Prefect variable"),
    ("{{ prefect.blocks.secret.name }}", "value of a block"),
    ("{{ ctx.flow_run.id }}", "left unchanged; Prefect resolves it when the flow runs"),
];

fn templates() -> String {
    let rows = |table: &[(&str, &str)]| {
        ui::listing(table.iter().map(|(name, meaning)| [(*name).to_owned(), (*meaning).to_owned()]))
    };
    format!(
        "Templates insert values from steps, the environment and the server into prefect.yaml.\n\n{{{{ name \
         }}}} is Prefect's syntax. If a value is missing, the placeholder is removed, replaced by an empty \
         string or left unchanged, and a warning is reported:\n{}\n\n<< expression >> is prefectl's syntax. \
         If a value is missing, an error with its location is reported:\n{}\n\nOperators: or, and, not, ==, \
         <, in, +, -, *, /, ~ (concatenation), a if condition else b.\nFilters, for example << git.branch | \
         slugify >>:\n{}\n\nIf a template is the whole value, the result keeps its type. If it is \
         part of a longer string, the result is converted to a string.",
        rows(&PLACEHOLDERS),
        rows(&NAMES),
        rows(&FILTERS),
    )
}

fn exit_codes() -> String {
    let rows = Exit::ALL.iter().map(|exit| [exit.code().to_string(), exit.meaning().to_owned()]);
    format!(
        "Exit codes:\n{}\n\nWith --compat-exit-codes, or if prefectl is called through a symbolic link \
         named `prefect`, every failure has exit code 1.",
        ui::listing(rows)
    )
}

/// Environment variables that are neither settings nor defaults of options.
const OTHERS: [(&str, &str); 3] = [
    ("PREFECT_PROFILE", "profile to use, like --profile"),
    ("PREFECT_HOME", "directory of the profiles"),
    ("PREFECTL_PYTHON", "Python interpreter or virtual environment with Prefect installed, like --python"),
];

/// Environment variables that many programs support by convention.
const CONVENTIONS: [(&str, &str); 5] = [
    ("NO_COLOR", "disables colors"),
    ("FORCE_COLOR", "enables colors even if there is no terminal"),
    ("TERM", "`dumb` disables the live view and prompts"),
    ("CI", "set by CI services; disables the live view and prompts"),
    ("GITHUB_ACTIONS", "enables annotations and, together with GITHUB_STEP_SUMMARY, a job summary"),
];

fn environment() -> String {
    let owned = |(name, meaning): (&str, &str)| [name.to_owned(), meaning.to_owned()];
    let mut options: Vec<[String; 2]> = OTHERS.into_iter().map(owned).collect();
    collect_options(&Cli::complete_command(), &mut options);
    options.sort_unstable();
    options.dedup_by(|option, previous| option[0] == previous[0]);
    let settings = names::READ.iter().map(|(name, meaning)| owned((name.canonical, meaning)));
    format!(
        "Prefect settings that prefectl uses. They can also be set in .env, prefect.toml, pyproject.toml \
         and profiles. `prefectl config view --show-defaults` shows all Prefect settings:\n{}\n\nOther \
         variables, most of which set defaults for options:\n{}\n\nConventional variables:\n{}",
        ui::listing(settings),
        ui::listing(options),
        ui::listing(CONVENTIONS.into_iter().map(owned)),
    )
}

/// Collects the options whose default can be set by an environment variable.
fn collect_options(command: &ClapCommand, found: &mut Vec<[String; 2]>) {
    for argument in command.get_arguments() {
        if let (Some(variable), Some(help)) = (argument.get_env(), argument.get_help()) {
            let option = argument.get_long().map(|long| format!("--{long}: ")).unwrap_or_default();
            found.push([variable.to_string_lossy().into_owned(), format!("{option}{help}")]);
        }
    }
    command.get_subcommands().for_each(|subcommand| collect_options(subcommand, found));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::expression::BUILT_IN;

    #[test]
    fn topics_cover_the_tables() {
        let all: String = Topic::all().map(text).collect();
        for name in BUILT_IN {
            assert!(NAMES.iter().any(|(shown, _)| shown.starts_with(&format!("{name}."))), "{name}");
        }
        for part in [
            "work_pool ",
            "concurrency_limit ",
            "slugify ",
            "{{ $NAME }}",
            "130 ",
            "PREFECT_API_URL ",
            "PREFECTL_PROJECT ",
            "PREFECTL_YES ",
            "PREFECTL_STRICT ",
            "PREFECTL_PYTHON ",
            "NO_COLOR ",
        ] {
            assert!(all.contains(part), "{part:?} is not in:\n{all}");
        }
    }

    #[test]
    fn book_lists_the_same_exit_codes() {
        let page = include_str!("../../docs/src/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(page.contains(&row), "docs/src/exit-codes.md lacks {row}");
        }
    }
}
