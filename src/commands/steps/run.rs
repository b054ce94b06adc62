//! `prefectl steps run`.

use serde_json::{Value as Json, json};

use crate::{
    build::{self, PulledFlow, StepRun},
    cli::{OutputFormat, RunStepsArguments},
    commands::{Context, connection, target},
    deployment::DeployContext,
    error::{CommandError, Exit},
    escape,
    value::{self, Value},
};

pub(super) async fn run(arguments: &RunStepsArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = target::with_listed_files(arguments.options(), context)?;
    let ctx = target::deploy_context(&options, context);
    let view = context.ui.watch();
    let runs = runs(arguments, &ctx, context).await;
    view.end();
    view.summarize(&[]);
    let runs = runs?;
    match arguments.output {
        OutputFormat::Text => runs.iter().for_each(|run| context.ui.result(&text(run))),
        OutputFormat::Json => context.ui.document(document(&runs)),
    }
    Ok(Exit::Done)
}

/// Runs the steps in the project file, or the pull steps that are stored on the server.
async fn runs(
    arguments: &RunStepsArguments,
    ctx: &DeployContext<'_>,
    context: &Context,
) -> Result<Vec<StepRun>, CommandError> {
    let selection = arguments.step_selection();
    if arguments.stored {
        let client = connection::client(context)?;
        let into = selection.into.as_deref();
        return Ok(build::run_stored(&arguments.name, ctx, &client, into).await?);
    }
    // Only steps that refer to blocks or variables need the API.
    let has_api = context.settings.api_url.value.is_some();
    let client = if has_api { Some(connection::client(context)?) } else { None };
    Ok(build::run_steps(ctx, client.as_ref(), &selection).await?)
}

/// Formats the step outputs of a deployment as text.
fn text(run: &StepRun) -> String {
    let mut lines = vec![escape::line(&run.deployment).into_owned()];
    lines.extend(outputs(&run.outputs));
    match &run.pulled {
        None => {}
        Some(PulledFlow::OutOfReach { reason }) => {
            lines.push(format!("  the pull steps cannot be verified here: {}", escape::line(reason)));
        }
        Some(PulledFlow::Found { name, directory, outputs: pulled }) => {
            lines.extend(outputs(pulled));
            let line = format!("  flow '{name}' found in {}", directory.display());
            lines.push(escape::line(&line).into_owned());
        }
    }
    lines.join("\n")
}

fn outputs(outputs: &value::Mapping) -> Vec<String> {
    if outputs.is_empty() {
        return Vec::new();
    }
    let yaml = serde_yaml::to_string(&Value::Mapping(outputs.clone())).unwrap_or_default();
    yaml.lines().map(|line| format!("  {}", escape::line(line))).collect()
}

/// Creates the JSON document with the step outputs of all deployments.
fn document(runs: &[StepRun]) -> Json {
    let outputs = |outputs: &value::Mapping| value::to_json(&Value::Mapping(outputs.clone()));
    let pull = |pulled: &PulledFlow| match pulled {
        PulledFlow::OutOfReach { reason } => json!({"status": "not verified", "reason": reason}),
        PulledFlow::Found { name, directory, outputs: pulled } => json!({
            "status": "verified",
            "directory": directory.to_string_lossy(),
            "flow": name,
            "outputs": outputs(pulled),
        }),
    };
    let run = |run: &StepRun| {
        json!({
            "name": run.deployment,
            "outputs": outputs(&run.outputs),
            "pull": run.pulled.as_ref().map(pull),
        })
    };
    json!({"schema": 1, "deployments": runs.iter().map(run).collect::<Vec<_>>()})
}
