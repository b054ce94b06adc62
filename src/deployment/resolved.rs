//! Deployments with resolved blocks, variables and flows.

use std::sync::Arc;

use super::DeploymentSpec;
use crate::{
    flow::Flow,
    pointer::Pointer,
    template::expression::Scope,
    value::{Mapping, Value},
};

/// A deployment that is resolved as far as possible before its steps run.
#[derive(Debug)]
pub(crate) struct ResolvedDeployment {
    /// The fields of the file with options applied.
    pub(crate) spec: DeploymentSpec,
    /// Fields with expressions, blocks, variables and the environment resolved. Shared with `spec` if nothing
    /// changed.
    pub(crate) fields: Arc<Mapping>,
    /// Locations of expressions that need step outputs.
    pub(crate) pending: Vec<Pointer>,
    /// Names that expressions can use besides step outputs.
    pub(crate) scope: Scope,
    /// `None` if the flow cannot be read, which is reported as a finding.
    pub(crate) flow: Option<Arc<Flow>>,
}

impl ResolvedDeployment {
    /// Returns the location of a value of the deployment in the file.
    pub(crate) fn pointer(&self, path: impl IntoIterator<Item = &'static str>) -> Pointer {
        path.into_iter().fold(self.spec.declared.pointer(), |pointer, key| pointer.join(key))
    }

    /// Returns the full name, or the name without the flow if the flow is unknown.
    pub(crate) fn full_name(&self) -> String {
        let name = self.text("name").unwrap_or_default();
        self.flow.as_ref().map_or_else(|| name.to_owned(), |flow| format!("{}/{name}", flow.name))
    }

    /// Returns a string field. Returns `None` if the string is empty.
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
