//! Options and environment that all stages of a deploy share.

use std::path::Path;

use super::{Options, Selection};
use crate::{clock::Clock, environment::Environment, progress::Progress, secret::Redactor};

/// Options, environment and services of a deploy. The client for the server is passed separately.
pub(crate) struct DeployContext<'a> {
    pub(crate) options: &'a Options,
    /// Deployments that the wizard has completed. If set, deployments are not selected by name.
    pub(crate) answers: Option<&'a Selection>,
    /// Absolute path of the working directory. Symbolic links are resolved.
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
