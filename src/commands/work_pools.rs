use super::Context;
use crate::{cli::WorkPoolCommand, error::{CommandError, Exit}};
pub(super) async fn run(_: WorkPoolCommand, _: &Context) -> Result<Exit, CommandError> { Ok(Exit::Done) }
