//! Tells people or programs what happens while it happens.

use std::time::Instant;

use owo_colors::OwoColorize;

use super::{
    Ui, Verbosity,
    events::Event,
    live::{Said, word},
    screen::Screen,
};
use crate::{
    diagnostics::{Diagnostic, Text, github},
    progress::{DeploymentEvent, Progress, StepEnd, StepEvent, StepId, Stream},
};

/// Where lines about the progress go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Nowhere.
    Quiet,
    /// Into the view; what a step has said that fails is printed.
    View,
    /// Each line as it comes.
    Lines,
}

impl Ui {
    fn manner(&self, screen: &Screen) -> Manner {
        match self.verbosity {
            Verbosity::Quiet => Manner::Quiet,
            Verbosity::Normal if screen.has_view() => Manner::View,
            Verbosity::Normal | Verbosity::Verbose => Manner::Lines,
        }
    }

    /// Prints a line about the progress; where no terminal shows it as it comes, with the time.
    fn tell_progress(&self, screen: &mut Screen, line: &str) {
        let time = self.stamped.then(|| jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ ").to_string());
        let text = self.shown(line);
        screen.say(&format!("{}{text}", time.unwrap_or_default()));
    }

    fn tell_step(&self, id: StepId, event: StepEvent<'_>) {
        let now = Instant::now();
        let mut screen = self.screen();
        let manner = self.manner(&screen);
        // What is printed as it comes need not be kept.
        if manner == Manner::View || !matches!(event, StepEvent::Status(_) | StepEvent::Output { .. }) {
            self.note_step(&mut screen, id, event, now);
        }
        if let (Manner::View, StepEvent::Ended { end, .. }) = (manner, event) {
            let said = screen.state.take_said(id);
            if end == StepEnd::Failed {
                self.tell_said(&mut screen, &said);
            }
        }
        if manner != Manner::Lines {
            return;
        }
        let label = screen.state.label(id).map(|label| format!("[{label}] ")).unwrap_or_default();
        match event {
            StepEvent::Waiting { .. } | StepEvent::Shared { .. } => {}
            StepEvent::Started { name, .. } => {
                self.tell_progress(&mut screen, &format!("{label} > Running {name} step..."));
            }
            StepEvent::Status(line) => self.tell_progress(&mut screen, &format!("{label}{line}")),
            StepEvent::Output { line, .. } => {
                self.tell_progress(&mut screen, &quoted(&format!("{label}{line}")));
            }
            StepEvent::Ended { end, .. } => {
                let ended = screen.state.run_of(id, now).map(|(name, took)| {
                    format!("{label} > {name}: {} ({:.1}s)", word(end), took.as_secs_f64())
                });
                if let Some(line) = ended {
                    self.tell_progress(&mut screen, &line);
                }
            }
        }
    }

    /// Notes what happened without secrets and without what a terminal would act on.
    fn note_step(&self, screen: &mut Screen, id: StepId, event: StepEvent<'_>, now: Instant) {
        let shown = |text: &str| self.shown(text);
        match event {
            StepEvent::Waiting { .. } => screen.state.step(id, event, now),
            StepEvent::Started { name, deployment, subject } => {
                let (deployment, subject) = (shown(deployment), subject.map(shown));
                let event = StepEvent::Started { name, deployment: &deployment, subject: subject.as_deref() };
                screen.state.step(id, event, now);
            }
            StepEvent::Shared { deployment } => {
                screen.state.step(id, StepEvent::Shared { deployment: &shown(deployment) }, now);
            }
            StepEvent::Status(line) => screen.state.step(id, StepEvent::Status(&shown(line)), now),
            StepEvent::Output { stream, line } => {
                screen.state.step(id, StepEvent::Output { stream, line: &shown(line) }, now);
            }
            StepEvent::Ended { end, subject } => {
                let subject = subject.map(shown);
                screen.state.step(id, StepEvent::Ended { end, subject: subject.as_deref() }, now);
            }
        }
    }

    /// Prints what a step has said that failed.
    fn tell_said(&self, screen: &mut Screen, said: &[Said]) {
        for one in said {
            match one {
                Said::Status(line) => self.tell_progress(screen, line),
                Said::Output(line) => self.tell_progress(screen, &quoted(line)),
            }
        }
    }
}

/// A line of a program's output.
fn quoted(line: &str) -> String {
    format!("   {} {line}", "|".dimmed())
}

impl Progress for Ui {
    fn status(&self, line: &str) {
        match self.verbosity {
            Verbosity::Quiet => {}
            _ if self.events => self.emit(&Event::Status(line)),
            _ => self.tell_progress(&mut self.screen(), line),
        }
    }

    fn remark(&self, line: &str) {
        let in_view = !self.events && self.manner(&self.screen()) == Manner::View;
        if !in_view {
            self.status(line);
        }
    }

    fn output(&self, stream: Stream, line: &str) {
        match self.verbosity {
            Verbosity::Quiet => {}
            _ if self.events => self.emit(&Event::Output { step: None, stream, line }),
            _ => self.tell_progress(&mut self.screen(), &quoted(line)),
        }
    }

    fn activity(&self, what: &str) {
        self.screen().state.activity(what, Instant::now());
    }

    fn step(&self, id: StepId, event: StepEvent<'_>) {
        if !self.events {
            return self.tell_step(id, event);
        }
        let now = Instant::now();
        let told = {
            let mut screen = self.screen();
            if !matches!(event, StepEvent::Status(_) | StepEvent::Output { .. }) {
                self.note_step(&mut screen, id, event, now);
            }
            screen.state.run_of(id, now).map(|(name, took)| (name.to_owned(), took))
        };
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match event {
            StepEvent::Status(line) => self.emit(&Event::Status(line)),
            StepEvent::Output { stream, line } => self.emit(&Event::Output { step: Some(id), stream, line }),
            _ => self.emit(&Event::Step { id, event, run: told }),
        }
        if let StepEvent::Started { name, .. } = event {
            self.emit(&Event::Status(&format!(" > Running {name} step...")));
        }
    }

    fn deployment(&self, name: &str, event: DeploymentEvent<'_>) {
        if !self.events {
            return self.screen().state.deployment(&self.shown(name), event, Instant::now());
        }
        if let DeploymentEvent::Ended { outcome, .. } = event {
            self.emit(&Event::Deployment { name, outcome });
        }
    }

    fn warn(&self, diagnostic: &Diagnostic) {
        if self.events {
            return self.emit(&Event::Finding(diagnostic));
        }
        self.tell(Text(diagnostic).to_string().trim_end());
        if let Some(folder) = &self.annotations {
            self.tell(&github::command(diagnostic, folder));
        }
    }
}
