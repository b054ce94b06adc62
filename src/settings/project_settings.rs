//! Settings that a project in a subdirectory may override.

use std::path::Path;

use super::{error::SettingsError, names, sources::Sources};
use crate::environment::Environment;

/// Settings for a project whose root is not the working directory. A value is `None` if neither the environment nor the
/// root's files set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProjectSettings {
    pub(crate) default_work_pool: Option<String>,
    pub(crate) docker_namespace: Option<String>,
    /// Whether `schedules: []` in the file removes the schedules on the server.
    pub(crate) clears_schedules_on_empty: Option<bool>,
}

impl ProjectSettings {
    /// Reads the settings from the environment and from `.env`, `prefect.toml` and `pyproject.toml` in the project
    /// root.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or if a value is invalid.
    pub(crate) fn read(environment: &Environment, root: &Path) -> Result<Self, SettingsError> {
        let sources = Sources::load(environment, root)?;
        Ok(Self {
            default_work_pool: sources.read_optional(&names::DEFAULT_WORK_POOL_NAME)?.value,
            docker_namespace: sources.read_optional(&names::DEFAULT_DOCKER_BUILD_NAMESPACE)?.value,
            clears_schedules_on_empty: sources.read_optional(&names::CLEAR_SCHEDULES_ON_EMPTY)?.value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_files_in_the_root() {
        let root = tempfile::tempdir().unwrap();
        let read = |environment: &[(&str, &str)]| {
            ProjectSettings::read(&environment.iter().copied().collect(), root.path()).unwrap()
        };
        assert_eq!(read(&[]), ProjectSettings::default());
        std::fs::write(root.path().join(".env"), "PREFECT_DEFAULT_WORK_POOL_NAME=own\n").unwrap();
        assert_eq!(read(&[]).default_work_pool.as_deref(), Some("own"));
        let environment = [("PREFECT_DEFAULT_WORK_POOL_NAME", "all")];
        assert_eq!(read(&environment).default_work_pool.as_deref(), Some("all"));
    }
}
