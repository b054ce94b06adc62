//! The Docker engine and the registries that tests share.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Sandbox, required_env};

/// The engine, a registry, and the name of an image. Dropping the value deletes the image.
pub(crate) struct Docker {
    host: String,
    pub(crate) registry: String,
    pub(crate) image: String,
}

impl Docker {
    /// Uses the engine of `PREFECTL_TEST_DOCKER_HOST`, the registry that the variable `registry` names, and
    /// the image `prefectl-test-UNIQUE`.
    pub(crate) fn from_env(registry: &str, sandbox: &Sandbox) -> Result<Self> {
        let host = required_env("PREFECTL_TEST_DOCKER_HOST")?;
        let registry = required_env(registry)?;
        let image = format!("{registry}/{}", sandbox.unique("prefectl-test-UNIQUE"));
        Ok(Self { host, registry, image })
    }

    /// Sets the environment variables that specify the engine and the image for a command.
    pub(crate) fn configure(&self, sandbox: Sandbox) -> Sandbox {
        sandbox.variable("DOCKER_HOST", &self.host).variable("IMAGE", &self.image)
    }

    /// Runs the `docker` command line. Returns its output.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.host).args(arguments);
        let output = command.output().context("the docker command line is needed")?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // Leftover images must not fail a test.
        if let Ok(ids) = self.ask(&["images", "--quiet", &self.image]) {
            let ids: Vec<&str> = ids.lines().collect();
            let _ = self.ask(&[&["rmi", "--force"][..], &ids[..]].concat());
        }
        // Untagged images of earlier builds have the sandbox's label.
        let label = self.image.rsplit('-').next().map(|unique| format!("label=sandbox={unique}"));
        let _ = self.ask(&["image", "prune", "--force", "--filter", &label.unwrap_or_default()]);
    }
}
