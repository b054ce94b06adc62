//! Shows and ends the live view of a command.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use super::{
    DeploymentResult, Ui,
    live::{self, Results},
    screen,
};

/// The live view of a command. Dropping it removes the view from the terminal.
pub(crate) struct LiveView {
    ui: Ui,
    is_drawn: bool,
    has_ended: AtomicBool,
    started: Instant,
}

impl LiveView {
    pub(super) fn new(ui: Ui, is_drawn: bool) -> Self {
        Self { ui, is_drawn, has_ended: AtomicBool::new(false), started: Instant::now() }
    }

    /// Removes the view, so that results can be printed.
    pub(crate) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.ui.screen().end();
    }

    /// Returns whether the view was shown. If so, the summary table contains the results.
    pub(crate) fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// Prints the summary table if the view was shown. Otherwise, prints only the number of deployments for
    /// each outcome.
    pub(crate) fn summarize(&self, results: &[DeploymentResult]) {
        if !self.is_drawn {
            let total = live::total(&Results { deployments: results, took: self.started.elapsed() });
            return total.iter().for_each(|line| self.ui.note(line));
        }
        let shown = results.iter().map(|result| DeploymentResult {
            name: self.ui.shown_line(&result.name),
            outcome: self.ui.shown_line(&result.outcome),
            ..result.clone()
        });
        let mut screen = self.ui.screen();
        let results = Results { deployments: &shown.collect::<Vec<_>>(), took: self.started.elapsed() };
        let lines = live::summary(&screen.state, &results, screen::size(), true);
        if !lines.is_empty() {
            screen.print(&lines.join("\n"));
        }
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        if !self.has_ended.load(Ordering::Relaxed) {
            // The command was interrupted, so the state of its steps is kept on the terminal.
            self.end();
            self.summarize(&[]);
        }
    }
}
