//! Options of a deploy.

use std::path::PathBuf;

use super::ProjectId;
use crate::{flow::PythonUse, steps::ImagePolicy};

/// Reaction to a deployment that cannot be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OnError {
    /// Skip the deployments that have not started.
    #[default]
    Stop,
    Continue,
    /// Like `Stop`; then restore the deployments that were written.
    Rollback,
}

/// Options of `prefectl deploy` as given on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) entrypoint: Option<String>,
    pub(crate) all: bool,
    pub(crate) names: Vec<String>,
    pub(crate) prefect_file: Option<PathBuf>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) version_type: Option<String>,
    /// Replaces the tags of the file if `Some`, even if empty.
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) concurrency_limit: Option<i64>,
    pub(crate) collision_strategy: Option<String>,
    pub(crate) pool: Option<String>,
    pub(crate) work_queue: Option<String>,
    pub(crate) job_variables: Vec<String>,
    pub(crate) cron: Vec<String>,
    /// Intervals in seconds.
    pub(crate) interval: Vec<i64>,
    pub(crate) anchor_date: Option<String>,
    pub(crate) rrule: Vec<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) triggers: Vec<String>,
    pub(crate) param: Vec<String>,
    pub(crate) params: Option<String>,
    pub(crate) enforce_parameter_schema: Option<bool>,
    /// Replaces the SLAs of the file if `Some`, even if empty.
    pub(crate) slas: Option<Vec<String>>,
    /// Whether Python imports flows to determine their parameters.
    pub(crate) python: PythonUse,
    pub(crate) strict: bool,
    pub(crate) force: bool,
    /// Whether to omit fields that the server does not support.
    pub(crate) allow_unsupported: bool,
    /// Whether to run the pull steps as a worker does before anything is written.
    pub(crate) verify_pull: bool,
    /// Maximum number of concurrent builds and pushes.
    pub(crate) jobs: usize,
    pub(crate) images: ImagePolicy,
    pub(crate) on_error: OnError,
    /// Project under which the deployments are recorded. `None` records nothing.
    pub(crate) project: Option<ProjectId>,
    /// Whether to delete deployments that the project registered and no longer declares.
    pub(crate) prune: bool,
    /// Maximum number of deletions.
    pub(crate) max_deletes: usize,
}

impl Options {
    /// Checks whether an option is set that applies to a single deployment only.
    pub(crate) fn describe_a_deployment(&self) -> bool {
        let texts = [
            &self.entrypoint,
            &self.description,
            &self.version,
            &self.version_type,
            &self.collision_strategy,
            &self.pool,
            &self.work_queue,
            &self.anchor_date,
            &self.timezone,
            &self.params,
        ];
        let lists = [&self.job_variables, &self.cron, &self.rrule, &self.triggers, &self.param];
        self.concurrency_limit.is_some()
            || !self.interval.is_empty()
            || texts.into_iter().flatten().any(|text| !text.is_empty())
            || lists.into_iter().any(|list| !list.is_empty())
            || [&self.tags, &self.slas].into_iter().flatten().any(|list| !list.is_empty())
    }
}
