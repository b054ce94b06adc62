//! `prefectl schema`.

use super::Context;
use crate::{
    error::{CommandError, Exit},
    project, steps,
};

#[expect(clippy::unnecessary_wraps, reason = "every command has a result")]
pub(super) fn run(context: &Context) -> Result<Exit, CommandError> {
    context.ui.result(&format!("{:#}", project::schema(steps::schemas())));
    Ok(Exit::Done)
}
