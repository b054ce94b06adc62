//! `prefectl drift`.

use owo_colors::OwoColorize;
use serde_json::{Value as Json, json};

use super::{Context, connection, plan::text::shown, target::deploy_context};
use crate::{
    cli::{DriftArguments, OutputFormat},
    deploy::{self, Server},
    error::{CommandError, Exit},
    json_diff,
    plan::{Difference, Drift, DriftState, DriftedDeployment},
    pointer::Pointer,
};

pub(super) async fn run(arguments: &DriftArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = arguments.selection.options();
    let (client, links) = (connection::client(context)?, connection::links(context));
    let server = Server { client: &client, links: &links };
    let drift = Drift::from(deploy::plan(&deploy_context(&options, context), &server).await?);
    match arguments.output {
        OutputFormat::Text => context.ui.result(&text(&drift)),
        OutputFormat::Json => context.ui.document(&json!(drift)),
    }
    Ok(if drift.is_none() { Exit::Done } else { Exit::Changes })
}

fn text(drift: &Drift) -> String {
    let mut lines: Vec<String> = drift.deployments.iter().flat_map(deployment).collect();
    let count = |state| drift.deployments.iter().filter(|one| one.state == state).count();
    let counts = [
        (count(DriftState::Differs), "different"),
        (count(DriftState::Missing), "missing"),
        (count(DriftState::Extra), "extra"),
        (count(DriftState::Same), "the same"),
    ];
    let told = counts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, words)| format!("{count} {words}")).collect();
    lines.push(format!("\nDrift: {}.", told.join(", ")));
    lines.join("\n")
}

fn deployment(one: &DriftedDeployment) -> Vec<String> {
    let headline = match one.state {
        DriftState::Same => format!("= {}", one.name).dimmed().to_string(),
        DriftState::Differs => format!("~ {} differs", one.name).yellow().to_string(),
        DriftState::Missing => format!("- {} is not on the server", one.name).red().to_string(),
        DriftState::Extra => format!("+ {} is not in the file", one.name).yellow().to_string(),
    };
    let mut lines = vec![headline];
    lines.extend(one.differences.iter().flat_map(difference));
    if !one.not_compared.is_empty() {
        let line = format!("    not compared, since steps decide: {}", one.not_compared.join(", "));
        lines.push(line.dimmed().to_string());
    }
    lines
}

fn difference(one: &Difference) -> Vec<String> {
    let Difference { field, file, server, retained } = one;
    if let Some(reason) = retained {
        return vec![format!("    {field}: server {}; {reason}", shown(server))];
    }
    let side = |value: Option<&Json>| value.map_or_else(|| "nothing".to_owned(), shown);
    let some = |value| Some(value).filter(|value: &&Json| !value.is_null());
    if file.is_null() || server.is_null() {
        return vec![format!("    {field}: file {}, server {}", side(some(file)), side(some(server)))];
    }
    let changed_values = json_diff::changed_values(Pointer::root().join(field.as_str()), server, file);
    let line = |change: &json_diff::ChangedValue<'_>| {
        format!("    {}: file {}, server {}", change.path, side(change.new), side(change.old))
    };
    changed_values.iter().map(line).collect()
}
