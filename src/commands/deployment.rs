use super::Context;
use crate::{cli::RunArguments, error::{CommandError, Exit}};
pub(super) async fn run(_: &RunArguments, _: &Context) -> Result<Exit, CommandError> { Ok(Exit::Done) }
