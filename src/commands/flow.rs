//! Implements `prefectl flow`: inspects flows in source code, and imports them with Python if static analysis fails.
//! Never connects to a server.

use std::{mem::ManuallyDrop, path::PathBuf};

use serde_json::{Value, json};

use super::Context;
use crate::{
    cli::{FlowCommand, OutputFormat},
    diagnostics::Diagnostic,
    error::{CommandError, Exit},
    escape,
    flow::{self, DiscoveredFlow, Entrypoint, Flow, FlowError, ImportContext, Inspector, PythonUse},
    progress::Progress,
};

pub(super) async fn run(command: &FlowCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        FlowCommand::Ls { paths, output } => list(paths, *output, context),
        FlowCommand::Inspect { entrypoint, python, output } => {
            inspect(entrypoint, &python.python_use(), *output, context).await
        }
    }
}

fn list(paths: &[PathBuf], output: OutputFormat, context: &Context) -> Result<Exit, CommandError> {
    if let Some(missing) = paths.iter().find(|path| !context.directory.join(path).exists()) {
        return Err(CommandError::usage(format!("no such file or directory: '{}'", missing.display())));
    }
    if context.is_prefect {
        context.ui.aside().note(
            "prefectl lists the flows in source files; run `prefectl --python-cli flow ls` to list the flows on the \
             server",
        );
    }
    // Dropping thousands of syntax trees would take a tenth of the search time, and the process ends soon.
    let inspector = ManuallyDrop::new(Inspector::new());
    let found = inspector.discover(paths, &context.directory, &context.environment);
    match output {
        OutputFormat::Text if found.is_empty() => context.ui.note("No flows found."),
        OutputFormat::Text => {
            context.ui.result(&found.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        OutputFormat::Json => {
            let entry = |flow: &DiscoveredFlow| {
                json!({
                    // JSON cannot represent a path that is not valid UTF-8.
                    "file": flow.path.to_string_lossy(),
                    "function": flow.function,
                    "line": flow.line,
                    "name": flow.name,
                    "grade": flow.grade_name(),
                })
            };
            let flows: Vec<Value> = found.iter().map(entry).collect();
            context.ui.document(json!({"schema": 1, "flows": flows}));
        }
    }
    Ok(Exit::Done)
}

/// Formats a flow as a line with its entrypoint, name, line number and certainty.
fn line(flow: &DiscoveredFlow) -> String {
    let line = format!("{}  {} (line {}, {})", flow.entrypoint(), flow.name, flow.line, flow.grade_name());
    escape::line(&line).into_owned()
}

async fn inspect(
    entrypoint: &str,
    python: &PythonUse,
    output: OutputFormat,
    context: &Context,
) -> Result<Exit, CommandError> {
    let Context { directory, environment, ui, .. } = context;
    let inspector = Inspector::new();
    let parsed = Entrypoint::parse(entrypoint).map_err(|error| {
        let error = CommandError::usage(error);
        match inspector.help_with_text(entrypoint, directory, environment) {
            Some(help) => error.help(help),
            None => error,
        }
    })?;
    let mut inspected = inspector.inspect(&parsed, directory, environment);
    let imported =
        inspector.import_flows(&ImportContext { python, directory, environment, progress: ui }).await;
    imported.warnings.iter().for_each(|warning| ui.warn(warning));
    if imported.has_changed_flows {
        inspected = inspector.inspect(&parsed, directory, environment);
    }
    match inspected {
        Ok(flow) => {
            match output {
                OutputFormat::Json => ui.document(document(entrypoint, &flow)),
                OutputFormat::Text => ui.result(&text(&flow)),
            }
            Ok(Exit::Done)
        }
        Err(error) => {
            if output == OutputFormat::Json {
                ui.document(failed(entrypoint, &error));
            }
            let help = inspector.help(&error, &parsed, directory, environment);
            Err(CommandError::findings(Exit::Failed, vec![Diagnostic { help, ..error.diagnostic() }]))
        }
    }
}

/// Creates the JSON document for a flow that cannot be inspected.
fn failed(entrypoint: &str, error: &FlowError) -> Value {
    json!({
        "schema": 1,
        "entrypoint": entrypoint,
        "flow_name": null,
        "description": null,
        "version": null,
        "parameter_openapi_schema": null,
        "grade": "failed",
        "reasons": [error.to_string()],
    })
}

fn document(entrypoint: &str, flow: &Flow) -> Value {
    json!({
        "schema": 1,
        "entrypoint": entrypoint,
        "flow_name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameter_openapi_schema": *flow.parameters,
        "grade": flow.grade.name(),
        "reasons": reasons(flow),
    })
}

fn text(flow: &Flow) -> String {
    let place = flow.place.start();
    let mut lines = vec![
        format!(
            "Flow '{}' in {}:{}",
            escape::line(&flow.name),
            escape::line(flow.place.source.name()),
            place.line
        ),
        format!("Version: {}", escape::line(flow.version.as_deref().unwrap_or("none"))),
        format!("Description: {}", indented(flow.description.as_deref().unwrap_or("none"))),
        format!("Parameters ({}):", flow.grade.name()),
        format!("{:#}", flow.parameters),
    ];
    lines.extend(
        reasons(flow).into_iter().map(|reason| format!("Unknown without Python: {}", escape::line(&reason))),
    );
    lines.join("\n")
}

/// Indents all lines of a string except the first.
fn indented(text: &str) -> String {
    text.lines().map(escape::line).collect::<Vec<_>>().join("\n  ")
}

fn reasons(flow: &Flow) -> Vec<String> {
    let reason = |reason: &flow::Reason| match &reason.parameter {
        Some(parameter) => format!("{parameter}: {}", reason.reason),
        None => reason.reason.clone(),
    };
    flow.reasons.iter().map(reason).collect()
}
