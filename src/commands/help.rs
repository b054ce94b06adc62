//! `prefectl help TOPIC`: what the tables of the program say, for people.

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

/// The text about a topic.
pub(crate) fn text(topic: Topic) -> String {
    match topic {
        Topic::PrefectYaml => prefect_yaml(),
        Topic::Templates => templates(),
        Topic::ExitCodes => exit_codes(),
        Topic::Environment => environment(),
    }
}

/// Every key with what it is for, from the table that the file is read by.
fn prefect_yaml() -> String {
    let schema = project::schema(std::iter::empty());
    let section = |title: &str, definition: &Value| {
        let fields = definition["properties"].as_object().into_iter().flatten();
        let rows = fields.map(|(key, field)| [key.clone(), text_of(&field["description"])]);
        format!("{title}:\n{}", ui::listing(rows))
    };
    let definitions = schema["$defs"].as_object().into_iter().flatten().filter(|(name, _)| *name != "step");
    let sections = definitions.map(|(name, one)| section(&format!("A {}", name.replace('_', " ")), one));
    let sections: Vec<String> = std::iter::once(section("The file", &schema)).chain(sections).collect();
    format!(
        "prefect.yaml describes deployments: what to run, where and when.\n\n{}\n\n\
         Steps have a key `id`, by which templates find their outputs: `prefectl steps ls` lists them, `prefectl steps \
         show NAME` explains one. `prefectl init` writes a file to begin with, `prefectl check` finds the mistakes in \
         one, `prefectl schema` prints all of this for editors. Almost every value may be a template: see `prefectl \
         help templates`.",
        sections.join("\n\n")
    )
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The names that expressions see.
const NAMES: [(&str, &str); 8] = [
    ("build-image.image", "an output of a step, by its id"),
    ("env.NAME", "an environment variable"),
    ("git.sha, git.short_sha", "the commit"),
    ("git.branch, git.tag, git.remote", "null where there is none"),
    ("git.dirty", "true if something is not committed"),
    ("flow.name", "the flow"),
    ("deployment.name, deployment.tags", "what is deployed"),
    ("variables.name", "a variable of the server"),
];

/// What `{{ }}` takes.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("{{ build-image.image }}", "the output `image` of the step with the id `build-image`"),
    ("{{ image }}", "the output `image` of the last step that gave one"),
    ("{{ $NAME }}", "an environment variable"),
    ("{{ prefect.variables.name }}", "a variable of the server"),
    ("{{ prefect.blocks.secret.name }}", "the value of a block"),
    ("{{ ctx.flow_run.id }}", "stays: it is filled in when the flow runs"),
];

fn templates() -> String {
    let rows = |table: &[(&str, &str)]| {
        ui::listing(table.iter().map(|(name, meaning)| [(*name).to_owned(), (*meaning).to_owned()]))
    };
    format!(
        "Values of prefect.yaml can be filled in from steps, the environment and the server.\n\n\
         {{{{ name }}}} is Prefect's; what is not there is removed, empty or kept, with a warning:\n{}\n\n\
         << expression >> is prefectl's; what is not there is an error, with its place:\n{}\n\n\
         Operators: or, and, not, ==, <, in, +, -, *, /, ~ (joins texts), a if condition else b.\n\
         Filters, as in << git.branch | slugify >>:\n{}\n\n\
         A value that is one template keeps its type; inside text it becomes text.",
        rows(&PLACEHOLDERS),
        rows(&NAMES),
        rows(&FILTERS),
    )
}

fn exit_codes() -> String {
    let rows = Exit::ALL.iter().map(|exit| [exit.code().to_string(), exit.meaning().to_owned()]);
    format!(
        "The exit code tells how a command ended:\n{}\n\n\
         With --compat-exit-codes, and through a link named `prefect`, every failure is 1.",
        ui::listing(rows)
    )
}

/// Variables that are no settings and in the place of no option.
const OTHERS: [(&str, &str); 3] = [
    ("PREFECT_PROFILE", "the profile to use, as with --profile"),
    ("PREFECT_HOME", "the folder of the profiles"),
    ("PREFECTL_PYTHON", "the Python with Prefect, or its virtual environment, as with --python"),
];

/// What other programs agree on.
const CONVENTIONS: [(&str, &str); 5] = [
    ("NO_COLOR", "no colours"),
    ("FORCE_COLOR", "colours even where there is no terminal; nothing else is changed by it"),
    ("TERM", "`dumb`: no live view, and no questions"),
    ("CI", "set by pipelines: no live view"),
    ("GITHUB_ACTIONS", "annotations, and with GITHUB_STEP_SUMMARY a summary"),
];

fn environment() -> String {
    let owned = |(name, meaning): (&str, &str)| [name.to_owned(), meaning.to_owned()];
    let mut options: Vec<[String; 2]> = OTHERS.into_iter().map(owned).collect();
    options_of(&Cli::complete_command(), &mut options);
    options.sort();
    options.dedup_by(|one, other| one[0] == other[0]);
    let settings = names::READ.iter().map(|(name, meaning)| owned((name.canonical, meaning)));
    format!(
        "Settings of Prefect that prefectl uses. They can also be in .env, prefect.toml, pyproject.toml and the profile; \
         `prefectl config view --show-defaults` shows all that Prefect knows:\n{}\n\n\
         Other variables, most of them in the place of an option:\n{}\n\n\
         Conventions:\n{}",
        ui::listing(settings),
        ui::listing(options),
        ui::listing(CONVENTIONS.into_iter().map(owned)),
    )
}

/// The options that a variable can give, with what they do.
fn options_of(command: &ClapCommand, found: &mut Vec<[String; 2]>) {
    for argument in command.get_arguments() {
        if let (Some(variable), Some(help)) = (argument.get_env(), argument.get_help()) {
            let option = argument.get_long().map(|long| format!("--{long}: ")).unwrap_or_default();
            found.push([variable.to_string_lossy().into_owned(), format!("{option}{help}")]);
        }
    }
    command.get_subcommands().for_each(|subcommand| options_of(subcommand, found));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::expression::BUILT_IN;

    #[test]
    fn topics_tell_all_that_the_tables_have() {
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
    fn the_book_has_the_same_exit_codes() {
        let page = include_str!("../../docs/src/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(page.contains(&row), "docs/src/exit-codes.md lacks {row}");
        }
    }
}
