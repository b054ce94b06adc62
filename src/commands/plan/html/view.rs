//! Data that the HTML template of a plan displays.

use serde::Serialize;
use serde_json::Value as Json;

use super::ORDER;
use crate::{
    api::Links,
    commands::plan::{
        entries::{Entry, entries},
        text::{sign, summary, word},
    },
    flow::Grade,
    plan::{
        Action, KNOWN_AFTER_BUILD, Plan, PlannedChange, PlannedDeployment, PlannedKept, PlannedResource,
        PlannedStep,
    },
    steps::Section,
};

/// Maximum length in characters of a value that is shown expanded. Longer values are collapsed.
const MAX_VALUE_LENGTH: usize = 240;
const MAX_VALUE_LINES: usize = 8;
/// Number of visible characters in a collapsed value.
const PREVIEW_LENGTH: usize = 100;
/// Maximum number of changed deployments that are shown expanded. If more deployments change, all are
/// collapsed.
const MAX_OPEN: usize = 12;
/// Maximum number of changed fields listed in the heading of a deployment.
const MAX_FIELDS: usize = 5;

#[derive(Serialize)]
pub(super) struct View {
    title: String,
    api_url: String,
    counts: Vec<Count>,
    deployments: Vec<Deployment>,
    steps: Vec<Step>,
    /// Resources that `--prune` does not delete although they are no longer declared.
    kept: Vec<String>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Count {
    action: &'static str,
    sign: char,
    count: usize,
}

#[derive(Serialize)]
struct Deployment {
    /// The deployment's position in the plan, used as the target of links.
    number: usize,
    /// Kind of the object: `deployment`, or the kind of a declared resource.
    kind: &'static str,
    action: &'static str,
    sign: char,
    flow: String,
    name: String,
    /// Path of the project file, if the command has multiple project files.
    file: Option<String>,
    id: Option<String>,
    url: Option<String>,
    open: bool,
    /// Names of the changed fields.
    fields: Vec<String>,
    more_fields: usize,
    changes: Vec<Place>,
    kept: Vec<Retained>,
    /// Effects on other resources.
    notes: Vec<String>,
    /// Differences in fields that `ignore_changes` lists.
    ignored: Vec<Place>,
    /// Reasons for selecting the deployment. Empty without `--why`.
    selected_by: Vec<String>,
    /// Reason why the flow's parameter schema may be incomplete.
    doubt: Option<String>,
}

/// A difference inside a field.
#[derive(Serialize)]
struct Place {
    sign: char,
    /// Kind of the difference: `new`, `gone`, `changed` or `same`.
    kind: &'static str,
    path: String,
    old: Option<Shown>,
    new: Option<Shown>,
}

#[derive(Serialize)]
struct Shown {
    text: String,
    /// The visible beginning of a collapsed value. `None` if the value is not collapsed.
    start: Option<String>,
    is_known_later: bool,
}

#[derive(Serialize)]
struct Retained {
    field: String,
    value: Shown,
    reason: String,
}

#[derive(Serialize)]
struct Step {
    section: Section,
    name: String,
    id: Option<String>,
    place: Option<String>,
    inputs: Shown,
    deployments: usize,
}

#[derive(Serialize)]
struct Finding {
    severity: String,
    code: String,
    message: String,
    place: Option<String>,
}

impl View {
    pub(super) fn new(plan: &Plan, links: &Links) -> Self {
        let changed = plan.deployments.len() + plan.resources.len() - plan.count(Action::Unchanged);
        let is_open = changed <= MAX_OPEN;
        let mut resources: Vec<(usize, &PlannedResource)> = plan
            .resources
            .iter()
            .enumerate()
            .map(|(index, planned)| (plan.deployments.len() + index, planned))
            .collect();
        resources.sort_by_key(|(_, planned)| ORDER.iter().position(|action| *action == planned.action));
        let resources = resources.into_iter().map(|(number, planned)| resource(number, planned, is_open));
        let mut numbered: Vec<(usize, &PlannedDeployment)> = plan.deployments.iter().enumerate().collect();
        numbered.sort_by_key(|(_, planned)| ORDER.iter().position(|action| *action == planned.action));
        let count =
            |action: Action| Count { action: word(action), sign: sign(action), count: plan.count(action) };
        Self {
            title: summary(plan),
            api_url: plan.api_url.clone(),
            counts: ORDER.map(count).into(),
            deployments: resources
                .chain(
                    numbered.into_iter().map(|(number, planned)| deployment(number, planned, links, is_open)),
                )
                .collect(),
            steps: plan.steps.iter().map(step).collect(),
            kept: plan.kept.iter().map(kept).collect(),
            findings: plan.findings.iter().map(finding).collect(),
        }
    }
}

/// Describes a resource that `--prune` does not delete.
fn kept(kept: &PlannedKept) -> String {
    format!("{} {}: {}", kept.kind.name(), kept.name, kept.reason)
}

/// Returns the names of the changed fields to list in a heading, and the number of changed fields that the heading
/// omits.
fn changed_fields(action: Action, changes: &[PlannedChange]) -> (Vec<String>, usize) {
    let mut fields: Vec<String> = match action {
        Action::Update => changes.iter().map(|change| change.field.clone()).collect(),
        _ => Vec::new(),
    };
    fields.dedup();
    let more_fields = fields.len().saturating_sub(MAX_FIELDS);
    fields.truncate(MAX_FIELDS);
    (fields, more_fields)
}

/// Returns the entry for a declared resource, in the form of a deployment entry.
fn resource(number: usize, planned: &PlannedResource, open: bool) -> Deployment {
    let (fields, more_fields) = changed_fields(planned.action, &planned.changes);
    Deployment {
        number,
        kind: planned.kind.name(),
        file: planned.file.clone(),
        action: word(planned.action),
        sign: sign(planned.action),
        flow: planned.kind.name().to_owned(),
        name: planned.name.clone(),
        id: planned.id.map(|id| id.to_string()),
        url: None,
        open: open && planned.action != Action::Unchanged,
        fields,
        more_fields,
        changes: planned.changes.iter().flat_map(places).collect(),
        kept: Vec::new(),
        notes: planned.notes.clone(),
        ignored: Vec::new(),
        selected_by: Vec::new(),
        doubt: None,
    }
}

fn deployment(number: usize, planned: &PlannedDeployment, links: &Links, open: bool) -> Deployment {
    let (flow, name) = planned.name.rsplit_once('/').unwrap_or(("", &planned.name));
    let (fields, more_fields) = changed_fields(planned.action, &planned.changes);
    // The URL comes from the settings. Other schemes than HTTP could run scripts.
    let url = planned.id.and_then(|id| links.deployment(id)).filter(|url| url.starts_with("http"));
    let doubt = planned.flow.as_ref().filter(|flow| flow.grade != Grade::Exact);
    Deployment {
        number,
        kind: "deployment",
        action: word(planned.action),
        sign: sign(planned.action),
        flow: flow.to_owned(),
        name: name.to_owned(),
        file: planned.file.clone(),
        id: planned.id.map(|id| id.to_string()),
        url,
        open: open && planned.action != Action::Unchanged,
        fields,
        more_fields,
        changes: planned.changes.iter().flat_map(places).collect(),
        kept: planned.retained.iter().map(retained).collect(),
        notes: Vec::new(),
        ignored: planned.ignored.iter().flat_map(places).collect(),
        selected_by: planned.selected_by.iter().map(ToString::to_string).collect(),
        doubt: doubt.map(|flow| format!("{}: {}", flow.grade.name(), flow.reasons.join("; "))),
    }
}

fn places(change: &PlannedChange) -> Vec<Place> {
    entries(change).iter().map(place).collect()
}

fn place(entry: &Entry<'_>) -> Place {
    let kind = match (entry.old, entry.new) {
        (None, Some(_)) => "new",
        (Some(_), None) => "gone",
        (Some(_), Some(_)) => "changed",
        (None, None) => "same",
    };
    Place {
        sign: entry.sign(),
        kind,
        path: entry.path.to_string(),
        old: entry.old.map(shown),
        new: entry.new.map(shown),
    }
}

fn retained(retained: &crate::plan::Retained) -> Retained {
    Retained { field: retained.field.clone(), value: shown(&retained.value), reason: retained.reason.clone() }
}

/// Formats a value for display: a multi-line string as plain text, and any other value as JSON.
fn shown(value: &Json) -> Shown {
    let is_known_later = value.as_str().is_some_and(|text| text.contains(KNOWN_AFTER_BUILD));
    let text = match value {
        Json::String(text) if is_known_later || text.contains('\n') => text.clone(),
        Json::Array(_) | Json::Object(_) if value.to_string().len() > PREVIEW_LENGTH => format!("{value:#}"),
        value => value.to_string(),
    };
    let is_long = text.chars().count() > MAX_VALUE_LENGTH || text.lines().count() > MAX_VALUE_LINES;
    let start = is_long.then(|| value.to_string().chars().take(PREVIEW_LENGTH).chain(['…']).collect());
    Shown { text, start, is_known_later }
}

fn step(step: &PlannedStep) -> Step {
    Step {
        section: step.section,
        name: step.name.clone(),
        id: step.id.clone(),
        place: step.place.clone(),
        inputs: shown(&step.inputs),
        deployments: step.deployments.len(),
    }
}

fn finding(finding: &Json) -> Finding {
    let part = |key: &str| finding.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let line = finding.get("line").and_then(Json::as_u64);
    Finding {
        severity: part("severity"),
        code: part("code"),
        message: part("message"),
        place: line.map(|line| format!("{}:{line}", part("file"))),
    }
}
