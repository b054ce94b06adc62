//! Reports progress to people as lines or a live view, and to programs as events.

use std::time::Instant;

use owo_colors::OwoColorize;

use super::{
    Ui, Verbosity,
    events::Event,
    live::{OutputLine, step_status},
    screen::Screen,
};
use crate::{
    diagnostics::{Diagnostic, Text, github},
    escape,
    progress::{DeploymentEvent, Progress, StepEnd, StepEvent, StepId, Stream},
};

/// Presentation of step progress to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProgressStyle {
    /// Progress is not shown.
    Quiet,
    /// Progress is shown in the live view. Only the output of failed steps is printed.
    View,
    /// Progress is printed line by line.
    Lines,
}

impl Ui {
    fn progress_style(&self, screen: &Screen) -> ProgressStyle {
        match self.verbosity {
            Verbosity::Quiet => ProgressStyle::Quiet,
            Verbosity::Normal if screen.has_view() => ProgressStyle::View,
            Verbosity::Normal | Verbosity::Verbose => ProgressStyle::Lines,
        }
    }

    /// Prints a progress line.
    fn print_progress(&self, screen: &mut Screen, line: &str) {
        self.print_line(screen, &escape::shortened(&self.shown(line)));
    }

    /// Prints a line that a step's program has printed.
    fn print_quoted(&self, screen: &mut Screen, line: &str) {
        self.print_line(screen, &self.shown(&format!("   {} {line}", "|".dimmed())));
    }

    /// Prints a line. The line starts with a timestamp if stderr is not a terminal.
    fn print_line(&self, screen: &mut Screen, line: &str) {
        let time =
            self.has_timestamps.then(|| jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ ").to_string());
        screen.print(&format!("{}{line}", time.unwrap_or_default()));
    }

    fn report_step(&self, id: StepId, event: StepEvent<'_>) {
        let now = Instant::now();
        let mut screen = self.screen();
        let style = self.progress_style(&screen);
        // Lines that are printed immediately need not be buffered.
        if style == ProgressStyle::View || !is_detail(event) {
            self.record_step(&mut screen, id, event, now);
        }
        if let (ProgressStyle::View, StepEvent::Ended { end, .. }) = (style, event) {
            let output = screen.state.take_output(id);
            if end == StepEnd::Failed {
                self.print_output(&mut screen, &output);
            }
        }
        if style != ProgressStyle::Lines {
            return;
        }
        let label = screen.state.label(id).map(|label| format!("[{label}] ")).unwrap_or_default();
        match event {
            StepEvent::Waiting { .. } | StepEvent::Shared { .. } | StepEvent::Advanced(_) => {}
            StepEvent::Started { name, .. } => {
                self.print_progress(&mut screen, &escape::line(&format!("{label} > Running {name} step...")));
            }
            StepEvent::Status(line) => {
                self.print_progress(&mut screen, &escape::message(&format!("{label}{line}")));
            }
            StepEvent::Output { line, .. } => {
                self.print_quoted(&mut screen, &format!("{label}{line}"));
            }
            StepEvent::Ended { end, .. } => {
                let ended = screen.state.run_time(id, now).map(|(name, took)| {
                    format!("{label} > {name}: {} ({:.1}s)", step_status(end), took.as_secs_f64())
                });
                if let Some(line) = ended {
                    self.print_progress(&mut screen, &escape::line(&line));
                }
            }
        }
    }

    /// Records an event in the state of the live view. Secrets are redacted and control characters are
    /// escaped.
    fn record_step(&self, screen: &mut Screen, id: StepId, event: StepEvent<'_>, now: Instant) {
        let shown = |text: &str| self.shown_line(text);
        match event {
            StepEvent::Waiting { name, id: own_id } => {
                let own_id = own_id.map(shown);
                screen.state.step(id, StepEvent::Waiting { name, id: own_id.as_deref() }, now);
            }
            StepEvent::Started { name, id: own_id, deployment, subject } => {
                let (own_id, deployment, subject) =
                    (own_id.map(shown), shown(deployment), subject.map(shown));
                let event = StepEvent::Started {
                    name,
                    id: own_id.as_deref(),
                    deployment: &deployment,
                    subject: subject.as_deref(),
                };
                screen.state.step(id, event, now);
            }
            StepEvent::Shared { deployment } => {
                screen.state.step(id, StepEvent::Shared { deployment: &shown(deployment) }, now);
            }
            StepEvent::Advanced(_) => screen.state.step(id, event, now),
            StepEvent::Status(line) => screen.state.step(id, StepEvent::Status(&shown(line)), now),
            StepEvent::Output { stream, line } => {
                screen.state.step(id, StepEvent::Output { stream, line: &self.shown(line) }, now);
            }
            StepEvent::Ended { end, subject } => {
                let subject = subject.map(shown);
                screen.state.step(id, StepEvent::Ended { end, subject: subject.as_deref() }, now);
            }
        }
    }

    /// Prints the buffered output of a step.
    fn print_output(&self, screen: &mut Screen, output: &[OutputLine]) {
        for line in output {
            match line {
                OutputLine::Status(line) => self.print_progress(screen, line),
                OutputLine::Program(line) => self.print_quoted(screen, line),
            }
        }
    }
}

/// Returns whether an event is only relevant to the live view.
fn is_detail(event: StepEvent<'_>) -> bool {
    matches!(event, StepEvent::Status(_) | StepEvent::Output { .. } | StepEvent::Advanced(_))
}

impl Progress for Ui {
    fn status(&self, line: &str) {
        let line = &escape::message(line);
        match self.verbosity {
            Verbosity::Quiet => {}
            _ if self.events => self.emit(&Event::Status(line)),
            _ => self.print_progress(&mut self.screen(), line),
        }
    }

