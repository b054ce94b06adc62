//! Reports the findings about projects.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{PreparationError, PreparedProject};
use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic, Severity},
};

/// Reports the findings about all projects. Returns the warnings if there are no errors. With `--strict`,
/// warnings are treated as errors.
///
/// # Errors
///
/// Fails with the errors if there are any. The warnings are reported in any case.
pub(crate) fn report_project_findings(
    projects: &mut [PreparedProject<'_>],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PreparationError> {
    report_findings(take_findings(projects, ctx), ctx)
}

/// Codes of findings about command-line options, which are not specific to a project file.
const ABOUT_OPTIONS: [Code; 3] = [Code::IGNORED_OPTIONS, Code::UNKNOWN_DEPLOYMENT, Code::UNMATCHED_PATTERN];

/// Removes and returns the findings of all projects. If the command reads multiple project files, each finding without
/// a location states the file in which it occurs, unless it occurs in multiple files.
pub(crate) fn take_findings(
    projects: &mut [PreparedProject<'_>],
    ctx: &DeployContext<'_>,
) -> Vec<Diagnostic> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let taken: Vec<(Option<&Arc<str>>, Vec<Diagnostic>)> =
        projects.iter_mut().map(|project| (project.file, project.take_findings(ctx.directory))).collect();
    for diagnostic in taken.iter().flat_map(|(_, diagnostics)| diagnostics) {
        if diagnostic.place.is_none() {
            *counts.entry(diagnostic.message.clone()).or_default() += 1;
        }
    }
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for (file, diagnostics) in taken {
        for mut diagnostic in diagnostics {
            let count = counts.get(&diagnostic.message);
            let is_about_file = !ABOUT_OPTIONS.contains(&diagnostic.code);
            if let (None, Some(file), Some(1), true) = (&diagnostic.place, file, count, is_about_file) {
                diagnostic.message = format!("{file}: {}", diagnostic.message);
            }
            if seen.insert((diagnostic.code.name(), diagnostic.message.clone(), diagnostic.place.clone())) {
                findings.push(diagnostic);
            }
        }
    }
    findings
}

/// Reports diagnostics like [`report_project_findings`].
pub(crate) fn report_findings(
    mut diagnostics: Vec<Diagnostic>,
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PreparationError> {
    if ctx.options.strict {
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.severity = Severity::Error);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(Diagnostic::is_error);
    for warning in &warnings {
        ctx.progress.warn(warning);
    }
    if errors.is_empty() { Ok(warnings) } else { Err(PreparationError::Findings(errors)) }
}
