//! Selects the image builder: BuildKit or the Docker engine's classic builder.

use super::{
    super::{StepContext, StepError},
    backend::Backend,
    inputs::Inputs,
    reuse::Registries,
};
use crate::{
    docker::{buildkit::BuildKitProgram, instructions::needs_buildkit},
    environment::Environment,
};

/// The image builder that a build uses.
pub(super) enum Builder<'a> {
    BuildKit(BuildKitProgram),
    Classic(&'a Registries),
}

/// Returns the image builder for a build.
///
/// The backend `auto` selects BuildKit if the build requires BuildKit or if Docker itself would use it: since Docker
/// 23, unless `DOCKER_BUILDKIT` disables it. If BuildKit is not installed, `auto` selects the classic builder. The
/// classic builder requires an engine connection, so the builder is always BuildKit without `registries`.
pub(super) async fn choose<'a>(
    inputs: &Inputs,
    dockerfile: Option<&str>,
    context: &StepContext<'_>,
    registries: Option<&'a Registries>,
) -> Result<Builder<'a>, StepError> {
    let find = async || BuildKitProgram::find(&context.directory, &context.environment).await;
    let (backend, Some(registries)) = (inputs.backend()?, registries) else {
        return Ok(Builder::BuildKit(find().await?));
    };
    if backend == Backend::BuildKit || inputs.needs_buildkit().is_some() {
        return Ok(Builder::BuildKit(find().await?));
    }
    if backend == Backend::Classic || inputs.needs_classic().is_some() {
        return Ok(Builder::Classic(registries));
    }
    let prefers_buildkit = dockerfile.is_some_and(needs_buildkit)
        || match buildkit_variable(&context.environment) {
            Some(enabled) => enabled,
            None => registries.engine.prefers_buildkit().await,
        };
    // If BuildKit is not installed, the classic builder reports the instruction that it does not support.
    let program = if prefers_buildkit { find().await.ok() } else { None };
    Ok(program.map_or(Builder::Classic(registries), Builder::BuildKit))
}

/// Parses `DOCKER_BUILDKIT`. Returns `None` if the variable is not set or has an unsupported value.
fn buildkit_variable(environment: &Environment) -> Option<bool> {
    match environment.non_empty("DOCKER_BUILDKIT")? {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}
