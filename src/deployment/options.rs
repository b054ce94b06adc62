//! Options of a deploy.

use super::{PreviewName, ProjectId, Selector};
use crate::{
    flow::PythonUse,
    project::{EnvironmentName, ProjectFiles, SelectedEnvironment},
    steps::ImagePolicy,
};

/// The action taken if a deployment cannot be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum OnError {
    /// Skip all deployments whose writes have not started.
    #[default]
    Stop,
    Continue,
    /// Stop as with [`Self::Stop`], and then restore the written deployments.
    Rollback,
}

/// The action taken for a deployment or a resource that already has its desired state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUnchanged {
    Skip,
    /// Write all fields, as with `--force`.
    Write,
}

/// Options of `prefectl deploy`, as specified on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) entrypoint: Option<String>,
    pub(crate) all: bool,
    pub(crate) names: Vec<String>,
    /// Selector expressions. A deployment must match at least one. If empty, deployments are selected by
    /// name.
    pub(crate) selectors: Vec<Selector>,
    /// The preview to deploy. Its deployments are copies of the selected deployments.
    pub(crate) preview: Option<PreviewName>,
    /// Whether a plan contains the reasons for selecting deployments.
    pub(crate) why: bool,
    pub(crate) files: ProjectFiles,
    pub(crate) environment: Option<SelectedEnvironment>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) version_type: Option<String>,
    /// Tags that replace the tags in the file. An empty list removes all tags. `None` keeps the tags in the
    /// file.
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
    /// SLAs that replace the SLAs in the file. An empty list removes all SLAs. `None` keeps the SLAs in the
    /// file.
    pub(crate) slas: Option<Vec<String>>,
    /// Determines when Python is used to import flows and inspect their parameters.
    pub(crate) python: PythonUse,
    pub(crate) strict: bool,
    pub(crate) force: bool,
    /// Whether to omit fields that the server does not support.
    pub(crate) allow_unsupported: bool,
    /// Whether to run the pull steps as a worker would, before anything is written.
    pub(crate) verify_pull: bool,
    /// Maximum number of builds and pushes that run concurrently.
    pub(crate) jobs: usize,
    pub(crate) images: ImagePolicy,
    pub(crate) on_error: OnError,
    /// Whether to continue the last deploy from this directory.
    pub(crate) resume: bool,
    /// Project that records the deployments. If `None`, they are not recorded.
    pub(crate) project: Option<ProjectId>,
    /// Whether the command also operates on the resources that the files declare.
    pub(crate) resources: bool,
    /// Whether to delete deployments that the project has registered but no longer declares.
    pub(crate) prune: bool,
    /// Maximum number of deletions.
    pub(crate) max_deletes: usize,
    /// Whether the command only reports differences. If so, server state that a deploy cannot change is a difference
    /// instead of an error.
    pub(crate) only_compares: bool,
}

impl Options {
    pub(crate) fn environment_name(&self) -> Option<&EnvironmentName> {
        self.environment.as_ref().map(|environment| &environment.name)
    }

    pub(crate) fn on_unchanged(&self) -> OnUnchanged {
        if self.force { OnUnchanged::Write } else { OnUnchanged::Skip }
    }

    /// Returns whether the options include declared resources. Options that select or describe a deployment exclude
    /// them.
    pub(crate) fn includes_resources(&self) -> bool {
        let selects_all = self.all || (self.names.is_empty() && self.entrypoint.is_none());
        self.resources && self.preview.is_none() && self.selectors.is_empty() && selects_all
    }

    /// Returns whether an option is set that only applies to a single deployment.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_options_that_select_all_deployments_include_resources() {
        let every = Options { resources: true, ..Options::default() };
        let all = Options { all: true, ..every.clone() };
        let selectors = vec!["tag:etl".parse().unwrap()];
        let names = vec!["daily".to_owned()];
        for (options, expected) in [
            (every.clone(), true),
            (all.clone(), true),
            (Options { names, ..every.clone() }, false),
            (Options { entrypoint: Some("flow.py:hello".to_owned()), ..every.clone() }, false),
            (Options { selectors: selectors.clone(), ..every }, false),
            (Options { selectors, ..all.clone() }, false),
            (Options { preview: "pr-1".parse().ok(), ..all.clone() }, false),
            (Options { resources: false, ..all }, false),
        ] {
            assert_eq!(options.includes_resources(), expected, "{options:?}");
        }
    }
}
