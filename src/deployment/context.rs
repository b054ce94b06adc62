//! Options and environment that all stages of a deploy share.

use std::path::Path;

use super::{Options, Selection};
use crate::{
    clock::Clock, environment::Environment, progress::Progress, secret::Redactor, settings::ProjectSettings,
};

/// Options, environment and services of a deploy. The client for the server is passed separately.
///
/// A command has a context for its working directory. Each project has a context derived from it with
/// [`Self::in_project`].
#[derive(Clone, Copy)]
pub(crate) struct DeployContext<'a> {
    pub(crate) options: &'a Options,
    /// Deployments that the wizard or a selection across multiple files has already selected. If set, the options do
    /// not select deployments.
    pub(crate) selection: Option<&'a Selection>,
    /// Absolute path of the base directory for relative paths, with symbolic links resolved.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) redactor: &'a Redactor,
    pub(crate) default_work_pool: Option<&'a str>,
    /// Whether an empty list of schedules removes the existing schedules from the server.
    pub(crate) clears_schedules_on_empty: bool,
    pub(crate) docker_namespace: Option<&'a str>,
}

impl<'a> DeployContext<'a> {
    /// Returns whether the command includes the resources that the files declare. A command for selected deployments
    /// does not include them.
    pub(crate) fn includes_resources(&self) -> bool {
        self.selection.is_none() && self.options.includes_resources()
    }

    /// Returns the context for a project with the given root directory. Its settings override the command's
    /// settings.
    pub(crate) fn in_project(&self, root: &'a Path, settings: &'a ProjectSettings) -> Self {
        let clears_schedules = settings.clears_schedules_on_empty;
        Self {
            directory: root,
            default_work_pool: settings.default_work_pool.as_deref().or(self.default_work_pool),
            docker_namespace: settings.docker_namespace.as_deref().or(self.docker_namespace),
            clears_schedules_on_empty: clears_schedules.unwrap_or(self.clears_schedules_on_empty),
            ..*self
        }
    }
}

/// The values that a test's [`DeployContext`] refers to.
#[cfg(test)]
pub(crate) struct TestContext {
    options: Options,
    environment: Environment,
    clock: Clock,
    redactor: Redactor,
}

#[cfg(test)]
impl TestContext {
    pub(crate) fn new(options: Options, variables: &[(&str, &str)]) -> Self {
        let environment = variables.iter().copied().collect();
        Self { options, environment, clock: Clock::system(), redactor: Redactor::default() }
    }

    /// Returns a context without default settings.
    pub(crate) fn in_directory<'a>(&'a self, directory: &'a Path) -> DeployContext<'a> {
        DeployContext {
            options: &self.options,
            selection: None,
            directory,
            environment: &self.environment,
            clock: &self.clock,
            progress: &crate::progress::Silent,
            redactor: &self.redactor,
            default_work_pool: None,
            clears_schedules_on_empty: true,
            docker_namespace: None,
        }
    }
}
