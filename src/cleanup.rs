//! Cleanup before the program ends without running destructors: after a panic or a second interrupt.
//!
//! Published executables do not unwind after a panic. Child processes and temporary directories therefore register an
//! action that runs in place of their destructors.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The time that the actions may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Programs have time to exit by themselves.
    Normal,
    /// Programs are killed.
    Immediate,
}

type Action = Box<dyn FnOnce(Urgency) + Send>;

/// The actions of this process.
static PENDING: Pending = Pending::new();

/// Registered actions, in registration order.
struct Pending(Mutex<Actions>);

#[derive(Default)]
struct Actions {
    next: u64,
    by_number: BTreeMap<u64, Action>,
}

impl Pending {
    const fn new() -> Self {
        Self(Mutex::new(Actions { next: 0, by_number: BTreeMap::new() }))
    }

    fn add(&self, action: Action) -> u64 {
        let mut actions = self.lock();
        let number = actions.next;
        actions.next += 1;
        actions.by_number.insert(number, action);
        number
    }

    fn remove(&self, number: u64) {
        // The action is dropped after the lock is released.
        let _action = self.lock().by_number.remove(&number);
    }

    /// Runs the actions in reverse registration order, so that a process ends before its working directory is deleted.
    ///
    /// Blocks other threads that panic or register an action until all actions are complete.
    fn run(&self, urgency: Urgency) {
        let mut actions = self.lock();
        mem::take(&mut actions.by_number).into_values().rev().for_each(|action| action(urgency));
    }

    fn lock(&self) -> MutexGuard<'_, Actions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A registered action that runs if the program panics before this value is dropped.
#[derive(Debug)]
pub(crate) struct OnAbort(u64);

impl OnAbort {
    pub(crate) fn new(action: impl FnOnce(Urgency) + Send + 'static) -> Self {
        Self(PENDING.add(Box::new(action)))
    }
}

impl Drop for OnAbort {
    fn drop(&mut self) {
        PENDING.remove(self.0);
    }
}

/// Runs all registered actions.
pub(crate) fn run(urgency: Urgency) {
    PENDING.run(urgency);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn runs_the_remaining_actions_in_reverse_order_and_once() {
        let pending = Pending::new();
        let log = Arc::new(Mutex::new(Vec::new()));
        let numbers: Vec<u64> = ["folder", "finished", "process"]
            .into_iter()
            .map(|name| {
                let log = Arc::clone(&log);
                pending.add(Box::new(move |urgency| log.lock().unwrap().push((name, urgency))))
            })
            .collect();
        pending.remove(numbers[1]);
        pending.run(Urgency::Immediate);
        pending.run(Urgency::Normal);
        let expected = [("process", Urgency::Immediate), ("folder", Urgency::Immediate)];
        assert_eq!(*log.lock().unwrap(), expected);
    }
}
