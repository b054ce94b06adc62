//! Builds images with BuildKit through the Docker command line.
//!
//! Prefers `docker buildx build`. If buildx is not installed, uses `docker build` of a Docker release before 23 that
//! has BuildKit built in. This command supports fewer options. Both programs upload only the changed files of a build
//! context, and request secrets, SSH keys and credentials during the build.

mod arguments;
mod failure;

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{
    build::BuildOptions,
    context::Dockerfile,
    error::{BuildFailure, DockerError},
    fingerprint::Fingerprint,
};
use crate::{
    environment::Environment,
    fs::{self, FileError},
    process::{self, Program},
    progress::Progress,
};

/// Delays before a build is repeated after a temporary failure, as in Prefect.
const RETRY_DELAYS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Options that only BuildKit supports, in addition to [`BuildOptions`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct BuildKitOptions {
    /// Whether to push the image to its registry instead of loading it into the engine.
    pub(crate) push: bool,
    pub(crate) secrets: Vec<String>,
    pub(crate) ssh: Vec<String>,
    pub(crate) cache_to: Vec<String>,
    pub(crate) builder: Option<String>,
    pub(crate) build_contexts: BTreeMap<String, String>,
    /// Entitlements to grant to the build, such as `network.host`.
    pub(crate) allow: Vec<String>,
    /// Provenance attestation to attach to the image, such as `mode=max`. `None` disables the attestation.
    pub(crate) provenance: Option<String>,
    pub(crate) sbom: Option<String>,
    /// Other attestations, such as `type=provenance,mode=max`.
    pub(crate) attestations: Vec<String>,
}

impl BuildKitOptions {
    /// Adds all options that affect the image to a fingerprint.
    ///
    /// The pattern names every field, so a new option does not compile until it is handled here.
    pub(crate) fn describe(&self, fingerprint: &mut Fingerprint) {
        let Self {
            provenance,
            sbom,
            attestations,
            // The contents of named contexts, and the platform of the builder, are added separately, because
            // finding them requires I/O.
            build_contexts: _,
            builder: _,
            // BuildKit itself excludes secrets and SSH keys from its cache keys.
            secrets: _,
            ssh: _,
            // These options affect the cache, the destination and the permissions of a build, but not the image.
            push: _,
            cache_to: _,
            allow: _,
        } = self;
        for (name, attestation) in [("provenance", provenance), ("sbom", sbom)] {
            // `false` is the default.
            let attestation = attestation.as_deref().filter(|attestation| *attestation != "false");
            fingerprint.add(name, attestation.unwrap_or_default());
        }
        for attestation in attestations {
            fingerprint.add("attestation", attestation);
        }
    }
}

/// An image build that runs with BuildKit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuildKitBuild<'a> {
    /// The build context: a directory or a URL.
    pub(crate) source: &'a str,
    pub(crate) dockerfile: Dockerfile<'a>,
    pub(crate) options: &'a BuildOptions,
    pub(crate) buildkit: &'a BuildKitOptions,
    pub(crate) references: &'a [String],
    /// Value of `DOCKER_HOST` to set, as in [`Engine::docker_host`](super::engine::Engine::docker_host).
    pub(crate) docker_host: Option<&'a str>,
}

/// The program that runs a BuildKit build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuildKitProgram {
    /// The command `docker buildx build`.
    Buildx,
    /// The command `docker build` of Docker 18.09 to 22, with built-in BuildKit.
    DockerBuild,
}

impl BuildKitProgram {
    /// Returns the installed BuildKit program.
    ///
    /// # Errors
    ///
    /// Returns the reason if no BuildKit program is available.
    pub(crate) async fn find(directory: &Path, environment: &Environment) -> Result<Self, DockerError> {
        let ask = async |words: &[&str]| {
            let arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            docker(&arguments, directory, environment, &BTreeMap::new(), None).await
        };
        let version = ask(&["--version"]).await?.stdout;
        let buildx = ask(&["buildx", "version"]).await?;
        if buildx.code == 0 {
            return Ok(Self::Buildx);
        }
        if has_buildkit_built_in(&version) {
            return Ok(Self::DockerBuild);
        }
        let reason = buildx.stderr.lines().next().unwrap_or("not installed").to_owned();
        Err(DockerError::NoBuildx { reason })
    }
}

