//! A deployment whose blocks, variables and flow are known.

use std::sync::Arc;

use super::DeploymentSpec;
use crate::{
    flow::Flow,
    pointer::Pointer,
    template::expression::Scope,
    value::{Mapping, Value},
};

/// A deployment before its steps run.
#[derive(Debug)]
pub(crate) struct ResolvedDeployment {
    /// As the file and the options have it.
    pub(crate) spec: DeploymentSpec,
    /// After expressions, blocks, variables and the environment have been filled in; those of `spec` if nothing was.
    pub(crate) fields: Arc<Mapping>,
    /// Where expressions wait for the outputs of steps.
    pub(crate) pending: Vec<Pointer>,
    /// What expressions see besides outputs.
    pub(crate) scope: Scope,
    /// `None` where it cannot be read, which is a finding.
    pub(crate) flow: Option<Arc<Flow>>,
}

impl ResolvedDeployment {
    /// Where something of the deployment is in the file.
    pub(crate) fn pointer(&self, path: impl IntoIterator<Item = &'static str>) -> Pointer {
        path.into_iter().fold(self.spec.declared.pointer(), |pointer, key| pointer.join(key))
    }

    /// `flow/deployment`, as far as it is known.
    pub(crate) fn full_name(&self) -> String {
        let name = self.text("name").unwrap_or_default();
        self.flow.as_ref().map_or_else(|| name.to_owned(), |flow| format!("{}/{name}", flow.name))
    }

    /// A text field as it is now; nothing if it is empty.
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
