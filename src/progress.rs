//! The interface for reporting the progress of operations. The `ui` module implements it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostics::Diagnostic;

/// An output stream of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// ID of a step in progress events. Multiple steps can run concurrently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepId(usize);

impl StepId {
    /// Returns an ID that is unique within this process.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// A step event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEvent<'a> {
    /// The step is queued.
    Waiting { name: &'a str, id: Option<&'a str> },
    /// The step has started. A `Waiting` event does not necessarily precede this event.
    ///
    /// `id` is the step's ID in the project file, `deployment` is the first deployment that requires the
    /// step, and `subject` is the image, command or repository that the step works on.
    Started { name: &'a str, id: Option<&'a str>, deployment: &'a str, subject: Option<&'a str> },
    /// Another deployment uses the result of the same step.
    Shared { deployment: &'a str },
    /// A status message about the step.
    Status(&'a str),
    /// A line printed by the step's program.
    Output { stream: Stream, line: &'a str },
    /// The step has made progress.
    Advanced(Amount),
    /// The step has ended. `subject` replaces the previous subject, for example with the full name of an
    /// image.
    Ended { end: StepEnd, subject: Option<&'a str> },
}

/// The amount of work that has been completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Plural noun for the items that are counted, such as `files`.
    pub(crate) unit: &'static str,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepEnd {
    Done,
    /// The step was skipped because its result already existed.
    Reused,
    Failed,
}

/// A deployment event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeploymentEvent<'a> {
    /// The deployment is queued.
    Waiting,
    /// The deployment is being written to the server.
    Writing,
    /// The deployment is complete. `outcome` describes the result in one or two words, and `is_done` is
    /// `true` if the deployment succeeded.
    Ended { outcome: &'a str, is_done: bool },
}

/// A receiver of progress events.
pub(crate) trait Progress: Send + Sync {
    /// Reports a status message, such as `Waiting for process 42`.
    fn status(&self, line: &str);

    /// Reports a message that is redundant if a live view is shown.
    fn remark(&self, line: &str) {
        self.status(line);
    }

    /// Reports a line printed by a child process or an image build, without its line ending.
    fn output(&self, stream: Stream, line: &str);

    /// Reports a finding that does not prevent the work from continuing.
    fn warn(&self, diagnostic: &Diagnostic);

    /// Reports the completed amount of the current step.
    fn advance(&self, _amount: Amount) {}

    /// Sets the current activity. A live view shows the activity until the next activity or event.
    fn activity(&self, _activity: &str) {}

    /// Reports a step event. The default implementation only reports the event's lines.
    fn step(&self, _id: StepId, event: StepEvent<'_>) {
        match event {
            StepEvent::Status(line) => self.status(line),
            StepEvent::Output { stream, line } => self.output(stream, line),
            _ => {}
        }
    }

    /// Reports a deployment event.
    fn deployment(&self, _name: &str, _event: DeploymentEvent<'_>) {}
}

/// A receiver that discards all progress events.
#[cfg(test)]
pub(crate) struct Silent;

#[cfg(test)]
impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, _: &str) {}
    fn warn(&self, _: &Diagnostic) {}
}
