//! Renders the lines of the live view from its state, the current time and the size of the terminal.

mod bar;

use std::time::{Duration, Instant};

use owo_colors::OwoColorize;

use self::bar::bar;
use super::{
    state::{Deployment, Phase, State, Step},
    text::{columns, cut, padded, plain, took},
};
use crate::progress::Amount;

/// Size of a terminal in columns and lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Size {
    pub(in crate::ui) width: usize,
    pub(in crate::ui) height: usize,
}

/// Maximum width of a line in columns. Wider lines are hard to read.
pub(super) const MAX_WIDTH: usize = 110;
/// Maximum width of the name column. A longer name moves the rest of its line to the right.
const MAX_NAME_WIDTH: usize = 32;
/// Widths of the status column and the time column.
const STATUS_WIDTH: usize = 9;
const TIME_WIDTH: usize = 8;
/// Minimum terminal width for showing both the time and the status. Narrower terminals show only the time or the
/// status.
const NARROW: usize = 50;
/// Levels of detail in decreasing order. The view uses the first level that fits the terminal.
const LEVELS: [Level; 5] = [
    Level { tail: 3, deployments: true, steps: true },
    Level { tail: 1, deployments: true, steps: true },
    Level { tail: 1, deployments: false, steps: true },
    Level { tail: 1, deployments: false, steps: false },
    Level { tail: 0, deployments: false, steps: false },
];
/// Minimum number of deployments for showing a progress bar.
const MIN_FOR_BAR: usize = 10;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Level of detail of the live view: the items that are shown on separate lines. The other items are only
/// counted.
#[derive(Clone, Copy)]
struct Level {
    /// Number of output lines shown for each running step.
    tail: usize,
    /// Whether waiting and completed deployments are shown on separate lines.
    deployments: bool,
    /// Whether waiting and completed steps are shown on separate lines.
    steps: bool,
}

/// Returns the lines of the live view. The last column and the last line of the terminal are not used.
pub(in crate::ui) fn view(state: &State, now: Instant, size: Size) -> Vec<String> {
    let width = size.width.saturating_sub(1).min(MAX_WIDTH);
    let height = size.height.saturating_sub(1);
    let mut lines = Vec::new();
    for level in LEVELS {
        lines = at_level(state, now, width, level);
        if lines.len() <= height {
            return lines;
        }
    }
    lines.truncate(height);
    lines
}

fn at_level(state: &State, now: Instant, width: usize, level: Level) -> Vec<String> {
    let mut lines = Vec::new();
    let names = name_column(state.steps.values());
    let mut others = Counts::default();
    for step in state.steps.values() {
        if !level.steps && others.add(step.phase) {
            continue;
        }
        lines.push(step_line(step, names, now, width));
        if let (Some((amount, since)), true) = (step.amount, step.phase.is_running()) {
            let elapsed = now.saturating_duration_since(since);
            lines.push(format!("  {}", bar(amount, elapsed, width.saturating_sub(2))));
        }
        if step.phase.is_running() {
            let tail = step.output.tail(level.tail).into_iter().map(|line| output_line(line, width));
            lines.extend(tail);
        }
    }
    lines.extend(others.line("steps", width));
    let mut others = Counts::default();
    for (name, deployment) in &state.deployments {
        if level.deployments || !others.add(deployment.phase) {
            lines.push(deployment_line(name, deployment, now, width));
        }
    }
    lines.extend(deployments_bar(state, now, width).or(others.line("deployments", width)));
    let steps = state.steps.values().map(|step| step.phase);
    let mut phases = steps.chain(state.deployments.values().map(|deployment| deployment.phase));
    if let Some((name, since)) = state.activity.as_ref().filter(|_| !phases.any(Phase::is_running)) {
        let row =
            Row { name, subject: ("", 0), phase: Phase::Running(*since), status: "", color: Color::Cyan };
        lines.push(row.line(now, width));
    }
    lines
}

/// Returns a progress bar for the deployments that are being written, or `None` if there are only a few deployments.
fn deployments_bar(state: &State, now: Instant, width: usize) -> Option<String> {
    let since = state.writing_since?;
    let is_done = |deployment: &&Deployment| matches!(deployment.phase, Phase::Ended { .. });
    let done = state.deployments.values().filter(is_done).count();
    let total = state.deployments.len();
    let amount =
        Amount { done: u64::try_from(done).ok()?, total: u64::try_from(total).ok()?, unit: "deployments" };
    (total >= MIN_FOR_BAR && done < total).then(|| bar(amount, now.saturating_duration_since(since), width))
}

/// Numbers of steps or deployments without a separate line.
#[derive(Default)]
struct Counts {
    waiting: usize,
    done: usize,
}

impl Counts {
    /// Counts an item that is waiting or completed. Returns `false` if the item needs a separate line because
    /// it is running or has failed.
    fn add(&mut self, phase: Phase) -> bool {
        match phase {
            Phase::Waiting => self.waiting += 1,
            Phase::Ended { is_success: true, .. } => self.done += 1,
            _ => return false,
        }
        true
    }

