//! Selected deployments.

use crate::{diagnostics::Diagnostic, project::Declared};

/// Deployments selected by options or by the wizard.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) picked: Vec<Declared>,
    /// Whether exactly one deployment is selected, so that options for a single deployment apply.
    pub(crate) single: bool,
    /// Name that the command line gives to the single deployment.
    pub(crate) name: Option<String>,
    pub(crate) warnings: Vec<Diagnostic>,
}
