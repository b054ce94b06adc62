//! Selects the image builder: BuildKit, or the classic builder of the Docker engine.

use super::{
    super::{StepContext, StepError},
    inputs::Inputs,
};
use crate::{
    docker::{buildkit::BuildKitProgram, engine::Engine, error::DockerError, instructions::needs_buildkit},
    environment::Environment,
};

/// The image builder that a build step requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Backend {
    Auto,
    Classic,
    BuildKit,
}

impl Backend {
    /// Returns the builder that a step requests, from prefectl's own input `backend` or from Prefect's input
    /// `build_backend`.
    pub(super) fn named(own: Option<&str>, reference: Option<&str>) -> Result<Self, StepError> {
        let reference = match reference {
            Some("docker-py") => Some(Self::Classic),
            Some("buildx") => Some(Self::BuildKit),
            _ => None,
        };
        let own = match own {
            None => None,
            Some("auto") => Some(Self::Auto),
            Some("classic") => Some(Self::Classic),
            Some("buildkit") => Some(Self::BuildKit),
            Some(other) => {
                let message = format!("`backend` must be `auto`, `classic` or `buildkit`, not `{other}`");
                return Err(StepError::input("backend", message));
            }
        };
        match (own, reference) {
            (Some(own), Some(reference)) if own != reference => {
                Err(StepError::input("backend", "`backend` and `build_backend` select different builders"))
            }
            (own, reference) => Ok(own.or(reference).unwrap_or(Self::Auto)),
        }
    }
}

/// Validates the input `build_backend`. The error message is the same as Prefect's.
pub(in super::super) fn check_backend(given: Option<&str>) -> Result<(), StepError> {
    match given {
        None | Some("docker-py" | "buildx") => Ok(()),
        Some(given) => {
            let message = format!("Invalid build_backend '{given}'. Expected 'docker-py' or 'buildx'.");
            Err(StepError::input("build_backend", message))
        }
    }
}

/// Returns the BuildKit program to build with, or `None` to use the classic builder.
///
/// The backend `auto` selects BuildKit if the build requires it, or if Docker itself would use it, which is
/// the case since Docker 23 unless `DOCKER_BUILDKIT` disables it. If BuildKit is not installed, the classic
/// builder is used.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_both_names_of_a_backend() {
        for (own, reference, expected) in [
            (None, None, Some(Backend::Auto)),
            (None, Some("docker-py"), Some(Backend::Classic)),
            (None, Some("buildx"), Some(Backend::BuildKit)),
            (Some("buildkit"), None, Some(Backend::BuildKit)),
            (Some("classic"), Some("docker-py"), Some(Backend::Classic)),
            (Some("classic"), Some("buildx"), None),
            (Some("kaniko"), None, None),
        ] {
            assert_eq!(Backend::named(own, reference).ok(), expected, "{own:?} {reference:?}");
        }
    }
}
