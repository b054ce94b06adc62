//! Which builder builds: the engine's classic one, or BuildKit.

use super::{
    super::{StepContext, StepError},
    inputs::Inputs,
};
use crate::{
    docker::{buildkit::BuildKitProgram, engine::Engine, error::DockerError, instructions::needs_buildkit},
    environment::Environment,
};

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Backend {
    Auto,
    Classic,
    BuildKit,
}

impl Backend {
    /// The backend of the inputs `backend`, which is ours, and `build_backend`.
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
                let message = format!("`backend` is `auto`, `classic` or `buildkit`, not `{other}`");
                return Err(StepError::input("backend", message));
            }
        };
        match (own, reference) {
            (Some(own), Some(reference)) if own != reference => {
                Err(StepError::input("backend", "`backend` and `build_backend` say different things"))
            }
            (own, reference) => Ok(own.or(reference).unwrap_or(Self::Auto)),
        }
    }
}

/// Checks the reference's name of a backend, in its words.
pub(in super::super) fn check_backend(given: Option<&str>) -> Result<(), StepError> {
    match given {
        None | Some("docker-py" | "buildx") => Ok(()),
        Some(given) => {
            let message = format!("Invalid build_backend '{given}'. Expected 'docker-py' or 'buildx'.");
            Err(StepError::input("build_backend", message))
        }
    }
}

/// What it comes to: a program for BuildKit, or none for the classic builder.
///
/// Left to us, BuildKit builds what only it can build, and what the engine would build with it: Docker does since
/// version 23, unless `DOCKER_BUILDKIT` says otherwise. Without a program for it the classic builder does what it can.
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
        // Without it, the engine says what it does not understand.
        return Ok(find().await.ok());
    }
    let prefers = match asked_for(&context.environment) {
        Some(asked) => asked,
        None => match engine {
            Some(engine) => engine.prefers_buildkit().await,
            None => false,
        },
    };
    let program: Option<Result<BuildKitProgram, DockerError>> =
        if prefers { Some(find().await) } else { None };
    Ok(program.and_then(Result::ok))
}

/// What `DOCKER_BUILDKIT` says, if it says anything.
fn asked_for(environment: &Environment) -> Option<bool> {
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
    fn both_names_of_a_backend_are_understood() {
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
