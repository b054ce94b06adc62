//! Cleanup after a panic.
//!
//! Published executables do not unwind after a panic, so destructors do not run. Child processes and
//! temporary directories therefore register an action that the panic hook runs.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

type Action = Box<dyn FnOnce() + Send>;

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
    fn run(&self) {
        let mut actions = self.lock();
        mem::take(&mut actions.by_number).into_values().rev().for_each(|action| action());
    }

    fn lock(&self) -> MutexGuard<'_, Actions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A registered action that runs if the program panics before this value is dropped.
#[derive(Debug)]
pub(crate) struct OnPanic(u64);

impl OnPanic {
    pub(crate) fn new(action: impl FnOnce() + Send + 'static) -> Self {
        Self(PENDING.add(Box::new(action)))
    }
}

impl Drop for OnPanic {
    fn drop(&mut self) {
        PENDING.remove(self.0);
    }
}

/// Runs all registered actions.
pub(crate) fn run() {
    PENDING.run();
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
                pending.add(Box::new(move || log.lock().unwrap().push(name)))
            })
            .collect();
        pending.remove(numbers[1]);
        pending.run();
        pending.run();
        assert_eq!(*log.lock().unwrap(), ["process", "folder"]);
    }
}
