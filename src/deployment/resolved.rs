//! Deployments whose blocks, variables and flows have been resolved.

use std::sync::Arc;

use super::{DeploymentSpec, desired::api_name};
use crate::{
    api::DeploymentName,
    flow::Flow,
    pointer::Pointer,
    project::{Fields, Key},
    template::{self, expression::Scope},
};

/// A deployment before its steps run. Its templates are resolved, except templates that depend on step outputs.
#[derive(Debug)]
pub(crate) struct ResolvedDeployment {
    /// Fields of the file with command-line options applied.
    pub(crate) spec: DeploymentSpec,
    /// Fields with expressions, blocks, variables and environment variables resolved. If resolving changed nothing,
    /// they are shared with `spec`.
    pub(crate) fields: Fields,
    /// Locations of expressions that depend on step outputs.
    pub(crate) pending: Vec<Pointer>,
    /// Names that expressions can use in addition to step outputs.
    pub(crate) scope: Scope,
    /// The deployment's flow. `None` if the flow cannot be read, which a finding has reported.
    pub(crate) flow: Option<Arc<Flow>>,
}

impl ResolvedDeployment {
    /// Returns the location of the deployment in the file.
    pub(crate) fn pointer(&self) -> Pointer {
        self.spec.declared.pointer()
    }

    /// Returns the location of a field in the file.
    pub(crate) fn pointer_to(&self, key: Key) -> Pointer {
        self.pointer().join(key)
    }

    /// Returns the deployment's name, which may contain templates that depend on step outputs. Returns `None` if the
    /// name is empty.
    pub(crate) fn name(&self) -> Option<&str> {
        self.fields.name().unresolved()
    }

    pub(crate) fn entrypoint(&self) -> Option<&str> {
        self.fields.entrypoint().unresolved()
    }

    /// Returns the names of the flow and the deployment in the API, or `None` if the flow is unknown or the name
    /// depends on step outputs.
    pub(crate) fn deployment_name(&self) -> Option<DeploymentName> {
        let name = self.name().filter(|name| !template::is_template(name))?;
        Some(DeploymentName::new(self.flow.as_ref()?.name.as_str(), api_name(name)))
    }

    /// Returns the deployment's full name. If the flow is unknown, returns only the deployment's name.
    pub(crate) fn full_name(&self) -> String {
        let name = self.name().unwrap_or_default();
        self.flow.as_ref().map_or_else(|| name.to_owned(), |flow| format!("{}/{name}", flow.name))
    }

    pub(crate) fn work_pool(&self) -> Option<&str> {
        self.fields.work_pool().unresolved()
    }
}
