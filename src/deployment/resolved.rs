//! Deployments whose blocks, variables and flows have been resolved.

use std::sync::Arc;

use super::DeploymentSpec;
use crate::{
    flow::Flow,
    pointer::Pointer,
    template::expression::Scope,
    value::{Mapping, Value},
};

/// A deployment whose templates have been resolved as far as possible before its steps run.
#[derive(Debug)]
pub(crate) struct ResolvedDeployment {
    /// Fields of the file with command-line options applied.
    pub(crate) spec: DeploymentSpec,
    /// Fields in which expressions, blocks, variables and environment variables have been resolved. They are
    /// shared with `spec` if nothing has changed.
    pub(crate) fields: Arc<Mapping>,
    /// Locations of expressions that depend on step outputs.
    pub(crate) pending: Vec<Pointer>,
    /// Names that expressions can use in addition to step outputs.
    pub(crate) scope: Scope,
    /// The flow of the deployment. `None` if the flow cannot be read, which has been reported as a finding.
    pub(crate) flow: Option<Arc<Flow>>,
}

impl ResolvedDeployment {
    /// Returns the location in the file of a value of the deployment.
    pub(crate) fn pointer(&self, path: impl IntoIterator<Item = &'static str>) -> Pointer {
        path.into_iter().fold(self.spec.declared.pointer(), |pointer, key| pointer.join(key))
    }

    /// Returns the full name of the deployment. If the flow is unknown, returns only the name of the
    /// deployment.
    pub(crate) fn full_name(&self) -> String {
        let name = self.text("name").unwrap_or_default();
        self.flow.as_ref().map_or_else(|| name.to_owned(), |flow| format!("{}/{name}", flow.name))
    }

    /// Returns the value of a string field. Returns `None` if the field is missing or empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        non_empty(self.fields.get(key))
    }

    pub(crate) fn work_pool(&self) -> Option<&str> {
        non_empty(self.fields.get("work_pool").and_then(|pool| pool.get("name")))
    }
}

pub(crate) fn non_empty(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}
