//! `prefectl drift`.

use owo_colors::OwoColorize;
use serde_json::{Value as Json, json};

use super::{
    Context, errors,
    plan::text::shown,
    target::{self, deploy_context, in_environment, project_id, selection_options, with_listed_files},
};
use crate::{
    cli::{DriftArguments, OutputFormat},
    deploy,
    deployment::Options,
    error::{CommandError, Exit},
    escape, json_diff,
    names::counted_objects,
    plan::{Difference, Drift, DriftState, DriftedDeployment, DriftedResource},
    pointer::Pointer,
};

pub(super) async fn run(arguments: &DriftArguments, context: &Context) -> Result<Exit, CommandError> {
    let project = project_id(arguments.project.as_deref(), context)?;
    let options = with_listed_files(selection_options(&arguments.selection, context)?, context)?;
    let options = Options { project: in_environment(project, &options), ..options };
    let client = target::client(&options, None, context)?;
    let options = Options { only_compares: true, ..options };
    let compared = deploy::compare(&deploy_context(&options, context), &client).await;
    let (plan, ambiguous) = compared.map_err(|error| errors::without_result(error, "comparison"))?;
    let drift = Drift::new(plan, ambiguous, arguments.include_ignored);
    match arguments.output {
        OutputFormat::Text => context.ui.result(&text(&drift)),
        OutputFormat::Json => context.ui.document(json!(drift)),
    }
    Ok(if drift.is_none() { Exit::Done } else { Exit::Changes })
}

fn text(drift: &Drift) -> String {
    let mut lines: Vec<String> = drift.resources.iter().flat_map(resource).collect();
    lines.extend(drift.deployments.iter().flat_map(deployment));
    let count = |state| drift.states().filter(|drifted| *drifted == state).count();
    let counts = [
        (count(DriftState::Differs), "changed"),
        (count(DriftState::Missing), "missing"),
        (count(DriftState::Extra), "extra"),
        (count(DriftState::Ambiguous), "ambiguous"),
        (count(DriftState::Same), "unchanged"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, words)| format!("{count} {words}")).collect();
    lines.push(match drift.deployments.len() {
        count if drift.is_none() => no_drift(count, drift.resources.len()),
        _ => format!("\nDrift: {}", counts.join(", ")),
    });
    lines.join("\n")
}

/// Returns the sentence for a comparison without differences.
fn no_drift(deployments: usize, resources: usize) -> String {
    let verb = if deployments + resources == 1 { "matches" } else { "match" };
    format!("\nNo drift: {} {verb}", counted_objects(deployments, resources))
}

fn headline(name: &str, state: DriftState) -> String {
    let name = escape::line(name);
    match state {
        DriftState::Same => format!("= {name}").dimmed().to_string(),
        DriftState::Differs => format!("~ {name} has changed").yellow().to_string(),
        DriftState::Missing => format!("- {name} is missing on the server").red().to_string(),
        DriftState::Extra => {
            format!("+ {name} exists on the server but not in the file").yellow().to_string()
        }
        DriftState::Ambiguous => format!("? {name} exists multiple times on the server").yellow().to_string(),
    }
}

/// Returns the heading suffix that names the project file, or an empty string if the command has only one project
/// file.
fn in_file(file: Option<&String>, state: DriftState) -> String {
    let preposition = if state == DriftState::Missing { ", declared in" } else { " in" };
    file.map(|file| format!("{preposition} {}", escape::line(file)).dimmed().to_string()).unwrap_or_default()
}

fn resource(drifted: &DriftedResource) -> Vec<String> {
    let title = format!("{} {}", drifted.kind.name(), drifted.name);
    let mut lines = vec![headline(&title, drifted.state) + &in_file(drifted.file.as_ref(), drifted.state)];
    lines.extend(drifted.ids.iter().map(|id| format!("    id: {id}")));
    lines.extend(differences(&drifted.differences));
    lines
}

fn deployment(drifted: &DriftedDeployment) -> Vec<String> {
    let headline = headline(&drifted.name, drifted.state);
    let mut lines = vec![headline + &in_file(drifted.file.as_ref(), drifted.state)];
    lines.extend(differences(&drifted.differences));
    if !drifted.not_compared.is_empty() {
        let line =
            format!("    not compared because the value is unknown: {}", drifted.not_compared.join(", "));
        lines.push(escape::line(&line).dimmed().to_string());
    }
    lines
}

fn differences(differences: &[Difference]) -> impl Iterator<Item = String> {
    differences.iter().flat_map(difference).map(|line| escape::line(&line).into_owned())
}

fn difference(difference: &Difference) -> Vec<String> {
    let Difference { field, file, server, retained, ignored } = difference;
    let suffix = if *ignored { "; listed in `ignore_changes`" } else { "" };
    if let Some(reason) = retained {
        let file = if file.is_null() { String::new() } else { format!("file {}, ", shown(file)) };
        return vec![format!("    {field}: {file}server {}; {reason}", shown(server))];
    }
    let side = |value: Option<&Json>| value.map_or_else(|| "none".to_owned(), shown);
    let some = |value| Some(value).filter(|value: &&Json| !value.is_null());
    if file.is_null() || server.is_null() {
        let (file, server) = (side(some(file)), side(some(server)));
        return vec![format!("    {field}: file {file}, server {server}{suffix}")];
    }
    let changed_values = json_diff::changed_values(Pointer::root().join(field.as_str()), server, file);
    let line = |change: &json_diff::ChangedValue<'_>| {
        format!("    {}: file {}, server {}{suffix}", change.path, side(change.new), side(change.old))
    };
    changed_values.iter().map(line).collect()
}
