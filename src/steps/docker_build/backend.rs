//! The image builder that a build step requests: BuildKit or the Docker engine's classic builder.

use super::super::StepError;

/// The image builder that a build step requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Backend {
    Auto,
    Classic,
    BuildKit,
}

impl Backend {
    /// Returns the requested builder from prefectl's input `backend` or Prefect's input `build_backend`.
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

/// Validates the input `build_backend`. Fails with the same error message as Prefect.
pub(in super::super) fn check_backend(given: Option<&str>) -> Result<(), StepError> {
    match given {
        None | Some("docker-py" | "buildx") => Ok(()),
        Some(given) => {
            let message = format!("Invalid build_backend '{given}'. Expected 'docker-py' or 'buildx'.");
            Err(StepError::input("build_backend", message))
        }
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
