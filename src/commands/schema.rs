//! `prefectl schema`.

use super::Context;
use crate::{
    error::{CommandError, Exit},
    project::{self, SchemaOf},
    steps,
};

#[expect(clippy::unnecessary_wraps, reason = "every command has a result")]
pub(super) fn run(is_overlay: bool, context: &Context) -> Result<Exit, CommandError> {
    let file = if is_overlay { SchemaOf::OverlayFile } else { SchemaOf::ProjectFile };
    context.ui.result(&format!("{:#}", project::schema(file, steps::schemas())));
    Ok(Exit::Done)
}
