//! `prefectl steps run`.

use serde_json::{Value as Json, json};

use crate::{
    build::{Found, Pulled},
    cli::{OutputFormat, RunStepsArguments},
    commands::{Context, connection},
    deploy::{self, Trial},
    deployment::DeployContext,
    error::{CommandError, Exit},
    value::{self, Value},
};

pub(super) async fn run(arguments: &RunStepsArguments, context: &Context) -> Result<Exit, CommandError> {
    let options = arguments.options();
    let settings = &context.settings;
    let surroundings = DeployContext {
        options: &options,
        answers: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: settings.default_work_pool_name.value.as_deref(),
        docker_namespace: settings.default_docker_build_namespace.value.as_deref(),
    };
    let view = context.ui.watch();
    let trials = trials(arguments, &surroundings, context).await;
    view.end();
    view.summarize(&[]);
    let trials = trials?;
    match arguments.output {
        OutputFormat::Text => trials.iter().for_each(|trial| context.ui.result(&text(trial))),
        OutputFormat::Json => context.ui.document(&document(&trials)),
    }
    Ok(Exit::Done)
}

/// Runs the steps in the file, or the pull steps that the server has stored.
async fn trials(
    arguments: &RunStepsArguments,
    surroundings: &DeployContext<'_>,
    context: &Context,
) -> Result<Vec<Trial>, CommandError> {
    let sought = arguments.sought();
    if arguments.stored {
        let client = connection::client(context)?;
        let into = sought.into.as_deref();
        return Ok(deploy::run_stored(&arguments.name, surroundings, &client, into).await?);
    }
    // Only steps that refer to blocks or variables need the API.
    let has_api = context.settings.api_url.value.is_some();
    let client = if has_api { Some(connection::client(context)?) } else { None };
    Ok(deploy::run_steps(surroundings, client.as_ref(), &sought).await?)
}

/// Formats the results of a deployment's steps.
fn text(trial: &Trial) -> String {
    let mut lines = vec![trial.deployment.clone()];
    lines.extend(outputs(&trial.outputs));
    match &trial.pulled {
        None => {}
        Some(Found { pulled: Pulled::OutOfReach { reason }, .. }) => {
            lines.push(format!("  cannot verify the pull steps here: {reason}"));
        }
        Some(Found { pulled: Pulled::Code { directory, outputs: pulled }, flow }) => {
            lines.extend(outputs(pulled));
            let flow = flow.as_deref().unwrap_or_default();
            lines.push(format!("  flow '{flow}' found in {}", directory.display()));
        }
    }
    lines.join("\n")
}

fn outputs(outputs: &value::Mapping) -> Vec<String> {
    if outputs.is_empty() {
        return Vec::new();
    }
    let yaml = serde_yaml::to_string(&Value::Mapping(outputs.clone())).unwrap_or_default();
    yaml.lines().map(|line| format!("  {line}")).collect()
}

/// Creates the JSON document with the results of all deployments.
fn document(trials: &[Trial]) -> Json {
    let outputs = |outputs: &value::Mapping| value::to_json(&Value::Mapping(outputs.clone()));
    let pull = |found: &Found| match &found.pulled {
        Pulled::OutOfReach { reason } => json!({"status": "not verified", "reason": reason}),
        Pulled::Code { directory, outputs: pulled } => json!({
            "status": "verified",
            "directory": directory.to_string_lossy(),
            "flow": found.flow,
            "outputs": outputs(pulled),
        }),
    };
    let trial = |trial: &Trial| {
        json!({
            "name": trial.deployment,
            "outputs": outputs(&trial.outputs),
            "pull": trial.pulled.as_ref().map(pull),
        })
    };
    json!({"schema": 1, "deployments": trials.iter().map(trial).collect::<Vec<_>>()})
}
