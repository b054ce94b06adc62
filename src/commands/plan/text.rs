//! Formats a plan as text for a terminal or a CI job log.

use std::fmt::Write as _;

use jiff::Timestamp;
use owo_colors::OwoColorize;
use serde_json::Value as Json;

use super::entries::{Entry, entries, path};
use crate::{
    escape,
    flow::Grade,
    json_diff::{self, ChangedValue},
    names::counted,
    plan::{Action, Plan, PlannedChange, PlannedDeployment, PlannedResource, PlannedStep},
    schedule::cron_in_words,
};

/// Maximum number of characters displayed for a value.
const MAX_VALUE_LENGTH: usize = 80;
/// Maximum number of differences displayed for a field.
const MAX_DIFFERENCES: usize = 10;

/// Formats a plan. Calculates the next runs of its schedules relative to `now`.
pub(super) fn plan(plan: &Plan, now: Timestamp) -> String {
    let mut text = String::new();
    let (before, after) = plan.resources_around_deployments();
    before.into_iter().for_each(|planned| resource(planned, &mut text));
    for planned in &plan.deployments {
        deployment(planned, now, &mut text);
    }
    after.into_iter().for_each(|planned| resource(planned, &mut text));
    for kept in &plan.kept {
        let line = format!("= {} {} (kept: {})", kept.kind.name(), kept.name, kept.reason);
        let _ = writeln!(text, "{}", escape::line(&line).dimmed());
    }
    if !plan.steps.is_empty() {
        text.push_str("\nSteps to run:\n");
        plan.steps.iter().for_each(|planned| step(planned, plan.deployments.len(), &mut text));
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "\n{}", summary(plan));
    text
}

/// Summarizes a plan, as in `Plan: 1 to create, 3 unchanged.`
pub(super) fn summary(plan: &Plan) -> String {
    let counts = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Delete, "to delete"),
        (Action::Unchanged, "unchanged"),
    ];
    let counts = counts.into_iter().map(|(action, words)| (plan.count(action), words));
    let mut parts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    match plan.steps.len() {
        0 => {}
        steps => parts.push(counted(steps, "step")),
    }
    format!(
        "Plan: {}.",
        if parts.is_empty() { "no deployments selected".to_owned() } else { parts.join(", ") }
    )
}

/// Appends the first line of an entry. `file` is set if the command has multiple project files.
fn heading(name: &str, action: Action, file: Option<&str>, text: &mut String) {
    let line = format!("{} {} ({})", sign(action), escape::line(name), word(action));
    let line = match action {
        Action::Create => line.green().to_string(),
        Action::Update => line.yellow().to_string(),
        Action::Delete => line.red().to_string(),
        Action::Unchanged => line.dimmed().to_string(),
    };
    let file = file.map(|file| format!(" in {}", escape::line(file)).dimmed().to_string());
    let _ = writeln!(text, "{line}{}", file.unwrap_or_default());
}

fn resource(planned: &PlannedResource, text: &mut String) {
    heading(&planned.title(), planned.action, planned.file.as_deref(), text);
    for line in planned.changes.iter().flat_map(lines) {
        let _ = writeln!(text, "    {line}");
    }
    for note in &planned.notes {
        let _ = writeln!(text, "{}", escape::line(&format!("    note: {note}")).dimmed());
    }
}

