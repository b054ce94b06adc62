//! Names of flows, keyed by entrypoint.

use std::{path::Path, sync::Arc};

use crate::flow::{Entrypoint, FlowSources, Inspector};

/// A lookup of flow names, so that deployments can be selected by `flow/name`.
#[derive(Clone, Copy)]
pub(crate) struct FlowNames<'a> {
    pub(crate) inspector: &'a Inspector,
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a crate::environment::Environment,
}

impl FlowNames<'_> {
    pub(crate) fn of(&self, entrypoint: &str) -> Option<String> {
        let entrypoint = Entrypoint::parse(entrypoint).ok()?;
        Some(self.inspector.inspect(&entrypoint, self.directory, self.environment).ok()?.name.clone())
    }

    /// Returns the project files that a flow or a Python function depends on, or `None` if the flow or function is
    /// outside the project.
    pub(super) fn sources(&self, entrypoint: &Entrypoint) -> Option<Arc<FlowSources>> {
        self.inspector.sources(entrypoint, self.directory, self.environment)
    }
}
