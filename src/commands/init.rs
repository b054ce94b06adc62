//! `prefectl init`.

use serde_json::json;

use super::Context;
use crate::{
    cli::InitArguments,
    error::{CommandError, Exit},
    init::{self, InitError, InitOptions, Recipe, SchemaLocation},
    names::counted,
    storage::ignore_file,
};

pub(super) fn run(arguments: InitArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = InitOptions {
        name: arguments.name,
        recipe: arguments.recipe.as_deref().map(Recipe::parse).transpose()?,
        fields: arguments.field,
        schema: arguments.schema.as_deref().map(SchemaLocation::parse).transpose()?.unwrap_or_default(),
    };
    let created = init::create(&context.directory, &options, &context.environment)?;
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
    context.done(arguments.output, "created", fields, || {
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
    Ok(Exit::Done)
}

impl From<InitError> for CommandError {
    fn from(error: InitError) -> Self {
        match error {
            error @ (InitError::File(_) | InitError::Exists(_)) => Self::new(Exit::Failed, error),
            error => Self::usage(error),
        }
    }
}
