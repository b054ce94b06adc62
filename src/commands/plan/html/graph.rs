//! Lays out a diagram of the steps and the deployments that depend on them.
//!
//! Steps are on the left. Deployments that depend on the same steps share a box on the right, so the diagram
//! stays small even for hundreds of deployments.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::ORDER;
use crate::{
    commands::plan::text::word,
    plan::{Action, Plan, PlannedDeployment, PlannedStep},
    secret::Redactor,
    steps::Section,
};

const STEP_WIDTH: usize = 300;
const GROUP_X: usize = 520;
const GROUP_WIDTH: usize = 340;
const STEP_HEIGHT: usize = 48;
const HEAD_HEIGHT: usize = 30;
const LINE_HEIGHT: usize = 20;
const GAP: usize = 16;
const MARGIN: usize = 8;
/// Maximum number of deployment names in a box.
const MAX_NAMES: usize = 8;
/// Maximum number of characters that fit in a step's box at a font size of 12 pixels.
const STEP_CHARACTERS: usize = 36;
const GROUP_CHARACTERS: usize = 40;

#[derive(Serialize)]
pub(super) struct Graph {
    width: usize,
    height: usize,
    step_x: usize,
    step_width: usize,
    step_height: usize,
    group_x: usize,
    group_width: usize,
    steps: Vec<StepBox>,
    groups: Vec<GroupBox>,
    edges: Vec<Edge>,
    /// Number of deployments without steps.
    without: usize,
}

#[derive(Serialize)]
struct StepBox {
    y: usize,
    /// Vertical center of the box.
    middle: usize,
    section: Section,
    label: String,
    /// The complete label, without truncation.
    full: String,
    place: String,
}

/// A box that lists deployments that depend on the same steps.
#[derive(Serialize)]
struct GroupBox {
    y: usize,
    height: usize,
    head: String,
    names: Vec<Name>,
    /// Number of deployments in the group whose names are not listed.
    more: usize,
}

#[derive(Serialize)]
struct Name {
    /// The deployment's position in the plan.
    number: usize,
    /// Vertical position of the line.
    y: usize,
    action: &'static str,
    label: String,
    full: String,
}

#[derive(Serialize)]
struct Edge {
    step: usize,
    group: usize,
    path: String,
}

impl Graph {
    /// Lays out the diagram. Returns `None` if the plan has no steps.
    pub(super) fn new(plan: &Plan, redactor: &Redactor) -> Option<Self> {
        if plan.steps.is_empty() {
            return None;
        }
        let grouped = grouped(plan);
        let (mut groups, mut top) = (Vec::new(), MARGIN);
        for members in grouped.values() {
            let group = group(members, top, redactor);
            top += group.height + GAP;
            groups.push(group);
        }
        let steps_height = plan.steps.len() * (STEP_HEIGHT + GAP);
        // The shorter column is centered vertically.
        let shift = top.saturating_sub(MARGIN + steps_height) / 2;
        let steps: Vec<StepBox> = plan
            .steps
            .iter()
            .enumerate()
            .map(|(index, planned)| step(planned, index, shift, redactor))
            .collect();
        let mut edges = Vec::new();
        for (index, used) in grouped.keys().enumerate() {
            let target = &groups[index];
            edges.extend(used.iter().map(|step| Edge {
                step: *step,
                group: index,
                path: curve(steps[*step].middle, target.y + target.height / 2),
            }));
        }
        let with_steps: usize = grouped.values().map(Vec::len).sum();
        Some(Self {
            width: GROUP_X + GROUP_WIDTH + MARGIN,
            height: top.max(MARGIN + steps_height),
            step_x: MARGIN,
            step_width: STEP_WIDTH,
            step_height: STEP_HEIGHT,
            group_x: GROUP_X,
            group_width: GROUP_WIDTH,
            steps,
            groups,
            edges,
            without: plan.deployments.len() - with_steps,
        })
    }
}

type Members<'a> = Vec<(usize, &'a PlannedDeployment)>;

/// Groups the deployments by the positions of their steps. Omits deployments without steps.
fn grouped(plan: &Plan) -> IndexMap<BTreeSet<usize>, Members<'_>> {
    let mut groups: IndexMap<BTreeSet<usize>, Members<'_>> = IndexMap::new();
    for (number, planned) in plan.deployments.iter().enumerate() {
        let uses = |step: &PlannedStep| step.deployments.contains(&planned.name);
        let used: BTreeSet<usize> = (0..plan.steps.len()).filter(|index| uses(&plan.steps[*index])).collect();
        if !used.is_empty() {
            groups.entry(used).or_default().push((number, planned));
        }
    }
    groups.sort_by_key(|used, _| used.clone());
    groups
}

fn step(step: &PlannedStep, index: usize, shift: usize, redactor: &Redactor) -> StepBox {
    let short = step.name.rsplit('.').next().unwrap_or(&step.name);
    let label = match &step.id {
        Some(id) => format!("{short} '{id}'"),
        None => short.to_owned(),
    };
    let y = MARGIN + shift + index * (STEP_HEIGHT + GAP);
    StepBox {
        y,
        middle: y + STEP_HEIGHT / 2,
        section: step.section,
        label: cut(&label, STEP_CHARACTERS, redactor),
        full: label,
        place: cut(step.place.as_deref().unwrap_or_default(), STEP_CHARACTERS - 8, redactor),
    }
}

fn group(members: &Members<'_>, top: usize, redactor: &Redactor) -> GroupBox {
    let mut members = members.clone();
    members.sort_by_key(|(_, planned)| ORDER.iter().position(|action| *action == planned.action));
    let count = members.len();
    let changed = members.iter().filter(|(_, planned)| planned.action != Action::Unchanged).count();
    let head = match (count, changed) {
        (1, _) => "1 deployment".to_owned(),
        (count, changed) if count == changed => format!("{count} deployments"),
        (count, changed) => format!("{count} deployments, {changed} changed"),
    };
    let shown = if count > MAX_NAMES { MAX_NAMES - 1 } else { count };
    let names = members.iter().take(shown).enumerate().map(|(index, (number, planned))| Name {
        number: *number,
        y: top + HEAD_HEIGHT + index * LINE_HEIGHT + LINE_HEIGHT / 2,
        action: word(planned.action),
        label: cut(&planned.name, GROUP_CHARACTERS, redactor),
        full: planned.name.clone(),
    });
    let lines = count.min(MAX_NAMES);
    GroupBox {
        y: top,
        height: HEAD_HEIGHT + lines * LINE_HEIGHT + GAP / 2,
        head,
        names: names.collect(),
        more: count - shown,
    }
}

/// Returns the SVG path of the curve from a step to a box.
fn curve(from: usize, to: usize) -> String {
    let (start, end) = (MARGIN + STEP_WIDTH, GROUP_X);
    let middle = usize::midpoint(start, end);
    format!("M{start},{from}C{middle},{from} {middle},{to} {end},{to}")
}

/// Truncates a string to `most` characters. Redacts secrets first, because a truncated secret would not be
/// recognized.
fn cut(text: &str, most: usize, redactor: &Redactor) -> String {
    let text = redactor.mask(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
