//! Project environments, whose values are merged into the project file.
//!
//! An environment is defined in the project file's `environments` mapping, in an overlay file such as
//! `prefect.prod.yaml`, or in both. The overlay file's values take precedence.

mod deployments;
mod merge;
mod merging;
mod name;
pub(super) mod overlay_file;
mod resources;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    name::{EnvironmentName, EnvironmentSource, SelectedEnvironment, UndefinedEnvironment},
    overlay_file::overlay_path,
    sources::{ProjectSources, load},
};

/// The top-level key of the project file that contains environments.
pub(super) const KEY: &str = "environments";

/// Keys that only environments support, and that apply to all deployments.
pub(super) const NAME_SUFFIX: &str = "name_suffix";
pub(super) const WORK_POOL: &str = "work_pool";
pub(super) const JOB_VARIABLES: &str = "job_variables";
