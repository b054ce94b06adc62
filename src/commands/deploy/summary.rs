//! Formats the results of a deploy as Markdown for the GitHub Actions job summary.

use std::fmt::Write as _;

use super::text::outcome_text;
use crate::{
    api::Links,
    apply::{DeploymentLine, Report, ResourceLine},
    commands::plan::markdown,
    error::CommandError,
};

/// Maximum size of the summary table in bytes. GitHub limits a step's job summary to 1 MiB, and errors follow the
/// table.
const MAX_TABLE_SIZE: usize = 500_000;

/// Renders the report and the error as Markdown for the job summary.
pub(super) fn render(report: &Report, error: Option<&CommandError>, links: &Links) -> String {
    let row = |line: &DeploymentLine| {
        let what = outcome_text(&line.outcome);
        let name = markdown::code(&line.name);
        let name = line.url(links).map_or_else(|| name.clone(), |url| markdown::link(&name, &url));
        format!("| {name} | {} |\n", markdown::escaped(&what))
    };
    let resource = |line: &ResourceLine| {
        let name = markdown::code(&format!("{} {}", line.key.kind.name(), line.key.name));
        format!("| {name} | {} |\n", markdown::escaped(&outcome_text(&line.outcome)))
    };
    let mut text = "### prefectl deploy\n".to_owned();
    if !report.resources.is_empty() {
        text.push_str("\n| Resource | |\n|---|---|\n");
        markdown::rows(report.resources.iter().map(resource), MAX_TABLE_SIZE, &mut text);
    }
    if !report.deployments.is_empty() {
        text.push_str("\n| Deployment | |\n|---|---|\n");
        markdown::rows(report.deployments.iter().map(row), MAX_TABLE_SIZE, &mut text);
    }
    if let Some(error) = error {
        let findings = error.diagnostics.iter().map(|finding| &finding.message);
        let messages = std::iter::once(&error.message).chain(findings).filter(|message| !message.is_empty());
        let items = messages.map(|message| format!("- {}\n", markdown::escaped_lines(message)));
        let _ =
            write!(text, "\nFailed with exit code {}:\n\n{}", error.exit.code(), items.collect::<String>());
    }
    text
}
