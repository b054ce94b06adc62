//! Selected deployments.

use crate::{diagnostics::Diagnostic, project::Declared};

/// Deployments that were selected by options or by the wizard.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) picked: Vec<Declared>,
    /// Whether exactly one deployment is selected. If so, options for a single deployment apply.
    pub(crate) single: bool,
    /// Name from the command line that replaces the name of the single deployment.
    pub(crate) name: Option<String>,
    pub(crate) warnings: Vec<Diagnostic>,
}
