//! Implements `prefectl help TOPIC`. The help texts are generated from tables in the code.

use clap::Command as ClapCommand;
use serde_json::Value;

use crate::{
    cli::{Cli, Topic},
    error::Exit,
    project,
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
    let schema = project::schema(std::iter::empty());
    let section = |title: &str, definition: &Value| {
        let fields = definition["properties"].as_object().into_iter().flatten();
        let rows = fields.map(|(key, field)| [key.clone(), text_of(&field["description"])]);
        format!("{title}:\n{}", ui::listing(rows))
    };
    let definitions = schema["$defs"].as_object().into_iter().flatten().filter(|(name, _)| *name != "step");
    let sections =
        definitions.map(|(name, definition)| section(&format!("A {}", name.replace('_', " ")), definition));
    let sections: Vec<String> = std::iter::once(section("The file", &schema)).chain(sections).collect();
    format!(
        "prefect.yaml declares deployments: which flows to run, where and when.\n\n{}\n\n\
         Templates refer to the outputs of a step by its `id`. `prefectl steps ls` lists the steps, and `prefectl steps \
         show NAME` describes one. `prefectl init` creates a file, `prefectl check` finds mistakes in it, and `prefectl \
         schema` prints the JSON schema for editors. Almost every value can be a template: see `prefectl help templates`.",
        sections.join("\n\n")
    )
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Names that are available in `<< >>` expressions, with their meanings.
const NAMES: [(&str, &str); 8] = [
    ("build-image.image", "output `image` of the step with id `build-image`"),
    ("env.NAME", "environment variable"),
    ("git.sha, git.short_sha", "commit hash"),
    ("git.branch, git.tag, git.remote", "branch, tag and remote URL, or null"),
    ("git.dirty", "true if there are uncommitted changes"),
    ("flow.name", "name of the flow"),
    ("deployment.name, deployment.tags", "name and tags of the deployment"),
    ("variables.name", "Prefect variable"),
];

/// Placeholders between `{{ }}`.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("{{ build-image.image }}", "output `image` of the step with id `build-image`"),
    ("{{ image }}", "output `image` of the last step with such an output"),
    ("{{ $NAME }}", "environment variable"),
    ("{{ prefect.variables.name }}", "Prefect variable"),
    ("{{ prefect.blocks.secret.name }}", "value of a block"),
    ("{{ ctx.flow_run.id }}", "kept; Prefect resolves it when the flow runs"),
];

fn templates() -> String {
    let rows = |table: &[(&str, &str)]| {
        ui::listing(table.iter().map(|(name, meaning)| [(*name).to_owned(), (*meaning).to_owned()]))
    };
    format!(
        "Templates insert values from steps, the environment and the server into prefect.yaml.\n\n\
         {{{{ name }}}} is Prefect's syntax. A missing value is removed, empty or kept, with a warning:\n{}\n\n\
         << expression >> is prefectl's syntax. A missing value is an error with its location:\n{}\n\n\
         Operators: or, and, not, ==, <, in, +, -, *, /, ~ (concatenation), a if condition else b.\n\
         Filters, for example << git.branch | slugify >>:\n{}\n\n\
         A value that consists of a single template keeps its type. Inside a string, it is converted to a string.",
        rows(&PLACEHOLDERS),
        rows(&NAMES),
        rows(&FILTERS),
    )
}

fn exit_codes() -> String {
    let rows = Exit::ALL.iter().map(|exit| [exit.code().to_string(), exit.meaning().to_owned()]);
    format!(
        "Exit codes:\n{}\n\n\
         With --compat-exit-codes, or if prefectl is called through a link named `prefect`, every failure has exit code 1.",
        ui::listing(rows)
    )
}

/// Environment variables that are neither settings nor defaults of options.
const OTHERS: [(&str, &str); 3] = [
    ("PREFECT_PROFILE", "profile to use, like --profile"),
    ("PREFECT_HOME", "directory of the profiles"),
    ("PREFECTL_PYTHON", "Python interpreter or virtual environment with Prefect, like --python"),
];

/// Environment variables that many programs support by convention.
const CONVENTIONS: [(&str, &str); 5] = [
    ("NO_COLOR", "disables colours"),
    ("FORCE_COLOR", "enables colours even without a terminal"),
    ("TERM", "`dumb` disables the live view and prompts"),
    ("CI", "set by CI services; disables the live view and prompts"),
    ("GITHUB_ACTIONS", "enables annotations, and with GITHUB_STEP_SUMMARY a job summary"),
];

fn environment() -> String {
    let owned = |(name, meaning): (&str, &str)| [name.to_owned(), meaning.to_owned()];
    let mut options: Vec<[String; 2]> = OTHERS.into_iter().map(owned).collect();
    collect_options(&Cli::complete_command(), &mut options);
    options.sort();
    options.dedup_by(|option, previous| option[0] == previous[0]);
    let settings = names::READ.iter().map(|(name, meaning)| owned((name.canonical, meaning)));
    format!(
        "Prefect settings that prefectl uses. They can also be set in .env, prefect.toml, pyproject.toml and the profile. \
         `prefectl config view --show-defaults` shows all Prefect settings:\n{}\n\n\
         Other variables, most of which are defaults of options:\n{}\n\n\
         Conventions:\n{}",
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