    fn line(&self, noun: &str, width: usize) -> Option<String> {
        let Self { waiting, done } = self;
        let text = format!("{noun}: {done} done, {waiting} waiting");
        (waiting + done > 0)
            .then(|| format!("{} {}", "·".dimmed(), cut(&text, width.saturating_sub(2)).dimmed()))
    }
}

/// Renders a line of a step's output.
fn output_line(line: &str, width: usize) -> String {
    let line = format!("  | {}", plain(line).trim_start());
    cut(&line, width).dimmed().to_string()
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Color {
    Green,
    Red,
    Cyan,
    Dimmed,
}

impl Color {
    fn for_phase(phase: Phase) -> Self {
        match phase {
            Phase::Waiting => Self::Dimmed,
            Phase::Running(_) => Self::Cyan,
            Phase::Ended { is_success: true, .. } => Self::Green,
            Phase::Ended { is_success: false, .. } => Self::Red,
        }
    }

    fn paint(self, text: &str) -> String {
        match self {
            _ if text.trim().is_empty() => text.to_owned(),
            Self::Green => text.green().to_string(),
            Self::Red => text.red().to_string(),
            Self::Cyan => text.cyan().to_string(),
            Self::Dimmed => text.dimmed().to_string(),
        }
    }
}

/// A line that describes a step, a deployment or an activity.
pub(super) struct Row<'r> {
    pub(super) name: &'r str,
    /// The step's subject, and the width of the name column before it.
    pub(super) subject: (&'r str, usize),
    pub(super) phase: Phase,
    pub(super) status: &'r str,
    pub(super) color: Color,
}

/// Returns the width of the name column for the given steps.
pub(super) fn name_column<'s>(steps: impl Iterator<Item = &'s Step>) -> usize {
    steps
        .map(|step| columns(&step.title()))
        .filter(|width| *width <= MAX_NAME_WIDTH)
        .max()
        .unwrap_or_default()
}

/// Renders the line of a step. `names` is the width of the name column.
pub(super) fn step_line(step: &Step, names: usize, now: Instant, width: usize) -> String {
    let several = match step.deployments.len() {
        0 | 1 => String::new(),
        count => format!("for {count} deployments"),
    };
    let subject = [step.subject.as_str(), several.as_str()];
    let subject: Vec<&str> = subject.into_iter().filter(|part| !part.is_empty()).collect();
    let color = if step.status == "reused" { Color::Cyan } else { Color::for_phase(step.phase) };
    let row = Row {
        name: &step.title(),
        subject: (&subject.join(", "), names),
        phase: step.phase,
        status: step.status,
        color,
    };
    row.line(now, width)
}

fn deployment_line(name: &str, deployment: &Deployment, now: Instant, width: usize) -> String {
    let Deployment { phase, status } = deployment;
    let color = Color::for_phase(*phase);
    Row { name, subject: ("", 0), phase: *phase, status, color }.line(now, width)
}

impl Row<'_> {
    /// Renders the mark, name, subject, status and time. The subject is truncated to the remaining width.
    pub(super) fn line(&self, now: Instant, width: usize) -> String {
        let mark = self.color.paint(self.mark(now));
        let end = self.end(now, width);
        let room = width.saturating_sub(2 + columns(&end) + usize::from(!end.is_empty()));
        let name = cut(self.name, room);
        let (subject, column) = self.subject;
        let gap = column.saturating_sub(columns(&name)) + 2;
        let subject = cut(subject, room.saturating_sub(columns(&name) + gap));
        let between = if subject.is_empty() { String::new() } else { " ".repeat(gap) };
        let used = columns(&name) + between.len() + columns(&subject);
        let name =
            if matches!(self.phase, Phase::Waiting) { name.dimmed().to_string() } else { name.into_owned() };
        let start = format!("{mark} {name}{between}{}", Color::Dimmed.paint(&subject));
        if end.is_empty() {
            return start;
        }
        format!("{start}{} {}", " ".repeat(room.saturating_sub(used)), self.color.paint(end.trim_end()))
    }

    fn mark(&self, now: Instant) -> &'static str {
        match self.phase {
            Phase::Waiting => "·",
            Phase::Running(since) => {
                let turns = now.saturating_duration_since(since).as_millis() / 100;
                SPINNER[usize::try_from(turns).unwrap_or_default() % SPINNER.len()]
            }
            Phase::Ended { is_success: true, .. } => "✔",
            Phase::Ended { is_success: false, .. } => "✖",
        }
    }

    /// Renders the status and the time, or only one of them on a narrow terminal.
    fn end(&self, now: Instant, width: usize) -> String {
        let time = self.phase.took(now).filter(|time| self.phase.is_running() || *time > Duration::ZERO);
        let time = time.map(took).unwrap_or_default();
        match width {
            0..20 => String::new(),
            20..NARROW if time.is_empty() => cut(self.status, width / 2).into_owned(),
            20..NARROW => time,
            _ => format!("{} {time:>TIME_WIDTH$}", padded(self.status, STATUS_WIDTH)),
        }
    }
}

#[cfg(test)]
mod tests;
