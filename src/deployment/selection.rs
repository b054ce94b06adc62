//! Selected deployments.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{diagnostics::Diagnostic, project::Declared};

/// Deployments that were selected by options or by the wizard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) picked: Vec<Declared>,
    /// Position of the project file that declares the deployments, among the command's files.
    pub(crate) project: usize,
    /// Whether exactly one deployment is selected. If so, options for a single deployment apply.
    pub(crate) single: bool,
    /// Name from the command line that replaces the name of the single deployment.
    pub(crate) name: Option<String>,
    /// Reasons for selecting the deployments, keyed by the deployment's index in the file.
    pub(crate) reasons: BTreeMap<usize, Vec<SelectionReason>>,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Selection {
    /// Sets the reason for selecting all deployments.
    pub(crate) fn because(mut self, reason: SelectionReason) -> Self {
        let indices = self.picked.iter().filter_map(|declared| declared.index);
        let reasons = std::iter::repeat(reason);
        self.reasons = indices.zip(reasons).map(|(index, reason)| (index, vec![reason])).collect();
        self
    }
}

/// A reason for selecting a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SelectionReason {
    /// The option that selects the deployment, such as `--select`. Null if no option selects deployments.
    pub(crate) option: Option<String>,
    /// The value of the option.
    pub(crate) value: Option<String>,
    /// The deployment's properties that satisfy the selector, such as `tag 'etl'`. If no option selects deployments,
    /// the reason for the selection.
    pub(crate) details: Vec<String>,
}

impl SelectionReason {
    /// Creates the reason for a deployment selected by the value of an option.
    pub(crate) fn option(option: &str, value: impl Into<String>) -> Self {
        Self { option: Some(option.to_owned()), value: Some(value.into()), details: Vec::new() }
    }

    /// Creates the reason for a deployment selected by `--all`.
    pub(crate) fn all() -> Self {
        Self { option: Some("--all".to_owned()), value: None, details: Vec::new() }
    }

    /// Creates the reason for a deployment selected because it is the only deployment in the file.
    pub(crate) fn only() -> Self {
        Self { option: None, value: None, details: vec!["the only deployment in the file".to_owned()] }
    }
}

impl fmt::Display for SelectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = [self.option.as_deref(), self.value.as_deref()];
        let option = option.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let details = self.details.join(", ");
        match (option.is_empty(), details.is_empty()) {
            (false, false) => write!(f, "{option} ({details})"),
            (false, true) => f.write_str(&option),
            (true, _) => f.write_str(&details),
        }
    }
}