/// Checks whether the output of `docker --version` belongs to a release with built-in BuildKit.
fn has_buildkit_built_in(version: &str) -> bool {
    let major = version.strip_prefix("Docker version ").and_then(|rest| rest.split_once('.'));
    major.and_then(|(major, _)| major.parse::<u32>().ok()).is_some_and(|major| (18..23).contains(&major))
}

impl BuildKitBuild<'_> {
    /// Builds the image and returns its ID. Returns the image name instead if the image was only pushed to a
    /// registry. Repeats a build that fails temporarily.
    pub(crate) async fn run(
        &self,
        program: BuildKitProgram,
        directory: &Path,
        environment: &Environment,
        progress: &dyn Progress,
    ) -> Result<String, DockerError> {
        for delay in RETRY_DELAYS {
            match self.run_once(program, directory, environment, progress).await {
                Err(DockerError::Build(failure)) if failure::is_temporary(&failure) => {
                    let (reason, seconds) = (failure.message.trim_end(), delay.as_secs());
                    progress
                        .status(&format!("the image build failed: {reason}; trying again in {seconds} s"));
                    tokio::time::sleep(delay).await;
                }
                result => return result,
            }
        }
        self.run_once(program, directory, environment, progress).await
    }

    async fn run_once(
        &self,
        program: BuildKitProgram,
        directory: &Path,
        environment: &Environment,
        progress: &dyn Progress,
    ) -> Result<String, DockerError> {
        if program == BuildKitProgram::DockerBuild
            && let Some(option) = self.needs_buildx()
        {
            return Err(DockerError::NoBuildx { reason: format!("`{option}` requires it") });
        }
        let folder = fs::private_folder("prefectl-build-")
            .map_err(|error| DockerError::Context(format!("cannot create a temporary directory: {error}")))?;
        let id_file = folder.path().join("image-id");
        let dockerfile = self.dockerfile_outside(folder.path())?;
        let arguments = self.arguments(program, dockerfile.as_deref(), &id_file);
        let progress = (!self.options.quiet).then_some(progress);
        let variables = self.variables(program, environment);
        let run = docker(&arguments, directory, environment, &variables, progress);
        let finished = match self.options.event_timeout {
            Some(limit) => tokio::time::timeout(limit, run).await.map_err(|_| {
                let message = format!("timed out after {} seconds", limit.as_secs_f64());
                DockerError::Build(BuildFailure { message, ..BuildFailure::default() })
            })??,
            None => run.await?,
        };
        if finished.code != 0 {
            return Err(DockerError::Build(failure::read(&finished.stderr, finished.code)));
        }
        if self.buildkit.push && self.options.platforms.len() > 1 {
            return Ok(self.references.first().cloned().unwrap_or_default());
        }
        Ok(fs::read_text(&id_file)?.trim().to_owned())
    }

    /// Writes a generated Dockerfile to a file outside the build context. Returns `None` if the Dockerfile is
    /// not generated.
    fn dockerfile_outside(&self, folder: &Path) -> Result<Option<std::path::PathBuf>, DockerError> {
        let Dockerfile::Text(text) = self.dockerfile else { return Ok(None) };
        let path = folder.join("Dockerfile");
        std::fs::write(&path, text).map_err(|error| FileError::new("write", &path, error))?;
        Ok(Some(path))
    }
}

async fn docker(
    arguments: &[String],
    directory: &Path,
    environment: &Environment,
    variables: &BTreeMap<String, String>,
    progress: Option<&dyn Progress>,
) -> Result<process::Finished, DockerError> {
    let environment = &environment.without_api_credentials();
    let program = Program { program: "docker", arguments, directory, environment, variables };
    process::run(&program, progress)
        .await
        .map_err(|error| DockerError::NoBuildx { reason: error.to_string() })
}

#[cfg(test)]
mod tests;
