//! The order of steps when the step lists of multiple deployments are processed concurrently.
//!
//! An ordered step, such as a script or an installation, can change this machine. It waits for all steps
//! listed before it, and all steps listed after it wait for its completion, as if all lists were processed
//! sequentially. Image builds and pushes between ordered steps run concurrently, because they do not affect
//! each other.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Tracks the remaining steps of each list and wakes the steps that wait for them.
#[derive(Debug)]
pub(super) struct StepOrder(Mutex<State>);

#[derive(Debug)]
struct State {
    remaining: Vec<Remaining>,
    /// Progress of the ordered steps, without image builds and pushes.
    ordered: Front,
    /// Progress of all steps.
    all: Front,
}

/// Number of steps in a list that have not completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remaining {
    pub(super) all: usize,
    /// Number of ordered steps among the remaining steps.
    pub(super) ordered: usize,
}

/// Marks the first list with remaining steps, and holds the lists that wait for it to advance.
///
/// The marker only moves forward and wakes each waiting list once, so the total cost stays linear even for
/// thousands of lists.
#[derive(Debug, Default)]
struct Front {
    /// Index of the first list with remaining steps.
    position: usize,
    waiting: BTreeMap<usize, Vec<oneshot::Sender<()>>>,
}

impl Front {
    fn advance(&mut self, remaining: &[Remaining], count: impl Fn(&Remaining) -> usize) {
        self.position += remaining[self.position..].iter().take_while(|list| count(list) == 0).count();
        let later = self.waiting.split_off(&(self.position + 1));
        for waiting in mem::replace(&mut self.waiting, later).into_values().flatten() {
            // The receiver no longer exists if the waiting step was cancelled.
            let _ = waiting.send(());
        }
    }

    /// Returns a receiver that is notified when all lists before `list` are done, or `None` if they are
    /// already done.
    fn wait_for(&mut self, list: usize) -> Option<oneshot::Receiver<()>> {
        (self.position < list).then(|| {
            let (sender, receiver) = oneshot::channel();
            self.waiting.entry(list).or_default().push(sender);
            receiver
        })
    }
}

impl State {
    fn advance(&mut self) {
        self.ordered.advance(&self.remaining, |list| list.ordered);
        self.all.advance(&self.remaining, |list| list.all);
    }
}

impl StepOrder {
    pub(super) fn new(remaining: Vec<Remaining>) -> Self {
        let mut state = State { remaining, ordered: Front::default(), all: Front::default() };
        state.advance();
        Self(Mutex::new(state))
    }

    /// Waits until the lists before `list` have no remaining ordered steps.
    pub(super) async fn ordered_before(&self, list: usize) {
        self.wait(|state| state.ordered.wait_for(list)).await;
    }

    /// Waits until the lists before `list` have no remaining steps.
    pub(super) async fn all_before(&self, list: usize) {
        self.wait(|state| state.all.wait_for(list)).await;
    }

    /// Records that a step of a list has completed.
    pub(super) fn done(&self, list: usize, is_ordered: bool) {
        let mut state = self.lock();
        state.remaining[list].all -= 1;
        state.remaining[list].ordered -= usize::from(is_ordered);
        state.advance();
    }

    async fn wait(&self, enters: impl FnOnce(&mut State) -> Option<oneshot::Receiver<()>>) {
        let waiting = enters(&mut self.lock());
        if let Some(done) = waiting {
            // Receiving cannot fail, because the sender lives as long as `self`.
            let _ = done.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn scripts_wait_for_all_earlier_steps_and_builds_only_for_scripts() {
        // The first list contains a script and a build, the second a build, and the third a script.
        let order = StepOrder::new(
            [(2, 1), (1, 0), (1, 1)].map(|(all, ordered)| Remaining { all, ordered }).to_vec(),
        );
        let may = |list| {
            let ordered = order.ordered_before(list).now_or_never().is_some();
            (ordered, order.all_before(list).now_or_never().is_some())
        };
        assert_eq!([may(0), may(1), may(2)], [(true, true), (false, false), (false, false)]);
        order.done(0, true);
        assert_eq!([may(1), may(2)], [(true, false), (true, false)]);
        order.done(0, false);
        assert_eq!([may(1), may(2)], [(true, true), (true, false)]);
        order.done(1, false);
        assert_eq!(may(2), (true, true));
    }
}
