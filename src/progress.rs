//! The interface through which operations report progress. The `ui` module implements it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostics::Diagnostic;

/// The output stream of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Identifies a step in progress events. Several steps can run concurrently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepId(usize);

impl StepId {
    /// Returns an id that is unique within this process.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// An event in the life of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEvent<'a> {
    /// The step is queued.
    Waiting { name: &'a str },
    /// The step has started. `deployment` is the first deployment that needs it, and `subject` is the image, command or
    /// repository that it works on. A step may start without a `Waiting` event.
    Started { name: &'a str, deployment: &'a str, subject: Option<&'a str> },
    /// Another deployment shares this run of the step.
    Shared { deployment: &'a str },
    /// A line about the step's progress.
    Status(&'a str),
    /// A line that the step's program printed.
    Output { stream: Stream, line: &'a str },
    /// The step has ended. `subject` replaces the earlier subject, for example by the full image name.
    Ended { end: StepEnd, subject: Option<&'a str> },
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEnd {
    Done,
    /// The result already existed, so the step did not run.
    Reused,
    Failed,
}

/// An event in the life of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeploymentEvent<'a> {
    /// The deployment is queued.
    Waiting,
    /// The deployment is being written to the server.
    Writing,
    /// The deployment is finished: its outcome in a word or two, and whether it succeeded.
    Ended { outcome: &'a str, is_done: bool },
}

/// Receives progress events.
pub(crate) trait Progress: Send + Sync {
    /// Reports a line about the current work.
    fn status(&self, line: &str);

    /// Reports a line that a live view makes redundant.
    fn remark(&self, line: &str) {
        self.status(line);
    }

    /// Reports a line printed by a child process or an image build, without its line ending.
    fn output(&self, stream: Stream, line: &str);

    /// Reports a finding that does not stop the work.
    fn warn(&self, diagnostic: &Diagnostic);

    /// Sets the current activity, which a live view shows until the next activity or event.
    fn activity(&self, _activity: &str) {}

    /// Reports an event of a step. The default implementation passes on its lines only.
    fn step(&self, _id: StepId, event: StepEvent<'_>) {
        match event {
            StepEvent::Status(line) => self.status(line),
            StepEvent::Output { stream, line } => self.output(stream, line),
            _ => {}
        }
    }

    /// Reports an event of a deployment.
    fn deployment(&self, _name: &str, _event: DeploymentEvent<'_>) {}
}

/// Discards all progress.
#[cfg(test)]
pub(crate) struct Silent;

#[cfg(test)]
impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, _: &str) {}
    fn warn(&self, _: &Diagnostic) {}
}
