//! Step list histories. Steps with the same inputs only share a run if the same steps have run before them.

use std::sync::{Mutex, PoisonError};

use indexmap::IndexSet;

/// The runs of writing steps that a list has used so far. Lists with the same history have used the same runs in the
/// same order. The default history is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct History(Option<usize>);

/// All of a command's histories. A history is stored as the previous history and the last run.
#[derive(Debug, Default)]
pub(super) struct Histories(Mutex<IndexSet<(History, usize)>>);

impl Histories {
    /// Returns `history` followed by `run`, the number of a distinct step.
    pub(super) fn extend(&self, history: History, run: usize) -> History {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        History(Some(all.insert_full((history, run)).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_equal_if_the_same_runs_have_the_same_order() {
        let histories = Histories::default();
        let history = |runs: &[usize]| {
            runs.iter().fold(History::default(), |before, run| histories.extend(before, *run))
        };
        for (first, second, is_equal) in [
            (&[][..], &[][..], true),
            (&[1, 2], &[1, 2], true),
            (&[], &[1], false),
            (&[1, 2], &[2, 1], false),
            (&[1, 2], &[2], false),
            (&[1, 3], &[2, 3], false),
            (&[1, 1], &[1], false),
        ] {
            assert_eq!(history(first) == history(second), is_equal, "{first:?} {second:?}");
        }
    }
}
