//! What can go wrong between us and a container engine, in the engine's own words where it has any.

use std::{fmt, io};

use crate::fs::FileError;

/// Why an image was not built or pushed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DockerError {
    /// No engine answered; `tried` has each address with the reason.
    #[error("no container engine answered{}", Attempts(tried))]
    NoEngine { tried: Vec<Attempt> },

    /// The address of the engine, or the Docker context that has it, cannot be used.
    #[error("{0}")]
    Address(String),

    /// An image name or tag that no registry would take.
    #[error("{0}")]
    Reference(#[from] super::reference::ReferenceError),

    /// A pattern of `.dockerignore` that Docker would not take.
    #[error("{0}")]
    Ignore(#[from] super::ignore::IgnoreError),

    /// Worded as engines word it.
    #[error("Cannot locate specified Dockerfile: {0}")]
    NoDockerfile(String),

    /// The build context cannot be read.
    #[error("{0}")]
    Context(String),

    #[error(transparent)]
    File(#[from] FileError),

    /// The engine took no more of the build context.
    #[error("the build context could not be sent: {0}")]
    Sending(io::Error),

    /// The engine built until something failed.
    #[error("{0}")]
    Build(BuildFailure),

    /// `build_backend: buildx` without the program for it.
    #[error("`docker buildx` does not run here: {reason}")]
    NoBuildx { reason: String },

    /// The registry, or the engine on its behalf, refused a push.
    #[error("{reference} was not pushed: {message}")]
    Push { reference: String, message: String },

    /// Docker's own configuration cannot be read.
    #[error("{0}")]
    Configuration(String),

    /// A login of the Docker configuration or a credential helper cannot be used.
    #[error("{0}")]
    Credentials(String),

    /// Any other refusal of the engine.
    #[error("the container engine could not {action}: {message}")]
    Engine { action: &'static str, message: String },
}

/// An address at which an engine was looked for, and why there was none.
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

/// A build that failed: the engine's message, the step it was at and the last lines it printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BuildFailure {
    pub(crate) message: String,
    /// Such as `Step 3/5 : RUN make`; none if the engine had not begun.
    pub(crate) step: Option<String>,
    /// The line of the Dockerfile that the step is on.
    pub(crate) line: Option<usize>,
    pub(crate) last_lines: Vec<String>,
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the image was not built: {}", self.message.trim_end())?;
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

    /// Whether the engine stopped listening, in which case it has said why.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Sending(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What the user can do about it, where that is known.
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
                "install the Docker command line with its buildx plugin, or leave out `build_backend`"
            }
            Self::NoDockerfile(_) => "`dockerfile` is relative to the build context, `path`",
            Self::Build(failure) => build_help(&failure.message)?,
            Self::Push { message, .. } => push_help(message)?,
            Self::Credentials(_) => "run `docker login` again, or give `credentials` in the step",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

fn build_help(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["requires buildkit", "unknown flag: mount", "unknown flag: link"]) {
        Some("this Dockerfile needs BuildKit: set `build_backend: buildx`")
    } else if says(&["denied", "unauthorized", "no basic auth"]) {
        Some("run `docker login` for the registry of the base image, and check its name in FROM")
    } else if says(&["no such host", "i/o timeout", "connection refused", "dial tcp"]) {
        Some(
            "the engine could not reach a registry; `pull: false` uses a base image that is already on the machine",
        )
    } else if says(&["excluded by .dockerignore", "file not found in build context"]) {
        Some("COPY and ADD see only the build context: check `path` and .dockerignore")
    } else if says(&["cannot locate specified dockerfile"]) {
        Some("`dockerfile` is relative to the build context, `path`")
    } else {
        None
    }
}

fn push_help(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["denied", "unauthorized", "no basic auth", "authentication required"]) {
        Some("run `docker login` for this registry, or give `credentials` in the step")
    } else if says(&["does not exist locally", "tag does not exist"]) {
        Some("build the image first: push the `image_name` and `tag` of a build step")
    } else if says(&["http response to https client"]) {
        Some("the registry speaks plain HTTP: list it under `insecure-registries` of the engine")
    } else {
        None
    }
}
