//! The lines of the live view: from what is known, the time and the size of the terminal.

use std::time::{Duration, Instant};

use owo_colors::OwoColorize;

use super::{
    state::{Deployment, Phase, State, Step},
    text::{columns, cut, padded, plain, took},
};

/// The size of a terminal, in columns and lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Size {
    pub(in crate::ui) width: usize,
    pub(in crate::ui) height: usize,
}

/// Wider lines are hard to read across.
pub(super) const WIDEST: usize = 110;
/// Names that are wider have no influence on where the next column begins.
const WIDEST_NAME: usize = 24;
/// The columns of the state and of the time.
const WORD: usize = 9;
const TIME: usize = 8;
/// Narrower terminals show the time or the state, and not both.
const NARROW: usize = 50;
/// How much of what was said is shown, and how much less of all if the terminal is too low for it.
const LEVELS: [Level; 5] = [
    Level { tail: 3, deployments: true, steps: true },
    Level { tail: 1, deployments: true, steps: true },
    Level { tail: 1, deployments: false, steps: true },
    Level { tail: 1, deployments: false, steps: false },
    Level { tail: 0, deployments: false, steps: false },
];
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What is shown one by one; of the rest, only how many there are.
#[derive(Clone, Copy)]
struct Level {
    /// How many lines of what each running step says.
    tail: usize,
    /// Whether those that are waiting or done have a line each.
    deployments: bool,
    steps: bool,
}

/// The lines of the view. None is wider than the terminal has columns but one, and all fit on it with a line below.
pub(in crate::ui) fn view(state: &State, now: Instant, size: Size) -> Vec<String> {
    let width = size.width.saturating_sub(1).min(WIDEST);
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
    let names = widest(state.steps.values());
    let mut others = Others::default();
    for step in state.steps.values() {
        if !level.steps && others.take(step.phase) {
            continue;
        }
        lines.push(step_line(step, names, now, width));
        if step.phase.is_running() {
            let tail = step.kept.tail(level.tail).into_iter().map(|line| quoted(line, width));
            lines.extend(tail);
        }
    }
    lines.extend(others.line("steps", width));
    let mut others = Others::default();
    for (name, one) in &state.deployments {
        if level.deployments || !others.take(one.phase) {
            lines.push(deployment_line(name, one, now, width));
        }
    }
    lines.extend(others.line("deployments", width));
    let mut phases =
        state.steps.values().map(|step| step.phase).chain(state.deployments.values().map(|one| one.phase));
    if let Some((what, since)) = state.activity.as_ref().filter(|_| !phases.any(Phase::is_running)) {
        let row =
            Row { name: what, about: ("", 0), phase: Phase::Running(*since), word: "", color: Color::Cyan };
        lines.push(row.line(now, width));
    }
    lines
}

/// How many are not shown one by one.
#[derive(Default)]
struct Others {
    waiting: usize,
    done: usize,
}

impl Others {
    /// Counts one that need not be shown.
    fn take(&mut self, phase: Phase) -> bool {
        match phase {
            Phase::Waiting => self.waiting += 1,
            Phase::Over { is_done: true, .. } => self.done += 1,
            _ => return false,
        }
        true
    }

    fn line(&self, what: &str, width: usize) -> Option<String> {
        let Self { waiting, done } = self;
        let text = format!("{what}: {done} done, {waiting} waiting");
        (waiting + done > 0)
            .then(|| format!("{} {}", "·".dimmed(), cut(&text, width.saturating_sub(2)).dimmed()))
    }
}

/// A line of what a step says.
fn quoted(line: &str, width: usize) -> String {
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
    fn of(phase: Phase) -> Self {
        match phase {
            Phase::Waiting => Self::Dimmed,
            Phase::Running(_) => Self::Cyan,
            Phase::Over { is_done: true, .. } => Self::Green,
            Phase::Over { is_done: false, .. } => Self::Red,
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

/// A line about one thing.
pub(super) struct Row<'r> {
    pub(super) name: &'r str,
    /// What it works on, in a column of its own after names of this width.
    pub(super) about: (&'r str, usize),
    pub(super) phase: Phase,
    pub(super) word: &'r str,
    pub(super) color: Color,
}

/// The width of the column with the names of these steps.
pub(super) fn widest<'s>(steps: impl Iterator<Item = &'s Step>) -> usize {
    steps.map(|step| columns(&step.name)).filter(|width| *width <= WIDEST_NAME).max().unwrap_or_default()
}

/// The line of a step, whose subject begins after a column for names.
pub(super) fn step_line(step: &Step, names: usize, now: Instant, width: usize) -> String {
    let several = match step.deployments.len() {
        0 | 1 => String::new(),
        count => format!("for {count} deployments"),
    };
    let about = [step.subject.as_str(), several.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|part| !part.is_empty()).collect();
    let color = if step.word == "reused" { Color::Cyan } else { Color::of(step.phase) };
    let row = Row {
        name: &step.name,
        about: (&about.join(", "), names),
        phase: step.phase,
        word: step.word,
        color,
    };
    row.line(now, width)
}

fn deployment_line(name: &str, one: &Deployment, now: Instant, width: usize) -> String {
    Row { name, about: ("", 0), phase: one.phase, word: &one.word, color: Color::of(one.phase) }
        .line(now, width)
}

impl Row<'_> {
    /// Its mark, its name, what it is about as far as there is room, its state and its time.
    pub(super) fn line(&self, now: Instant, width: usize) -> String {
        let mark = self.color.paint(self.mark(now));
        let end = self.end(now, width);
        let room = width.saturating_sub(2 + columns(&end) + usize::from(!end.is_empty()));
        let name = cut(self.name, room);
        let (about, column) = self.about;
        let gap = column.saturating_sub(columns(&name)) + 2;
        let about = cut(about, room.saturating_sub(columns(&name) + gap));
        let between = if about.is_empty() { String::new() } else { " ".repeat(gap) };
        let used = columns(&name) + between.len() + columns(&about);
        let name =
            if matches!(self.phase, Phase::Waiting) { name.dimmed().to_string() } else { name.into_owned() };
        let start = format!("{mark} {name}{between}{}", Color::Dimmed.paint(&about));
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
            Phase::Over { is_done: true, .. } => "✔",
            Phase::Over { is_done: false, .. } => "✖",
        }
    }

    /// The state and the time, aligned to the right; one of them where there is little room.
    fn end(&self, now: Instant, width: usize) -> String {
        let time = self.phase.took(now).filter(|time| self.phase.is_running() || *time > Duration::ZERO);
        let time = time.map(took).unwrap_or_default();
        match width {
            0..20 => String::new(),
            20..NARROW if time.is_empty() => cut(self.word, width / 2).into_owned(),
            20..NARROW => time,
            _ => format!("{} {time:>TIME$}", padded(self.word, WORD)),
        }
    }
}

#[cfg(test)]
mod tests;