    fn remark(&self, line: &str) {
        let in_view = !self.events && self.progress_style(&self.screen()) == ProgressStyle::View;
        if !in_view {
            self.status(line);
        }
    }

    fn output(&self, stream: Stream, line: &str) {
        match self.verbosity {
            Verbosity::Quiet => {}
            _ if self.events => self.emit(&Event::Output { step: None, stream, line }),
            _ => self.print_quoted(&mut self.screen(), line),
        }
    }

    fn activity(&self, activity: &str) {
        self.screen().state.activity(activity, Instant::now());
    }

    fn step(&self, id: StepId, event: StepEvent<'_>) {
        if !self.events {
            return self.report_step(id, event);
        }
        let now = Instant::now();
        let run = {
            let mut screen = self.screen();
            if !is_detail(event) {
                self.record_step(&mut screen, id, event, now);
            }
            screen.state.run_time(id, now).map(|(name, took)| (name.to_owned(), took))
        };
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match event {
            StepEvent::Status(line) => self.emit(&Event::Status(line)),
            StepEvent::Output { stream, line } => self.emit(&Event::Output { step: Some(id), stream, line }),
            StepEvent::Advanced(_) => {}
            _ => self.emit(&Event::Step { id, event, run }),
        }
        if let StepEvent::Started { name, .. } = event {
            self.emit(&Event::Status(&format!(" > Running {name} step...")));
        }
    }

    fn deployment(&self, name: &str, event: DeploymentEvent<'_>) {
        if !self.events {
            return self.screen().state.deployment(&self.shown_line(name), event, Instant::now());
        }
        if let DeploymentEvent::Ended { outcome, .. } = event {
            self.emit(&Event::Deployment { name, outcome });
        }
    }

    fn warn(&self, diagnostic: &Diagnostic) {
        if self.events {
            return self.emit(&Event::Finding(diagnostic));
        }
        self.print_message(Text { diagnostic, redactor: &self.redactor }.to_string().trim_end());
        if let Some(folder) = &self.annotations {
            self.print_command(&github::command(diagnostic, folder, &self.redactor));
        }
    }
}
