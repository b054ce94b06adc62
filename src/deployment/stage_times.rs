//! Durations of a deploy's stages.

use std::time::{Duration, Instant};

/// Names and durations of the completed stages, in order.
#[derive(Debug)]
pub(crate) struct StageTimes {
    over: Vec<(&'static str, Duration)>,
    since: Instant,
}

impl Default for StageTimes {
    fn default() -> Self {
        Self { over: Vec::new(), since: Instant::now() }
    }
}

impl StageTimes {
    /// Records the end of a stage. The stage started at the end of the previous stage.
    pub(crate) fn end(&mut self, name: &'static str) {
        let now = Instant::now();
        self.over.push((name, now - self.since));
        self.since = now;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.over.iter().copied()
    }

    #[cfg(test)]
    pub(crate) fn new(over: Vec<(&'static str, Duration)>) -> Self {
        Self { over, ..Self::default() }
    }
}
