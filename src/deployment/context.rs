//! Everything that the stages of a deploy share: the options and the machine it runs on.

use std::path::Path;

use super::{Options, Selection};
use crate::{clock::Clock, environment::Environment, progress::Progress, secret::Redactor};

/// Options, environment and services of a deploy. The server is passed separately.
pub(crate) struct DeployContext<'a> {
    pub(crate) options: &'a Options,
    /// Deployments that the wizard has completed. They replace the selection by name.
    pub(crate) answers: Option<&'a Selection>,
    /// The working directory with symbolic links resolved.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) redactor: &'a Redactor,
    pub(crate) default_work_pool: Option<&'a str>,
    /// Whether an empty list of schedules keeps the schedules of the server.
    pub(crate) keeps_schedules_on_empty: bool,
    pub(crate) docker_namespace: Option<&'a str>,
}
