//! How the domain tells what it is doing; the `ui` module draws it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostics::Diagnostic;

/// Which stream of a program a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Which step something is told of. Several run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepId(usize);

impl StepId {
    /// One that no other step of this process has.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// What happens to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEvent<'a> {
    /// It is listed and will run.
    Waiting { name: &'a str },
    /// It runs, for this deployment first; `subject` is what it works on. Not all that run were waiting.
    Started { name: &'a str, deployment: &'a str, subject: Option<&'a str> },
    /// Its run is for this deployment too.
    Shared { deployment: &'a str },
    /// A line about what it is doing.
    Status(&'a str),
    /// A line that it printed.
    Output { stream: Stream, line: &'a str },
    /// It is over; `subject` is what it made, if that is known better now.
    Ended { end: StepEnd, subject: Option<&'a str> },
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEnd {
    Done,
    /// What it makes was there already.
    Reused,
    Failed,
}

/// What happens to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeploymentEvent<'a> {
    /// It will be registered.
    Waiting,
    /// It is being written.
    Writing,
    /// What became of it, in a word, and whether it is as it shall be.
    Ended { outcome: &'a str, is_done: bool },
}

/// Receives what happens while it happens.
pub(crate) trait Progress: Send + Sync {
    /// A line about what is being done now.
    fn status(&self, line: &str);

    /// A line for those who have no view of the whole.
    fn remark(&self, line: &str) {
        self.status(line);
    }

    /// A line that a program or a build printed, without its end.
    fn output(&self, stream: Stream, line: &str);

    /// Something the user should know, which does not stop the work.
    fn warn(&self, diagnostic: &Diagnostic);

    /// What is being done until the next is told, for somebody who waits; it leaves no trace.
    fn activity(&self, _what: &str) {}

    /// What happens to a step. Who does not tell steps apart hears what they say all the same.
    fn step(&self, _id: StepId, event: StepEvent<'_>) {
        match event {
            StepEvent::Status(line) => self.status(line),
            StepEvent::Output { stream, line } => self.output(stream, line),
            _ => {}
        }
    }

    /// What happens to a deployment, as soon as it is known. What became of it people read in the report.
    fn deployment(&self, _name: &str, _event: DeploymentEvent<'_>) {}
}

/// Tells nobody.
#[cfg(test)]
pub(crate) struct Silent;

#[cfg(test)]
impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, _: &str) {}
    fn warn(&self, _: &Diagnostic) {}
}
