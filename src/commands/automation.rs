//! `prefectl automation`.

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::{Automation, Client},
    cli::{AutomationCommand, ConsentArguments, OutputArguments, WhichAutomation},
    diagnostics::similar_name,
    error::{CommandError, Exit},
    names::counted,
    python,
    ui::Caption,
};

pub(super) async fn run(command: AutomationCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        AutomationCommand::Ls { output } => {
            let mut automations = client.automations().await?;
            automations.sort_by(|a, b| a.name.cmp(&b.name));
            context.show(
                output,
                || table(&automations, context),
                || automations.iter().map(|automation| Value::Object(automation.raw.clone())).collect(),
            );
        }
        AutomationCommand::Inspect { which, format } => {
            let mut found = find(&client, &which).await?.into_iter().map(|found| Value::Object(found.raw));
            let shown = if which.id.is_some() { found.next().unwrap_or_default() } else { found.collect() };
            context.show_value(format.format(), shown)?;
        }
        AutomationCommand::Delete { which, all, consent, output } => {
            let automations = if all { client.automations().await? } else { find(&client, &which).await? };
            delete(&which, &automations, consent, output, &client, context).await?;
        }
        AutomationCommand::Pause { which, consent, output } => {
            enable(&client, &which, false, consent, output, context).await?;
        }
        AutomationCommand::Resume { which, consent, output } => {
            enable(&client, &which, true, consent, output, context).await?;
        }
    }
    Ok(Exit::Done)
}

/// Deletes automations after the user has confirmed. Deletes nothing if multiple automations have the requested name.
async fn delete(
    which: &WhichAutomation,
    automations: &[Automation],
    consent: ConsentArguments,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    if let ([_, _, ..], Some(name)) = (automations, &which.name) {
        let name = python::quoted(name);
        let message = format!(
            "Multiple automations found with name {name}. Please specify an id with the `--id` flag instead."
        );
        return Err(CommandError::new(Exit::Failed, message).help(ids(automations)));
    }
    let question = match automations {
        [automation] => {
            format!("Are you sure you want to delete automation {}?", python::quoted(&automation.name))
        }
        _ => format!("Are you sure you want to delete all {} automations?", automations.len()),
    };
    if !automations.is_empty() {
        context.confirm_deletion(consent, &question, "Deletion aborted.").await?;
    }
    for (done, automation) in automations.iter().enumerate() {
        client
            .delete_automation(automation.id)
            .await
            .map_err(|error| CommandError::from(error).after_changes(done, automations.len(), "deleted"))?;
    }
    let text = deleted(which, automations.len());
    context.done(output, "deleted", entries(automations), || text);
    Ok(())
}

/// Formats automations as a table. In Prefect's table, the ID is below the name.
fn table(automations: &[Automation], context: &Context) -> String {
    let caption = Caption::new("Automations");
    if !context.is_prefect {
        let header = ["Automation", "ID", "Enabled", "Trigger", "Actions"];
        return context.ui.table(caption, header, automations.iter().map(row));
    }
    let rows = automations.iter().flat_map(|automation| {
        let [name, id, enabled, trigger, actions] = row(automation);
        [[name, enabled, trigger, actions], [id, String::new(), String::new(), String::new()]]
    });
    context.ui.table(caption, ["Automation", "Enabled", "Trigger", "Actions"], rows)
}

fn row(automation: &Automation) -> [String; 5] {
    let text = |value: Option<&Value>| value.map_or_else(String::new, python::json_text);
    let actions = automation.raw.get("actions").and_then(Value::as_array).into_iter().flatten();
    let actions: Vec<String> = actions.map(|action| text(action.get("type"))).collect();
    let trigger = automation.raw.get("trigger").map_or_else(String::new, trigger);
    [
        automation.name.clone(),
        automation.id.to_string(),
        text(automation.raw.get("enabled")),
        trigger,
        actions.join(", "),
    ]
}

