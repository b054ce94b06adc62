//! A plan for people, on a terminal or in the log of a pipeline.

use std::fmt::Write as _;

use owo_colors::OwoColorize;
use serde_json::Value as Json;

use super::entries::{Entry, entries, path};
use crate::plan::{Action, Plan, PlannedChange, PlannedDeployment, PlannedStep};

/// Longer values are cut.
const LONGEST_VALUE: usize = 80;
/// More differences inside one field are counted instead.
const MOST_LEAVES: usize = 10;

pub(super) fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    for one in &plan.deployments {
        deployment(one, &mut text);
    }
    if !plan.steps.is_empty() {
        text.push_str("\nSteps that would run:\n");
        plan.steps.iter().for_each(|one| step(one, plan.deployments.len(), &mut text));
    }
    // A `String` takes everything.
    let _ = write!(text, "\n{}", summary(plan));
    text
}

/// `1 to create, 2 to update, 3 unchanged`.
pub(super) fn summary(plan: &Plan) -> String {
    let counts = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Delete, "to delete"),
        (Action::Unchanged, "unchanged"),
    ];
    let told = counts.into_iter().map(|(action, words)| (plan.count(action), words));
    let mut parts: Vec<String> =
        told.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    match plan.steps.len() {
        0 => {}
        1 => parts.push("1 step".to_owned()),
        steps => parts.push(format!("{steps} steps")),
    }
    format!("Plan: {}.", if parts.is_empty() { "nothing selected".to_owned() } else { parts.join(", ") })
}

fn deployment(one: &PlannedDeployment, text: &mut String) {
    let line = format!("{} {} ({})", sign(one.action), one.name, word(one.action));
    let line = match one.action {
        Action::Create => line.green().to_string(),
        Action::Update => line.yellow().to_string(),
        Action::Delete => line.red().to_string(),
        Action::Unchanged => line.dimmed().to_string(),
    };
    let _ = writeln!(text, "{line}");
    for change in &one.changes {
        for line in lines(change) {
            let _ = writeln!(text, "    {line}");
        }
    }
    for retained in &one.retained {
        let line = format!("    kept: {} {}: {}", retained.field, shown(&retained.value), retained.reason);
        let _ = writeln!(text, "{}", line.dimmed());
    }
    if let Some(flow) = one.flow.as_ref().filter(|flow| flow.grade != "exact") {
        let _ = writeln!(text, "    the flow's parameters are {}: {}", flow.grade, flow.reasons.join("; "));
    }
}

pub(super) fn sign(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Delete => '-',
        Action::Unchanged => '=',
    }
}

pub(super) fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Unchanged => "unchanged",
    }
}

/// The lines of a change: one for each place inside a value that differs.
pub(super) fn lines(change: &PlannedChange) -> Vec<String> {
    let found = entries(change);
    let mut lines: Vec<String> = found.iter().take(MOST_LEAVES).map(line).collect();
    if found.len() > MOST_LEAVES {
        lines.push(format!("  ... and {} more in {}", found.len() - MOST_LEAVES, path(change)));
    }
    lines
}

fn line(entry: &Entry<'_>) -> String {
    let (sign, path) = (entry.sign(), &entry.path);
    match (entry.old, entry.new) {
        (Some(old), Some(new)) => format!("{sign} {path}: {} -> {}", shown(old), shown(new)),
        (None, Some(value)) | (Some(value), None) => format!("{sign} {path}: {}", shown(value)),
        (None, None) => format!("{sign} {path}: written again"),
    }
}

/// A value as JSON, cut where it is long.
pub(in crate::commands) fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.contains(crate::plan::KNOWN_AFTER_BUILD) => text.clone(),
        value => value.to_string(),
    };
    let length = text.chars().count();
    if length <= LONGEST_VALUE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_VALUE).collect();
    format!("{start}... ({length} characters)")
}

fn step(one: &PlannedStep, of: usize, text: &mut String) {
    let short = one.name.rsplit('.').next().unwrap_or(&one.name);
    let id = one.id.as_ref().map(|id| format!(" '{id}'")).unwrap_or_default();
    let place = one.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let users = match one.deployments.len() {
        count if count == of && of > 1 => "all".to_owned(),
        count if count > 3 => format!("{} and {} more", one.deployments[0], count - 1),
        _ => one.deployments.join(", "),
    };
    let _ = writeln!(text, "  {}: {short}{id}{place}, for {users}", one.section);
}
