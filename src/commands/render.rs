//! Implements `prefectl render` and `prefectl plan --offline`.

use owo_colors::OwoColorize as _;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::{
    Context, errors,
    target::{deploy_context, selection_options, with_listed_files},
};
use crate::{
    cli::{RenderArguments, RenderFormat, SelectionArguments},
    deploy::{self, ExplainedDeployment, ExplainedValue, Location, ValueOrigin},
    error::{CommandError, Exit},
    escape, yaml,
};

/// Runs `prefectl render`.
pub(super) async fn run(arguments: &RenderArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.explain {
        return explain(&arguments.selection, arguments.output, context).await;
    }
    requests(&arguments.selection, arguments.output, context).await
}

/// Prints the requests that a deploy would send.
pub(super) async fn requests(
    selection: &SelectionArguments,
    format: RenderFormat,
    context: &Context,
) -> Result<Exit, CommandError> {
    let options = with_listed_files(selection_options(selection, context)?, context)?;
    let requests = deploy::requests(&deploy_context(&options, context)).await;
    let requests = requests.map_err(|error| errors::without_result(error, "requests"))?;
    let document = json!(requests);
    // A large project's document uses a lot of memory, so only one copy exists.
    drop(requests);
    match format {
        RenderFormat::Yaml => {
            let text = yaml::write(&context.redactor.mask_json(document));
            context.ui.result(text.trim_end());
        }
        RenderFormat::Json => context.ui.document(document),
    }
    Ok(Exit::Done)
}

/// Prints each value of the selected deployments with its origin.
async fn explain(
    selection: &SelectionArguments,
    format: RenderFormat,
    context: &Context,
) -> Result<Exit, CommandError> {
    let options = with_listed_files(selection.options(), context)?;
    let explanation = deploy::explain(&deploy_context(&options, context)).await;
    let explanation = explanation.map_err(|error| errors::without_result(error, "deployments"))?;
    match format {
        RenderFormat::Yaml => {
            let deployments: Vec<String> = explanation.deployments.iter().map(values).collect();
            context.ui.result(deployments.join("\n\n").trim_end());
        }
        RenderFormat::Json => context.ui.document(json!(explanation)),
    }
    Ok(Exit::Done)
}

/// Formats the values of a deployment as lines that start with their origins.
fn values(deployment: &ExplainedDeployment) -> String {
    let origin = |value: &ExplainedValue| match &value.origin {
        ValueOrigin::Default => "default".to_owned(),
        ValueOrigin::Option(option) => option.clone(),
        ValueOrigin::File(Location { file, line, column }) => {
            format!("{}:{line}:{column}", escape::line(file))
        }
    };
    let rows: Vec<(String, &ExplainedValue)> =
        deployment.values.iter().map(|value| (origin(value), value)).collect();
    let width = rows.iter().map(|(origin, _)| origin.width()).max().unwrap_or_default();
    let mut lines = vec![escape::line(&deployment.name).bold().to_string()];
    lines.extend(rows.into_iter().map(|(origin, value)| {
        let padding = " ".repeat(width - origin.width());
        let suffix = value.name_suffix.as_ref().map(|place| {
            let text = format!(" (name_suffix: {}:{}:{})", place.file, place.line, place.column);
            escape::line(&text).dimmed().to_string()
        });
        format!(
            "  {}{padding}  {}: {}{}",
            origin.dimmed(),
            escape::line(&value.path),
            escape::line(&value.value.to_string()),
            suffix.unwrap_or_default()
        )
    }));
    lines.join("\n")
}
