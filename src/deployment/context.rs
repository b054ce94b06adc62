//! Options and environment that all stages of a deploy share.

use std::path::Path;

use super::{Options, Selection};
use crate::{clock::Clock, environment::Environment, progress::Progress, secret::Redactor};

/// Options, environment and services of a deploy. The client for the server is passed separately.
///
/// A command has a context whose directory is that of the command. Each project has a context that is derived
/// from it with [`Self::in_project`].
#[derive(Clone, Copy)]
pub(crate) struct DeployContext<'a> {
    pub(crate) options: &'a Options,
    /// Deployments that the wizard has completed. If set, deployments are not selected by name.
    pub(crate) answers: Option<&'a Selection>,
    /// Absolute path of the directory to which relative paths refer. Symbolic links are resolved.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) redactor: &'a Redactor,
    pub(crate) default_work_pool: Option<&'a str>,
    /// Whether an empty list of schedules keeps the existing schedules on the server.
    pub(crate) keeps_schedules_on_empty: bool,
    pub(crate) docker_namespace: Option<&'a str>,
}

impl<'a> DeployContext<'a> {
    /// Returns the context for a project with the given root directory.
    pub(crate) fn in_project(&self, root: &'a Path) -> Self {
        Self { directory: root, ..*self }
    }
}
