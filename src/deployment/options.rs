//! What the command line asks of a deploy.

use std::path::PathBuf;

use super::ProjectId;
use crate::{flow::PythonUse, steps::ImagePolicy};

/// What a failure does to the other deployments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OnError {
    /// Those that have not begun are not tried.
    #[default]
    Stop,
    Continue,
    /// As `Stop`, and then what was written is made as it was before.
    Rollback,
}

/// The options of `prefectl deploy`, as typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) entrypoint: Option<String>,
    pub(crate) all: bool,
    pub(crate) names: Vec<String>,
    pub(crate) prefect_file: Option<PathBuf>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) version_type: Option<String>,
    /// `Some` replaces the file's tags, also when empty.
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) concurrency_limit: Option<i64>,
    pub(crate) collision_strategy: Option<String>,
    pub(crate) pool: Option<String>,
    pub(crate) work_queue: Option<String>,
    pub(crate) job_variables: Vec<String>,
    pub(crate) cron: Vec<String>,
    /// In seconds.
    pub(crate) interval: Vec<i64>,
    pub(crate) anchor_date: Option<String>,
    pub(crate) rrule: Vec<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) triggers: Vec<String>,
    pub(crate) param: Vec<String>,
    pub(crate) params: Option<String>,
    pub(crate) enforce_parameter_schema: Option<bool>,
    /// `Some` replaces the file's service level agreements, also when empty.
    pub(crate) slas: Option<Vec<String>>,
    /// Whether flows are imported to know their parameters.
    pub(crate) python: PythonUse,
    pub(crate) strict: bool,
    pub(crate) force: bool,
    /// Write deployments without the fields that the server does not support.
    pub(crate) allow_unsupported: bool,
    /// Run the pull steps as a worker would before anything is written.
    pub(crate) verify_pull: bool,
    /// How many builds and pushes may run at a time.
    pub(crate) jobs: usize,
    pub(crate) images: ImagePolicy,
    pub(crate) on_error: OnError,
    /// What the deployments belong to; `None` records nothing of it.
    pub(crate) project: Option<ProjectId>,
    /// Whether what the project has registered and no longer declares is removed.
    pub(crate) prune: bool,
    /// How many may be removed.
    pub(crate) max_deletes: usize,
}

impl Options {
    /// Whether an option is given that is meant for one deployment only.
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
