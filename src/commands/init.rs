//! `prefectl init`.

use serde_json::json;

use super::Context;
use crate::{
    cli::{InitArguments, OutputArguments},
    error::{CommandError, Exit},
    init::{self, Created, FieldQuestion, InitError, InitOptions, NewProject, Recipe, SchemaLocation},
    names::counted,
    python,
    questions::{Ask as _, NoAnswer, Select},
    storage::ignore_file,
};

pub(super) async fn run(arguments: InitArguments, context: &Context) -> Result<Exit, CommandError> {
    let output = arguments.output;
    let mut options = options(arguments)?;
    let project = match NewProject::in_directory(&context.directory, &context.environment) {
        Err(InitError::Exists(_)) if context.is_prefect => return keep_existing(context),
        project => project?,
    };
    let can_ask = context.can_run_wizard();
    if can_ask && options.recipe.is_none() {
        options.recipe = ask_recipe(context).await?;
    }
    if context.is_prefect {
        let recipe = options.recipe.unwrap_or_else(|| project.detected_recipe());
        for field in recipe.remove_unknown(&mut options.fields) {
            context.ui.note(&format!("the recipe '{}' has no field '{field}'", recipe.name()));
        }
    }
    if let Some(recipe) = options.recipe {
        let questions = project.questions(recipe, &options.fields)?;
        if can_ask {
            ask_fields(questions, &mut options.fields, context).await?;
        } else {
            read_fields(questions, &mut options.fields, context).await;
        }
    }
    report(&project.create(&options)?, output, context);
    Ok(Exit::Done)
}

fn options(arguments: InitArguments) -> Result<InitOptions, CommandError> {
    let recipe = arguments.recipe.as_deref().map(Recipe::parse).transpose().map_err(|error| {
        let name = python::quoted(arguments.recipe.as_deref().unwrap_or_default());
        let sentence =
            format!("Unknown recipe {name} provided - run `prefect init` to see all available recipes.");
        CommandError { reference: Some(sentence), ..CommandError::from(error) }
    })?;
    Ok(InitOptions {
        name: arguments.name,
        recipe,
        fields: arguments.field,
        schema: arguments.schema.as_deref().map(SchemaLocation::parse).transpose()?.unwrap_or_default(),
    })
}

/// Prompts for the recipe's remaining fields and adds the answers to `fields`.
async fn ask_fields(
    questions: Vec<FieldQuestion>,
    fields: &mut Vec<String>,
    context: &Context,
) -> Result<(), NoAnswer> {
    for question in questions {
        let answer = context.ui.text(question.name, question.default).await?;
        fields.push(format!("{}={answer}", question.name));
    }
    Ok(())
}

/// Reads the fields of a recipe from the lines of stdin, as in `printf 'my-bucket\n' | prefectl init ...`. A field with
/// an empty or missing line keeps its placeholder.
async fn read_fields(questions: Vec<FieldQuestion>, fields: &mut Vec<String>, context: &Context) {
    for question in questions {
        let Some(answer) = context.ui.piped_text(question.name).await else { return };
        if !answer.is_empty() {
            fields.push(format!("{}={answer}", question.name));
        }
    }
}

async fn ask_recipe(context: &Context) -> Result<Option<Recipe>, NoAnswer> {
    let recipes: Vec<Recipe> = Recipe::all().collect();
    let row = |recipe: &Recipe| vec![recipe.name().to_owned(), recipe.description().to_owned()];
    let question = "Would you like to initialize your deployment configuration with a recipe?";
    let select = Select::new(question, recipes.iter().map(row).collect())
        .or("No, I'll use the default deployment configuration.");
    Ok(context.ui.select(select).await?.and_then(|row| recipes.get(row).copied()))
}

/// Keeps an existing project file without an error, as Prefect does. Creates the ignore file if there is none.
fn keep_existing(context: &Context) -> Result<Exit, CommandError> {
    let has_new_ignore_file = ignore_file::create_default(&context.directory).map_err(InitError::File)?;
    context.ui.result(&created_in(context, has_new_ignore_file.then_some(ignore_file::NAME).as_slice()));
    Ok(Exit::Done)
}

/// Formats the created files in Prefect's words.
fn created_in(context: &Context, files: &[&str]) -> String {
    let directory = context.directory.display();
    match files {
        [] => format!("Created project in {directory}; no new files created."),
        files => {
            format!("Created project in {directory} with the following new files:\n{}", files.join("\n"))
        }
    }
}

fn report(created: &Created, output: OutputArguments, context: &Context) {
    let recipe = created.recipe.name();
    let placeholders = &created.placeholders;
    let ignore_file = created.has_new_ignore_file.then_some(ignore_file::NAME);
    let fields = json!({
        "file": created.file,
        "ignore_file": ignore_file,
        "recipe": recipe,
        "flows": created.flows,
        "made_up": placeholders,
    });
    context.done(output, "created", fields, || {
        if context.is_prefect {
            let files: Vec<&str> = ignore_file.into_iter().chain([init::FILE]).collect();
            return created_in(context, &files);
        }
        let flows = match created.flows {
            0 => "no flows found".to_owned(),
            count => counted(count, "flow"),
        };
        let files = [Some(init::FILE), ignore_file].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        format!("Created {files} with the '{recipe}' recipe: {flows}.")
    });
    if let Some(first) = placeholders.first() {
        context.ui.note(&format!(
            "Replace the placeholder values in the file: {}. To set values in advance, use `--field \
             {first}=...`.",
            placeholders.join(", ")
        ));
    }
    if created.flows > 0 {
        context.ui.note("Next, run `prefectl check` and then `prefectl deploy --all`.");
    }
}

impl From<InitError> for CommandError {
    fn from(error: InitError) -> Self {
        match error {
            error @ (InitError::File(_) | InitError::Exists(_)) => Self::new(Exit::Failed, error),
            error => Self::usage(error),
        }
    }
}
