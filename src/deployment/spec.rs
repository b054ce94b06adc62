//! A declared deployment with command-line options applied.

use super::SelectionReason;
use crate::{
    project::{Declared, Fields, PoolKey},
    value::Mapping,
};

/// A declared deployment with options and default keys applied. Its templates have not been resolved.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentSpec {
    pub(crate) declared: Declared,
    pub(crate) fields: Fields,
    /// Job variables from the command line. In templates, they take precedence over step outputs.
    pub(crate) variables: Mapping,
    /// Reasons for selecting the deployment.
    pub(crate) reasons: Vec<SelectionReason>,
}

impl DeploymentSpec {
    /// Returns whether the work pool is specified in the file.
    pub(crate) fn has_own_work_pool(&self) -> bool {
        self.fields.work_pool() == self.declared.fields.work_pool()
    }

    /// Sets the work pool if the deployment does not have one.
    pub(crate) fn default_work_pool(&mut self, name: Option<&str>) {
        if let Some(name) = name
            && !self.fields.work_pool().is_set()
        {
            self.fields.set_in_pool(PoolKey::Name, name);
        }
    }
}
