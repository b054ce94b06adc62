//! What a command has been told of its steps and deployments so far.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::{
    kept::{Kept, Said},
    text::plain,
};
use crate::progress::{DeploymentEvent, StepEnd, StepEvent, StepId};

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    /// Since then.
    Running(Instant),
    Over {
        is_done: bool,
        took: Duration,
    },
}

impl Phase {
    fn ended(self, is_done: bool, now: Instant) -> Self {
        let took = match self {
            Self::Running(since) => now.saturating_duration_since(since),
            _ => Duration::ZERO,
        };
        Self::Over { is_done, took }
    }

    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// How long it has run.
    pub(super) fn took(self, now: Instant) -> Option<Duration> {
        match self {
            Self::Waiting => None,
            Self::Running(since) => Some(now.saturating_duration_since(since)),
            Self::Over { took, .. } => Some(took),
        }
    }
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) subject: String,
    /// Those it is for.
    pub(super) deployments: Vec<String>,
    pub(super) phase: Phase,
    pub(super) word: &'static str,
    pub(super) kept: Kept,
}

#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) phase: Phase,
    pub(super) word: String,
}

/// All of it. Texts are without secrets before they come here.
#[derive(Debug, Default)]
pub(in crate::ui) struct State {
    pub(super) activity: Option<(String, Instant)>,
    pub(super) steps: IndexMap<usize, Step>,
    pub(super) deployments: IndexMap<String, Deployment>,
}

impl State {
    pub(in crate::ui) fn activity(&mut self, what: &str, now: Instant) {
        self.activity = Some((plain(what), now));
    }

    pub(in crate::ui) fn step(&mut self, id: StepId, event: StepEvent<'_>, now: Instant) {
        if let StepEvent::Waiting { name } | StepEvent::Started { name, .. } = event {
            let step = Step {
                name: plain(name),
                subject: String::new(),
                deployments: Vec::new(),
                phase: Phase::Waiting,
                word: "waiting",
                kept: Kept::default(),
            };
            if !self.steps.contains_key(&id.number()) {
                self.steps.shift_insert(self.place_of(event), id.number(), step);
            }
        }
        let Some(step) = self.steps.get_mut(&id.number()) else { return };
        match event {
            StepEvent::Waiting { .. } => {}
            StepEvent::Started { deployment, subject, .. } => {
                step.deployments.insert(0, deployment.to_owned());
                step.subject = plain(subject.unwrap_or_default());
                (step.phase, step.word) = (Phase::Running(now), "running");
            }
            StepEvent::Shared { deployment } => step.deployments.push(deployment.to_owned()),
            StepEvent::Status(line) => step.kept.add(Said::Status(line.to_owned())),
            StepEvent::Output { line, .. } => step.kept.add(Said::Output(line.to_owned())),
            StepEvent::Ended { end, subject } => {
                step.subject = subject.map_or_else(|| std::mem::take(&mut step.subject), plain);
                step.phase = step.phase.ended(end != StepEnd::Failed, now);
                step.word = word(end);
            }
        }
    }

    /// Where a step goes among the others: one that begins stands before those that wait.
    fn place_of(&self, event: StepEvent<'_>) -> usize {
        let begun = self.steps.values().rposition(|step| step.phase != Phase::Waiting);
        match event {
            StepEvent::Started { .. } => begun.map_or(0, |last| last + 1),
            _ => self.steps.len(),
        }
    }

    /// What a step has said, which is forgotten here.
    pub(in crate::ui) fn take_said(&mut self, id: StepId) -> Vec<Said> {
        self.steps.get_mut(&id.number()).map(|step| step.kept.take()).unwrap_or_default()
    }

    /// The name of a step, and how long it has run.
    pub(in crate::ui) fn run_of(&self, id: StepId, now: Instant) -> Option<(&str, Duration)> {
        let step = self.steps.get(&id.number())?;
        Some((&step.name, step.phase.took(now)?))
    }

    /// The deployment that a step is for, while others run too.
    pub(in crate::ui) fn label(&self, id: StepId) -> Option<&str> {
        let is_other = |(number, step): (&usize, &Step)| *number != id.number() && step.phase.is_running();
        let step = self.steps.get(&id.number()).filter(|_| self.steps.iter().any(is_other))?;
        step.deployments.first().map(String::as_str)
    }

    /// Notes that what still runs is broken off.
    pub(in crate::ui) fn stop(&mut self, now: Instant) {
        self.activity = None;
        for step in self.steps.values_mut().filter(|step| step.phase.is_running()) {
            (step.phase, step.word) = (step.phase.ended(false, now), "stopped");
        }
        for one in self.deployments.values_mut().filter(|one| one.phase.is_running()) {
            (one.phase, one.word) = (one.phase.ended(false, now), "stopped".to_owned());
        }
    }

    pub(in crate::ui) fn deployment(&mut self, name: &str, event: DeploymentEvent<'_>, now: Instant) {
        let waiting = || Deployment { phase: Phase::Waiting, word: "waiting".to_owned() };
        let one = self.deployments.entry(plain(name)).or_insert_with(waiting);
        match event {
            DeploymentEvent::Waiting => {}
            DeploymentEvent::Writing => {
                (one.phase, one.word) = (Phase::Running(now), "writing".to_owned());
            }
            DeploymentEvent::Ended { outcome, is_done } => {
                (one.phase, one.word) = (one.phase.ended(is_done, now), outcome.to_owned());
            }
        }
    }
}

pub(in crate::ui) fn word(end: StepEnd) -> &'static str {
    match end {
        StepEnd::Done => "done",
        StepEnd::Reused => "reused",
        StepEnd::Failed => "failed",
    }
}
