//! Who may go when the steps of several deployments run side by side.
//!
//! What leaves traces on this machine (a script, an installation) runs as if everything ran one after the other: it
//! waits for all that is listed before it, and all that is listed after it waits for it. Between such steps, builds
//! and pushes run beside each other, since none sees what another one does.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// How many steps each list has still to do, and who waits for that.
#[derive(Debug)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    left: Vec<Left>,
    /// Of the steps that leave traces.
    ordered: Front,
    /// Of all steps.
    all: Front,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) all: usize,
    /// Those of them that leave traces.
    pub(super) ordered: usize,
}

/// How far all is done. It only moves on, and wakes those it comes to: ten thousand lists that all look at each other
/// whenever a step ends would do nothing else.
#[derive(Debug, Default)]
struct Front {
    /// The first list that has something left to do.
    at: usize,
    waiting: BTreeMap<usize, Vec<oneshot::Sender<()>>>,
}

impl Front {
    fn advance(&mut self, left: &[Left], count: impl Fn(&Left) -> usize) {
        self.at += left[self.at..].iter().take_while(|list| count(list) == 0).count();
        let later = self.waiting.split_off(&(self.at + 1));
        for waiting in mem::replace(&mut self.waiting, later).into_values().flatten() {
            // One that waits no more has been broken off.
            let _ = waiting.send(());
        }
    }

    /// What ends when nothing is left to do before a list; `None` if that is so already.
    fn reaches(&mut self, list: usize) -> Option<oneshot::Receiver<()>> {
        (self.at < list).then(|| {
            let (sender, receiver) = oneshot::channel();
            self.waiting.entry(list).or_default().push(sender);
            receiver
        })
    }
}

impl State {
    fn advance(&mut self) {
        self.ordered.advance(&self.left, |list| list.ordered);
        self.all.advance(&self.left, |list| list.all);
    }
}

impl Turns {
    pub(super) fn new(left: Vec<Left>) -> Self {
        let mut state = State { left, ordered: Front::default(), all: Front::default() };
        state.advance();
        Self(Mutex::new(state))
    }

    /// Waits until nothing that leaves traces is left to do before a list.
    pub(super) async fn beside_others(&self, list: usize) {
        self.wait(|state| state.ordered.reaches(list)).await;
    }

    /// Waits until nothing at all is left to do before a list.
    pub(super) async fn alone(&self, list: usize) {
        self.wait(|state| state.all.reaches(list)).await;
    }

    /// Tells that a list has one step less to do.
    pub(super) fn done(&self, list: usize, ordered: bool) {
        let mut state = self.lock();
        state.left[list].all -= 1;
        state.left[list].ordered -= usize::from(ordered);
        state.advance();
    }

    async fn wait(&self, enters: impl FnOnce(&mut State) -> Option<oneshot::Receiver<()>>) {
        let waiting = enters(&mut self.lock());
        if let Some(turn) = waiting {
            // Only a sender that is gone ends this early, and it is here.
            let _ = turn.await;
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
    fn scripts_wait_for_all_before_them_and_builds_for_scripts_only() {
        // A script and a build, a build, a script.
        let turns = Turns::new([(2, 1), (1, 0), (1, 1)].map(|(all, ordered)| Left { all, ordered }).to_vec());
        let may = |list| {
            (turns.beside_others(list).now_or_never().is_some(), turns.alone(list).now_or_never().is_some())
        };
        assert_eq!([may(0), may(1), may(2)], [(true, true), (false, false), (false, false)]);
        turns.done(0, true);
        assert_eq!([may(1), may(2)], [(true, false), (true, false)]);
        turns.done(0, false);
        assert_eq!([may(1), may(2)], [(true, true), (true, false)]);
        turns.done(1, false);
        assert_eq!(may(2), (true, true));
    }
}
