//! The deployments that a command is about.

use crate::{diagnostics::Diagnostic, project::Declared};

/// The deployments that were picked.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) picked: Vec<Declared>,
    /// Whether the options for one deployment apply: exactly one was picked.
    pub(crate) single: bool,
    /// The name that the command line gives to the only one.
    pub(crate) name: Option<String>,
    pub(crate) warnings: Vec<Diagnostic>,
}