fn deployment(planned: &PlannedDeployment, now: Timestamp, text: &mut String) {
    heading(&planned.name, planned.action, planned.file.as_deref(), text);
    for reason in &planned.selected_by {
        let _ =
            writeln!(text, "{}", format!("    selected by {}", escape::line(&reason.to_string())).dimmed());
    }
    for change in &planned.changes {
        for line in lines(change) {
            let _ = writeln!(text, "    {line}");
        }
        if let Some(words) = schedule_in_words(change, now) {
            let _ = writeln!(text, "      {}", words.dimmed());
        }
    }
    for retained in &planned.retained {
        let line = format!("    kept: {} {}: {}", retained.field, shown(&retained.value), retained.reason);
        let _ = writeln!(text, "{}", escape::line(&line).dimmed());
    }
    for line in planned.ignored.iter().flat_map(ignored_lines) {
        let _ = writeln!(text, "    {}", line.dimmed());
    }
    if let Some(flow) = planned.flow.as_ref().filter(|flow| flow.grade != Grade::Exact) {
        let _ = writeln!(
            text,
            "    the parameter schema of the flow is {}: {}",
            flow.grade.name(),
            escape::line(&flow.reasons.join("; "))
        );
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

/// Describes the new cron schedule of a change in words.
fn schedule_in_words(change: &PlannedChange, now: Timestamp) -> Option<String> {
    let schedule = change.new.get("schedule").filter(|_| change.field == "schedules")?;
    let text = |key: &str| schedule.get(key).and_then(Json::as_str);
    cron_in_words(text("cron")?, text("timezone"), now)
}

/// Formats a change as one line for each difference. The number of lines is limited.
pub(super) fn lines(change: &PlannedChange) -> Vec<String> {
    let found = entries(change);
    let mut lines: Vec<String> = found.iter().take(MAX_DIFFERENCES).map(line).collect();
    if found.len() > MAX_DIFFERENCES {
        lines.push(format!("  ... and {} more in {}", found.len() - MAX_DIFFERENCES, path(change)));
    }
    lines
}

/// Formats an ignored difference as one line for each differing value. The number of lines is limited.
pub(super) fn ignored_lines(change: &PlannedChange) -> Vec<String> {
    let side = |value: Option<&Json>| value.map_or_else(|| "none".to_owned(), shown);
    let found = json_diff::changed_values(path(change), &change.old, &change.new);
    let line = |value: &ChangedValue<'_>| {
        let line = format!("ignored: {}: server {}, file {}", value.path, side(value.old), side(value.new));
        escape::line(&line).into_owned()
    };
    let mut lines: Vec<String> = found.iter().take(MAX_DIFFERENCES).map(line).collect();
    if found.len() > MAX_DIFFERENCES {
        lines.push(format!("ignored: {} more in {}", found.len() - MAX_DIFFERENCES, path(change)));
    }
    lines
}

fn line(entry: &Entry<'_>) -> String {
    let (sign, path) = (entry.sign(), &entry.path);
    let line = match (entry.old, entry.new) {
        (Some(old), Some(new)) => format!("{sign} {path}: {} -> {}", shown(old), shown(new)),
        (None, Some(value)) | (Some(value), None) => format!("{sign} {path}: {}", shown(value)),
        (None, None) => format!("{sign} {path}: written unchanged"),
    };
    escape::line(&line).into_owned()
}

/// Formats a value as JSON, truncated to the maximum length.
pub(in crate::commands) fn shown(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.contains(crate::plan::KNOWN_AFTER_BUILD) => text.clone(),
        value => value.to_string(),
    };
    let length = text.chars().count();
    if length <= MAX_VALUE_LENGTH {
        return text;
    }
    let start: String = text.chars().take(MAX_VALUE_LENGTH).collect();
    format!("{start}... ({length} characters)")
}

fn step(planned: &PlannedStep, of: usize, text: &mut String) {
    let short = planned.name.rsplit('.').next().unwrap_or(&planned.name);
    let id = planned.id.as_ref().map(|id| format!(" '{id}'")).unwrap_or_default();
    let place = planned.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let users = match planned.deployments.len() {
        count if count == of && of > 1 => "all".to_owned(),
        count if count > 3 => format!("{} and {} more", planned.deployments[0], count - 1),
        _ => planned.deployments.join(", "),
    };
    let line = format!("  {}: {short}{id}{place}, for {users}", planned.section);
    let _ = writeln!(text, "{}", escape::line(&line));
}
