//! `prefectl render`, and `prefectl plan --offline`.

use serde_json::json;

use super::{Context, target::deploy_context};
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
    let document = json!(deploy::requests(&deploy_context(&options, context)).await?);
    context.ui.result(&match format {
        RenderFormat::Yaml => yaml::write(&document).trim_end().to_owned(),
        RenderFormat::Json => document.to_string(),
    });
    Ok(Exit::Done)
}
