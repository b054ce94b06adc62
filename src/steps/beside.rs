//! Builds and pushes side by side: how many at a time, and whose line is whose.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::{
    diagnostics::Diagnostic,
    progress::{Progress, Stream},
};

/// How many steps may run at a time, and how many do.
#[derive(Debug)]
pub(super) struct Lanes {
    free: Semaphore,
    busy: AtomicUsize,
}

impl Lanes {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count.max(1)), busy: AtomicUsize::new(0) }
    }

    /// Waits for a lane. It is free again when what is returned is dropped.
    pub(super) async fn enter(&self) -> Lane<'_> {
        // The semaphore is never closed, so there always is a permit.
        let permit = self.free.acquire().await.ok();
        self.busy.fetch_add(1, Ordering::Relaxed);
        Lane { lanes: self, _permit: permit }
    }
}

/// A lane that is taken.
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    _permit: Option<tokio::sync::SemaphorePermit<'a>>,
}

impl<'a> Lane<'a> {
    /// Puts a label before what is told here, but only while others tell something too.
    pub(super) fn labelled<'p>(&self, label: &'p str, progress: &'p dyn Progress) -> Labelled<'p>
    where
        'a: 'p,
    {
        Labelled { label, progress, lanes: self.lanes }
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.lanes.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells on, with a label where it is needed.
pub(super) struct Labelled<'p> {
    label: &'p str,
    progress: &'p dyn Progress,
    lanes: &'p Lanes,
}

impl Labelled<'_> {
    fn label(&self, line: &str) -> Option<String> {
        (self.lanes.busy.load(Ordering::Relaxed) > 1).then(|| format!("[{}] {line}", self.label))
    }
}

impl Progress for Labelled<'_> {
    fn status(&self, line: &str) {
        self.progress.status(self.label(line).as_deref().unwrap_or(line));
    }

    fn output(&self, stream: Stream, line: &str) {
        self.progress.output(stream, self.label(line).as_deref().unwrap_or(line));
    }

    fn warn(&self, diagnostic: &Diagnostic) {
        self.progress.warn(diagnostic);
    }
}
