//! Selects the image builder: BuildKit, or the classic builder of the Docker engine.

use super::{
    super::{StepContext, StepError},
    backend::Backend,
    inputs::Inputs,
};
use crate::{
    docker::{buildkit::BuildKitProgram, engine::Engine, error::DockerError, instructions::needs_buildkit},
    environment::Environment,
};

/// Returns the BuildKit program to build with, or `None` to use the classic builder.
///
/// The backend `auto` selects BuildKit if the build requires it, or if Docker itself would use it: since
/// Docker 23, unless `DOCKER_BUILDKIT` disables it. If BuildKit is not installed, the classic builder is
/// used.
pub(super) async fn choose(
    inputs: &Inputs,
    dockerfile: Option<&str>,
    context: &StepContext<'_>,
    engine: Option<&Engine>,
) -> Result<Option<BuildKitProgram>, StepError> {
    let find = async || BuildKitProgram::find(&context.directory, &context.environment).await;
    match inputs.backend()? {
        Backend::Classic => return Ok(None),
        Backend::BuildKit => return Ok(Some(find().await?)),
        Backend::Auto => {}
    }
    if inputs.needs_buildkit().is_some() {
        return Ok(Some(find().await?));
    }
    if inputs.needs_classic().is_some() {
        return Ok(None);
    }
    if dockerfile.is_some_and(needs_buildkit) {
        // If BuildKit is not installed, the classic builder reports the instruction that it does not support.
        return Ok(find().await.ok());
    }
    let prefers_buildkit = match buildkit_variable(&context.environment) {
        Some(enabled) => enabled,
        None => match engine {
            Some(engine) => engine.prefers_buildkit().await,
            None => false,
        },
    };
    let program: Option<Result<BuildKitProgram, DockerError>> =
        if prefers_buildkit { Some(find().await) } else { None };
    Ok(program.and_then(Result::ok))
}

/// Parses the variable `DOCKER_BUILDKIT`. Returns `None` if the variable is not set or has an unsupported
/// value.
fn buildkit_variable(environment: &Environment) -> Option<bool> {
    match environment.non_empty("DOCKER_BUILDKIT")? {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}
