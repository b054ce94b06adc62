//! `prefectl flow`: what the sources say of flows. No Python runs and no server is asked.

use std::path::{Component, Path};

use serde_json::{Value, json};

use super::Context;
use crate::{
    cli::{FlowCommand, OutputFormat},
    error::{CommandError, Exit},
    flow::{self, Entrypoint, Flow, FoundFlow, Inspector},
};

pub(super) fn run(command: &FlowCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        FlowCommand::Ls { path, output } => list(path, *output, context),
        FlowCommand::Inspect { entrypoint, output } => inspect(entrypoint, *output, context),
    }
}

fn list(path: &Path, output: OutputFormat, context: &Context) -> Result<Exit, CommandError> {
    let directory = context.directory.join(path);
    if !directory.is_dir() {
        return Err(CommandError::usage(format!("there is no directory '{}'", path.display())));
    }
    let mut found = flow::discover(&directory);
    for flow in &mut found {
        if let Ok(relative) = flow.path.strip_prefix(&context.directory) {
            flow.path = relative.components().filter(|part| *part != Component::CurDir).collect();
        }
    }
    match output {
        OutputFormat::Text if found.is_empty() => context.ui.note("No flows found."),
        OutputFormat::Text => found.iter().for_each(|flow| context.ui.result(&line(flow))),
        OutputFormat::Json => {
            let entry = |flow: &FoundFlow| json!({"file": flow.path, "function": flow.function, "line": flow.line, "name": flow.name});
            let flows: Vec<Value> = found.iter().map(entry).collect();
            context.ui.result(&json!({"schema": 1, "flows": flows}).to_string());
        }
    }
    Ok(Exit::Done)
}

/// The entrypoint as `deploy` takes it, and the name.
fn line(flow: &FoundFlow) -> String {
    format!("{}:{}  {} (line {})", flow.path.display(), flow.function, flow.name, flow.line)
}

fn inspect(entrypoint: &str, output: OutputFormat, context: &Context) -> Result<Exit, CommandError> {
    let parsed = Entrypoint::parse(entrypoint).map_err(CommandError::usage)?;
    let inspected = Inspector::new().inspect(&parsed, &context.directory, &context.environment);
    match (inspected, output) {
        (Ok(flow), OutputFormat::Json) => context.ui.result(&document(entrypoint, &flow).to_string()),
        (Ok(flow), OutputFormat::Text) => context.ui.result(&text(&flow)),
        (Err(error), OutputFormat::Json) => {
            let failed = json!({
                "schema": 1, "entrypoint": entrypoint, "flow_name": null, "description": null, "version": null,
                "parameter_openapi_schema": null, "grade": "failed", "reasons": [error.to_string()],
            });
            context.ui.result(&failed.to_string());
            return Err(CommandError::findings(Exit::Failed, vec![error.diagnostic()]));
        }
        (Err(error), OutputFormat::Text) => {
            return Err(CommandError::findings(Exit::Failed, vec![error.diagnostic()]));
        }
    }
    Ok(Exit::Done)
}

fn document(entrypoint: &str, flow: &Flow) -> Value {
    json!({
        "schema": 1,
        "entrypoint": entrypoint,
        "flow_name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameter_openapi_schema": flow.parameters,
        "grade": flow.grade.name(),
        "reasons": reasons(flow),
    })
}

fn text(flow: &Flow) -> String {
    let place = flow.place.start();
    let mut lines = vec![
        format!("Flow '{}' in {}:{}", flow.name, flow.place.source.name(), place.line),
        format!("Version: {}", flow.version.as_deref().unwrap_or("none")),
        format!("Description: {}", flow.description.as_deref().unwrap_or("none")),
        format!("Parameters ({}):", flow.grade.name()),
        format!("{:#}", flow.parameters),
    ];
    lines.extend(reasons(flow).into_iter().map(|reason| format!("Not known without Python: {reason}")));
    lines.join("\n")
}

fn reasons(flow: &Flow) -> Vec<String> {
    let reason = |reason: &flow::Reason| match &reason.parameter {
        Some(parameter) => format!("{parameter}: {}", reason.reason),
        None => reason.reason.clone(),
    };
    flow.reasons.iter().map(reason).collect()
}
