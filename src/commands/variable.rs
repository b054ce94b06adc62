//! `prefectl variable`.

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::{Client, JsonObject, NamedObject},
    cli::{OutputArguments, VariableCommand},
    diagnostics::similar_name,
    error::{CommandError, Exit},
    flow_run, python,
    ui::Caption,
    value::{self, JsonError},
};

pub(super) async fn run(command: VariableCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        VariableCommand::Ls { limit, output } => {
            let variables = client.variables(limit.unwrap_or(usize::MAX)).await?;
            let row = |variable: &NamedObject| {
                let [created, updated] = ["created", "updated"].map(|field| time(variable, field, context));
                let value = variable.raw.get("value").unwrap_or(&Value::Null);
                [variable.name.clone(), value_text(value, context), created, updated]
            };
            let caption = Caption { title: "Variables", note: "List Variables using `prefect variable ls`" };
            context.show(
                output,
                || {
                    context.ui.table(
                        caption,
                        ["Name", "Value", "Created", "Updated"],
                        variables.iter().map(row),
                    )
                },
                || variables.iter().map(|variable| Value::Object(variable.raw.clone())).collect(),
            );
        }
        VariableCommand::Inspect { name, output } => {
            context.show_object(output, find(&client, &name).await?.raw)?;
        }
        VariableCommand::Get { name } => {
            let Some(text) = client.variable_text(&name).await? else {
                return Err(missing(&client, &name).await);
            };
            // A value with an integer that does not fit in 64 bits is printed as the server returns it.
            let text = value::parse_json(&text).map_or(text, |value| value_text(&value, context));
            // The value is not masked, because the command's only purpose is to print it.
            context.ui.result_with_secrets(&text);
        }
        VariableCommand::Set { name, value, overwrite, tag, empty_tag, output } => {
            let value = match value::parse_json(&value) {
                Ok(value) => value,
                Err(JsonError::Syntax(_)) => Value::String(value),
                Err(JsonError::Number(error)) => return Err(CommandError::usage(error)),
            };
            let tags = (empty_tag || !tag.is_empty()).then_some(tag.as_slice());
            set(&client, &name, &value, tags, overwrite, output, context).await?;
        }
        VariableCommand::Unset { name, consent, output } => {
            find(&client, &name).await?;
            let question = format!("Are you sure you want to unset variable {}?", python::quoted(&name));
            context.confirm_deletion(consent, &question, "Unset aborted.").await?;
            client.delete_variable(&name).await?;
            context.done(output, "deleted", json!({"name": name}), || {
                format!("Unset variable {}.", python::quoted(&name))
            });
        }
    }
    Ok(Exit::Done)
}

/// Formats the value of a variable as JSON. Uses the format of Python's `json` module if prefectl replaces Prefect.
fn value_text(value: &Value, context: &Context) -> String {
    if context.is_prefect { python::json_dumps(value) } else { value.to_string() }
}

/// Formats a variable's timestamp. If prefectl replaces Prefect, the timestamp is relative to now, as in Prefect.
fn time(variable: &NamedObject, field: &str, context: &Context) -> String {
    let time = variable.text(field);
    match time.parse() {
        Ok(time) if context.is_prefect => flow_run::relative(context.clock.now(), time),
        _ => time.to_owned(),
    }
}

/// Maximum number of variables whose names are compared with a misspelled name.
const MAX_CANDIDATES: usize = 1000;

async fn find(client: &Client, name: &str) -> Result<NamedObject, CommandError> {
    match client.variable_object(name).await? {
        Some(variable) => Ok(variable),
        None => Err(missing(client, name).await),
    }
}

/// Creates the error for a variable that does not exist.
async fn missing(client: &Client, name: &str) -> CommandError {
    let known = client.variables(MAX_CANDIDATES).await.unwrap_or_default();
    let similar = similar_name(name, known.iter().map(|variable| variable.name.as_str()));
    let message = format!("Variable {} not found.", python::quoted(name));
    CommandError::new(Exit::Failed, message).suggest(similar)
}

async fn set(
    client: &Client,
    name: &str,
    value: &Value,
    tags: Option<&[String]>,
    overwrite: bool,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let mut body =
        JsonObject::from_iter([("name".to_owned(), json!(name)), ("value".to_owned(), value.clone())]);
    let is_update = client.variable_object(name).await?.is_some();
    if is_update && !overwrite {
        let message =
            format!("Variable {} already exists. Use `--overwrite` to update it.", python::quoted(name));
        return Err(CommandError::new(Exit::Failed, message));
    }
    // An update without tags keeps the existing tags.
    if !is_update || tags.is_some() {
        body.insert("tags".to_owned(), json!(tags.unwrap_or_default()));
    }
    if is_update {
        client.update_variable(name, &body).await?;
    } else {
        client.create_variable(&body).await?;
    }
    let action = if is_update { "updated" } else { "created" };
    context.done(output, action, json!({"name": name, "value": value}), || {
        format!("Set variable {}.", python::quoted(name))
    });
    Ok(())
}
