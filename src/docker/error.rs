//! Errors of container engines and image builds. If the engine sent a message, the error includes it.

use std::{fmt, io};

use crate::fs::FileError;

/// Error of an image build or push.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DockerError {
    /// No container engine responded. `tried` contains all addresses and their connection errors.
    #[error("no container engine responded{}", Attempts(tried))]
    NoEngine { tried: Vec<Attempt> },

    /// The address of the engine or the Docker context is invalid.
    #[error("{0}")]
    Address(String),

    /// An image name or tag is invalid.
    #[error("{0}")]
    Reference(#[from] super::reference::ReferenceError),

    /// `.dockerignore` contains an invalid pattern.
    #[error("{0}")]
    Ignore(#[from] super::ignore::IgnoreError),

    /// The Dockerfile does not exist. The message is identical to the message of Docker engines.
    #[error("Cannot locate specified Dockerfile: {0}")]
    NoDockerfile(String),

    /// The build context cannot be read.
    #[error("{0}")]
    Context(String),

    #[error(transparent)]
    File(#[from] FileError),

    /// The engine stopped reading the build context before the upload was complete.
    #[error("cannot send the build context: {0}")]
    Sending(io::Error),

    /// The image build failed.
    #[error("{0}")]
    Build(BuildFailure),

    /// The build requires BuildKit, but BuildKit is not installed.
    #[error("`docker buildx` is not available: {reason}")]
    NoBuildx { reason: String },

    /// The registry or the engine rejected the push.
    #[error("cannot push {reference}: {message}")]
    Push { reference: String, message: String },

    /// The Docker configuration cannot be read.
    #[error("{0}")]
    Configuration(String),

    /// The Docker configuration has an invalid entry for the registry, or the credential helper failed.
    #[error("{0}")]
    Credentials(String),

    /// The engine failed for any other reason.
    #[error("the container engine failed to {action}: {message}")]
    Engine { action: &'static str, message: String },
}

/// A failed attempt to connect to an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) address: String,
    pub(crate) reason: String,
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Attempt { address, reason } in self.0 {
            write!(f, "\n  {address}: {reason}")?;
        }
        Ok(())
    }
}

/// A failed image build, with the engine's message, the failed instruction and the last lines of output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BuildFailure {
    pub(crate) message: String,
    /// The failed instruction, such as `Step 3/5 : RUN make`. `None` if the build failed before the first
    /// instruction.
    pub(crate) step: Option<String>,
    /// Line number of the failed instruction in the Dockerfile.
    pub(crate) line: Option<usize>,
    pub(crate) last_lines: Vec<String>,
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the image build failed: {}", self.message.trim_end())?;
        if let Some(step) = &self.step {
            write!(f, "\n  at {step}")?;
            if let Some(line) = &self.line {
                write!(f, " (line {line} of the Dockerfile)")?;
            }
        }
        for line in &self.last_lines {
            write!(f, "\n  | {line}")?;
        }
        Ok(())
    }
}

impl DockerError {
    pub(super) fn sending(error: io::Error) -> Self {
        Self::Sending(error)
    }

    /// Checks whether the engine closed the connection. In this case, the error that the engine reports is
    /// more specific.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Sending(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoEngine { tried }
                if tried.iter().any(|attempt| attempt.reason.contains("ermission denied")) =>
            {
                "join the group of the engine's socket (`sudo usermod -aG docker $USER`, then log in again), or use a \
                 rootless engine"
            }
            Self::NoEngine { .. } => {
                "start Docker or Podman, or set DOCKER_HOST to the address of a running engine"
            }
            Self::NoBuildx { .. } => {
                "install the Docker command line and its buildx plugin, or remove `build_backend`"
            }
            Self::NoDockerfile(_) => "check `dockerfile`, which is relative to the build context (`path`)",
            Self::Build(failure) => build_help(&failure.message)?,
            Self::Push { message, .. } => push_help(message)?,
            Self::Credentials(_) => "run `docker login` again, or set `credentials` in the step",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

fn build_help(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["requires buildkit", "unknown flag: mount", "unknown flag: link"]) {
        Some("this Dockerfile requires BuildKit; set `build_backend: buildx`")
    } else if says(&["denied", "unauthorized", "no basic auth"]) {
        Some("run `docker login` for the registry of the base image, and check the image name in FROM")
    } else if says(&["no such host", "i/o timeout", "connection refused", "dial tcp"]) {
        Some(
            "the engine cannot reach the registry; set `pull: false` to use a base image that exists on this machine",
        )
    } else if says(&["excluded by .dockerignore", "file not found in build context"]) {
        Some("COPY and ADD can only access files in the build context; check `path` and .dockerignore")
    } else if says(&["cannot locate specified dockerfile"]) {
        Some("check `dockerfile`, which is relative to the build context (`path`)")
    } else {
        None
    }
}

fn push_help(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["denied", "unauthorized", "no basic auth", "authentication required"]) {
        Some("run `docker login` for this registry, or set `credentials` in the step")
    } else if says(&["does not exist locally", "tag does not exist"]) {
        Some("build the image first, and push the `image_name` and `tag` of the build step")
    } else if says(&["http response to https client"]) {
        Some(
            "the registry uses unencrypted HTTP; add it to `insecure-registries` in the engine's configuration",
        )
    } else {
        None
    }
}
