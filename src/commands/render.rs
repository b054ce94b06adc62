//! Implements `prefectl render` and `prefectl plan --offline`.

use serde_json::json;

use super::{Context, errors, target::deploy_context};
use crate::{
    cli::{RenderFormat, SelectionArguments},
    deploy,
    error::{CommandError, Exit},
    yaml,
};

pub(super) async fn run(
    selection: &SelectionArguments,
    format: RenderFormat,
    context: &Context,
) -> Result<Exit, CommandError> {
    let options = selection.options();
    let requests = deploy::requests(&deploy_context(&options, context)).await;
    let document = json!(requests.map_err(|failure| errors::without_result(failure, "requests"))?);
    match format {
        RenderFormat::Yaml => {
            context.ui.result(yaml::write(&context.redactor.mask_json(&document)).trim_end());
        }
        RenderFormat::Json => context.ui.document(&document),
    }
    Ok(Exit::Done)
}