/// Summarizes a trigger as its type and the events that it expects, such as `event: prefect.flow-run.Failed`.
fn trigger(trigger: &Value) -> String {
    let kind = trigger.get("type").and_then(Value::as_str).unwrap_or_default();
    let expected = trigger.get("expect").and_then(Value::as_array).into_iter().flatten();
    let expected: Vec<&str> = expected.filter_map(Value::as_str).collect();
    if expected.is_empty() { kind.to_owned() } else { format!("{kind}: {}", expected.join(", ")) }
}

/// Returns the automation with the given ID, or all automations with the given name.
///
/// # Errors
///
/// Fails if no automation matches.
async fn find(client: &Client, which: &WhichAutomation) -> Result<Vec<Automation>, CommandError> {
    let missing = |message: String| CommandError::new(Exit::Failed, message);
    match (&which.name, which.id) {
        (_, Some(id)) => {
            let found = client.automation(id).await?;
            let found = found.ok_or_else(|| missing(format!("Automation with id '{id}' not found.")))?;
            Ok(vec![found])
        }
        (Some(name), None) => {
            let all = client.automations().await?;
            let names: Vec<String> = all.iter().map(|automation| automation.name.clone()).collect();
            let found: Vec<Automation> =
                all.into_iter().filter(|automation| automation.name == *name).collect();
            if found.is_empty() {
                return Err(missing(format!("Automation {} not found.", python::quoted(name)))
                    .help("run `prefectl automation ls` to list the automations")
                    .suggest(similar_name(name, names.iter().map(String::as_str))));
            }
            Ok(found)
        }
        (None, None) => Err(CommandError::usage("Please provide either a name or an id.")),
    }
}

fn ids(automations: &[Automation]) -> String {
    let ids: Vec<String> = automations.iter().map(|automation| automation.id.to_string()).collect();
    format!("their ids: {}", ids.join(", "))
}

fn entries(automations: &[Automation]) -> Value {
    let entry = |automation: &Automation| json!({"id": automation.id, "name": automation.name});
    json!({"automations": automations.iter().map(entry).collect::<Vec<_>>()})
}

fn deleted(which: &WhichAutomation, count: usize) -> String {
    match (&which.name, which.id) {
        (_, Some(id)) => format!("Deleted automation with id '{id}'"),
        (Some(name), None) => format!("Deleted automation with name {}", python::quoted(name)),
        (None, None) if count == 0 => "No automations found.".to_owned(),
        (None, None) => format!("Deleted {}.", counted(count, "automation")),
    }
}

/// Pauses or resumes automations. If multiple automations have the requested name, the user must confirm first.
async fn enable(
    client: &Client,
    which: &WhichAutomation,
    enabled: bool,
    consent: ConsentArguments,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let automations = find(client, which).await?;
    if let ([_, _, ..], Some(name)) = (automations.as_slice(), &which.name) {
        let (verb, noun) = if enabled { ("resume", "Resume") } else { ("pause", "Pause") };
        let question = format!(
            "Multiple automations found with name {}. Do you want to {verb} all of them?",
            python::quoted(name)
        );
        context.confirm(consent, &question, &format!("{noun} aborted.")).await?;
    }
    let (action, verb) = if enabled { ("resumed", "Resumed") } else { ("paused", "Paused") };
    for (done, automation) in automations.iter().enumerate() {
        client
            .enable_automation(automation.id, enabled)
            .await
            .map_err(|error| CommandError::from(error).after_changes(done, automations.len(), action))?;
    }
    context.done(output, action, entries(&automations), || {
        if let Some(name) = &which.name {
            let ids: Vec<String> =
                automations.iter().map(|automation| format!("'{}'", automation.id)).collect();
            return format!(
                "{verb} automation(s) with name {} and id(s) {}.",
                python::quoted(name),
                ids.join(", ")
            );
        }
        let line = |automation: &Automation| format!("{verb} automation with id '{}'.", automation.id);
        automations.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}
