//! State of a command's steps and deployments. Progress events update the state.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::{
    output::{OutputBuffer, OutputLine},
    text::plain,
};
use crate::progress::{Amount, DeploymentEvent, StepEnd, StepEvent, StepId};

/// Phase of a step or a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    /// Running since the given time.
    Running(Instant),
    Ended {
        is_success: bool,
        took: Duration,
    },
}

impl Phase {
    fn ended(self, is_success: bool, now: Instant) -> Self {
        let took = match self {
            Self::Running(since) => now.saturating_duration_since(since),
            _ => Duration::ZERO,
        };
        Self::Ended { is_success, took }
    }

    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }

    /// Returns the run time so far, or `None` if the item has not started.
    pub(super) fn took(self, now: Instant) -> Option<Duration> {
        match self {
            Self::Waiting => None,
            Self::Running(since) => Some(now.saturating_duration_since(since)),
            Self::Ended { took, .. } => Some(took),
        }
    }
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    /// The step's ID in the project file.
    pub(super) id: Option<String>,
    pub(super) subject: String,
    /// Names of the deployments that require the step.
    pub(super) deployments: Vec<String>,
    pub(super) phase: Phase,
    pub(super) status: &'static str,
    /// The completed amount of work, and the time when it was first reported.
    pub(super) amount: Option<(Amount, Instant)>,
    pub(super) output: OutputBuffer,
}

impl Step {
    /// Returns the step's name. Appends the step ID if it is set.
    pub(super) fn title(&self) -> String {
        match &self.id {
            Some(id) => format!("{} '{id}'", self.name),
            None => self.name.clone(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) phase: Phase,
    pub(super) status: String,
}

/// State of the live view. Secrets must be redacted before strings are stored here.
#[derive(Debug, Default)]
pub(in crate::ui) struct State {
    pub(super) activity: Option<(String, Instant)>,
    pub(super) steps: IndexMap<usize, Step>,
    pub(super) deployments: IndexMap<String, Deployment>,
    /// The start time of the first write.
    pub(super) writing_since: Option<Instant>,
}

impl State {
    pub(in crate::ui) fn activity(&mut self, activity: &str, now: Instant) {
        self.activity = Some((plain(activity), now));
    }

    pub(in crate::ui) fn step(&mut self, id: StepId, event: StepEvent<'_>, now: Instant) {
        if let StepEvent::Waiting { name, id: own_id } | StepEvent::Started { name, id: own_id, .. } = event {
            let step = Step {
                name: plain(name),
                id: own_id.map(plain),
                subject: String::new(),
                deployments: Vec::new(),
                phase: Phase::Waiting,
                status: "waiting",
                amount: None,
                output: OutputBuffer::default(),
            };
            if !self.steps.contains_key(&id.number()) {
                self.steps.shift_insert(self.position(event), id.number(), step);
            }
        }
        let Some(step) = self.steps.get_mut(&id.number()) else { return };
        match event {
            StepEvent::Waiting { .. } => {}
            StepEvent::Started { deployment, subject, .. } => {
                step.deployments.insert(0, deployment.to_owned());
                step.subject = plain(subject.unwrap_or_default());
                (step.phase, step.status) = (Phase::Running(now), "running");
            }
            StepEvent::Shared { deployment } => step.deployments.push(deployment.to_owned()),
            StepEvent::Status(line) => step.output.add(OutputLine::Status(line.to_owned())),
            StepEvent::Output { line, .. } => step.output.add(OutputLine::Program(line.to_owned())),
            StepEvent::Advanced(amount) => {
                let since = step.amount.map_or(now, |(_, since)| since);
                step.amount = Some((amount, since));
            }
            StepEvent::Ended { end, subject } => {
                step.subject = subject.map_or_else(|| std::mem::take(&mut step.subject), plain);
                step.phase = step.phase.ended(end != StepEnd::Failed, now);
                step.status = step_status(end);
            }
        }
    }

    /// Returns the index for inserting a step. Starting steps are inserted before the waiting steps.
    fn position(&self, event: StepEvent<'_>) -> usize {
        let last_started = self.steps.values().rposition(|step| step.phase != Phase::Waiting);
        match event {
            StepEvent::Started { .. } => last_started.map_or(0, |last| last + 1),
            _ => self.steps.len(),
        }
    }

    /// Removes and returns the buffered output of a step.
    pub(in crate::ui) fn take_output(&mut self, id: StepId) -> Vec<OutputLine> {
        self.steps.get_mut(&id.number()).map(|step| step.output.take()).unwrap_or_default()
    }

    /// Returns the name and run time of a step, or `None` if the step has not started.
    pub(in crate::ui) fn run_time(&self, id: StepId, now: Instant) -> Option<(&str, Duration)> {
        let step = self.steps.get(&id.number())?;
        Some((&step.name, step.phase.took(now)?))
    }

    /// Returns the first deployment of a step if other steps are running at the same time. The label
    /// distinguishes their output lines.
    pub(in crate::ui) fn label(&self, id: StepId) -> Option<&str> {
        let is_other = |(number, step): (&usize, &Step)| *number != id.number() && step.phase.is_running();
        let step = self.steps.get(&id.number()).filter(|_| self.steps.iter().any(is_other))?;
        step.deployments.first().map(String::as_str)
    }

    /// Marks all running steps and deployments as stopped.
    pub(in crate::ui) fn stop(&mut self, now: Instant) {
        self.activity = None;
        for step in self.steps.values_mut().filter(|step| step.phase.is_running()) {
            (step.phase, step.status) = (step.phase.ended(false, now), "stopped");
        }
        for deployment in self.deployments.values_mut().filter(|deployment| deployment.phase.is_running()) {
            (deployment.phase, deployment.status) =
                (deployment.phase.ended(false, now), "stopped".to_owned());
        }
    }

    pub(in crate::ui) fn deployment(&mut self, name: &str, event: DeploymentEvent<'_>, now: Instant) {
        let waiting = || Deployment { phase: Phase::Waiting, status: "waiting".to_owned() };
        let deployment = self.deployments.entry(plain(name)).or_insert_with(waiting);
        match event {
            DeploymentEvent::Waiting => {}
            DeploymentEvent::Writing => {
                self.writing_since.get_or_insert(now);
                (deployment.phase, deployment.status) = (Phase::Running(now), "writing".to_owned());
            }
            DeploymentEvent::Ended { outcome, is_done } => {
                (deployment.phase, deployment.status) =
                    (deployment.phase.ended(is_done, now), outcome.to_owned());
            }
        }
    }
}

pub(in crate::ui) fn step_status(end: StepEnd) -> &'static str {
    match end {
        StepEnd::Done => "done",
        StepEnd::Reused => "reused",
        StepEnd::Failed => "failed",
    }
}
