//! How long the stages of a deploy take.

use std::time::{Duration, Instant};

/// The stages that are over, in their order.
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
    /// Ends the stage that began when the one before it ended.
    pub(super) fn end(&mut self, name: &'static str) {
        let now = Instant::now();
        self.over.push((name, now - self.since));
        self.since = now;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.over.iter().copied()
    }

    #[cfg(test)]
    pub(crate) fn of(over: Vec<(&'static str, Duration)>) -> Self {
        Self { over, ..Self::default() }
    }
}
