//! What the page shows of a plan, as texts.

use serde::Serialize;
use serde_json::Value as Json;

use super::ORDER;
use crate::{
    api::Links,
    commands::plan::{
        entries::{Entry, entries},
        text::{sign, summary, word},
    },
    plan::{Action, KNOWN_AFTER_BUILD, Plan, PlannedChange, PlannedDeployment, PlannedStep},
};

/// Longer values are folded.
const LONGEST_VALUE: usize = 240;
const MOST_LINES: usize = 8;
/// How much of a folded value is seen.
const SEEN: usize = 100;
/// With more changed deployments than this, all are folded.
const MOST_OPEN: usize = 12;
/// More names of fields are counted in the line of a deployment.
const MOST_FIELDS: usize = 5;

#[derive(Serialize)]
pub(super) struct View {
    title: String,
    api_url: String,
    counts: Vec<Count>,
    deployments: Vec<Deployment>,
    steps: Vec<Step>,
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
    /// Its place in the plan, by which links find it.
    number: usize,
    action: &'static str,
    sign: char,
    flow: String,
    name: String,
    id: Option<String>,
    url: Option<String>,
    open: bool,
    /// Names of what changes.
    fields: Vec<String>,
    more_fields: usize,
    changes: Vec<Place>,
    kept: Vec<Kept>,
    /// What is not known of the flow's parameters.
    doubt: Option<String>,
}

/// A place inside a field that differs.
#[derive(Serialize)]
struct Place {
    sign: char,
    /// `new`, `gone`, `changed` or `same`.
    kind: &'static str,
    path: String,
    old: Option<Shown>,
    new: Option<Shown>,
}

#[derive(Serialize)]
struct Shown {
    text: String,
    /// The beginning of a text that is folded.
    start: Option<String>,
    is_known_later: bool,
}

#[derive(Serialize)]
struct Kept {
    field: String,
    value: Shown,
    reason: String,
}

#[derive(Serialize)]
struct Step {
    section: String,
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
    pub(super) fn of(plan: &Plan, links: &Links) -> Self {
        let changed = plan.deployments.len() - plan.count(Action::Unchanged);
        let mut numbered: Vec<(usize, &PlannedDeployment)> = plan.deployments.iter().enumerate().collect();
        numbered.sort_by_key(|(_, one)| ORDER.iter().position(|action| *action == one.action));
        let count =
            |action: Action| Count { action: word(action), sign: sign(action), count: plan.count(action) };
        Self {
            title: summary(plan),
            api_url: plan.api_url.clone(),
            counts: ORDER.map(count).into(),
            deployments: numbered
                .into_iter()
                .map(|(number, one)| deployment(number, one, links, changed <= MOST_OPEN))
                .collect(),
            steps: plan.steps.iter().map(step).collect(),
            findings: plan.findings.iter().map(finding).collect(),
        }
    }
}

fn deployment(number: usize, one: &PlannedDeployment, links: &Links, open: bool) -> Deployment {
    let (flow, name) = one.name.rsplit_once('/').unwrap_or(("", &one.name));
    let mut fields: Vec<String> = match one.action {
        Action::Update => one.changes.iter().map(|change| change.field.clone()).collect(),
        _ => Vec::new(),
    };
    fields.dedup();
    let more_fields = fields.len().saturating_sub(MOST_FIELDS);
    fields.truncate(MOST_FIELDS);
    // An address of the settings: only one that leads to a page may be followed.
    let url = one.id.and_then(|id| links.deployment(id)).filter(|url| url.starts_with("http"));
    let doubt = one.flow.as_ref().filter(|flow| flow.grade != "exact");
    Deployment {
        number,
        action: word(one.action),
        sign: sign(one.action),
        flow: flow.to_owned(),
        name: name.to_owned(),
        id: one.id.map(|id| id.to_string()),
        url,
        open: open && one.action != Action::Unchanged,
        fields,
        more_fields,
        changes: one.changes.iter().flat_map(places).collect(),
        kept: one.retained.iter().map(kept).collect(),
        doubt: doubt.map(|flow| format!("{}: {}", flow.grade, flow.reasons.join("; "))),
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

fn kept(kept: &crate::plan::Retained) -> Kept {
    Kept { field: kept.field.clone(), value: shown(&kept.value), reason: kept.reason.clone() }
}

/// A value as people read it: a text of several lines as it is, all else as JSON.
fn shown(value: &Json) -> Shown {
    let is_known_later = value.as_str().is_some_and(|text| text.contains(KNOWN_AFTER_BUILD));
    let text = match value {
        Json::String(text) if is_known_later || text.contains('\n') => text.clone(),
        Json::Array(_) | Json::Object(_) if value.to_string().len() > SEEN => format!("{value:#}"),
        value => value.to_string(),
    };
    let is_long = text.chars().count() > LONGEST_VALUE || text.lines().count() > MOST_LINES;
    let start = is_long.then(|| value.to_string().chars().take(SEEN).chain(['…']).collect());
    Shown { text, start, is_known_later }
}

fn step(step: &PlannedStep) -> Step {
    Step {
        section: step.section.clone(),
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
