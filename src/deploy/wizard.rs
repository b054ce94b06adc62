//! The wizard: asks for what a deploy needs and neither the file nor the options specify.

use super::{Failure, preparation};
use crate::{
    deployment::DeployContext,
    questions::Ask,
    target::wizard::{self, Answers, Saved, ServerLookup},
};

/// Asks for missing values. Returns `None` if nothing is missing.
///
/// # Errors
///
/// Fails if the file or the options are invalid, or if a question is not answered.
pub(crate) async fn ask(
    ctx: &DeployContext<'_>,
    ask: &impl Ask,
    server: &impl ServerLookup,
) -> Result<Option<Answers>, Failure> {
    let loaded = preparation::load(ctx)?;
    Ok(wizard::run(&loaded.project, ctx, ask, server).await?)
}

/// Returns the project file with the answers added. Returns `None` if the file cannot take them.
///
/// # Errors
///
/// Fails if the project file cannot be read.
pub(crate) fn saved(answers: &Answers, ctx: &DeployContext<'_>) -> Result<Option<Saved>, Failure> {
    let loaded = preparation::load(ctx)?;
    Ok(wizard::saved(answers, &loaded.project, ctx))
}
