//! The Docker engine and the registries that tests share.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Sandbox, required_env};

/// The engine, and the image that a test builds, which goes with this value.
pub(crate) struct Docker {
    host: String,
    pub(crate) registry: String,
    pub(crate) image: String,
}

impl Docker {
    /// The engine of `PREFECTL_TEST_DOCKER_HOST` and the registry whose address that variable has; the image is
    /// called `prefectl-test-UNIQUE`.
    pub(crate) fn from_env(registry: &str, sandbox: &Sandbox) -> Result<Self> {
        let host = required_env("PREFECTL_TEST_DOCKER_HOST")?;
        let registry = required_env(registry)?;
        let image = format!("{registry}/{}", sandbox.unique("prefectl-test-UNIQUE"));
        Ok(Self { host, registry, image })
    }

    /// The variables with which a command finds the engine and its image.
    pub(crate) fn configure(&self, sandbox: Sandbox) -> Sandbox {
        sandbox.variable("DOCKER_HOST", &self.host).variable("IMAGE", &self.image)
    }

    /// What the engine's command line prints.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.host).args(arguments);
        let output = command.output().context("the docker command line is needed")?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // Images of no use are no reason to fail.
        if let Ok(ids) = self.ask(&["images", "--quiet", &self.image]) {
            let ids: Vec<&str> = ids.lines().collect();
            let _ = self.ask(&[&["rmi", "--force"][..], &ids[..]].concat());
        }
        // Those that have lost their name to a later build; tests label what they build.
        let label = self.image.rsplit('-').next().map(|unique| format!("label=sandbox={unique}"));
        let _ = self.ask(&["image", "prune", "--force", "--filter", &label.unwrap_or_default()]);
    }
}
