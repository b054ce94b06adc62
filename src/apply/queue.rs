//! What waits for its turn, in order.

use std::{collections::HashSet, hash::Hash};

/// Things that each have one turn. They leave when they have had it, nearly in their order.
#[derive(Debug)]
pub(super) struct Queue<K> {
    order: Vec<K>,
    /// Before this one in the order nothing waits any more.
    first: usize,
    waiting: HashSet<K>,
}

impl<K: Eq + Hash + Clone> Queue<K> {
    pub(super) fn new(order: Vec<K>) -> Self {
        let waiting = order.iter().cloned().collect();
        Self { order, first: 0, waiting }
    }

    /// One has had its turn.
    pub(super) fn leave(&mut self, key: &K) {
        self.waiting.remove(key);
        while self.order.get(self.first).is_some_and(|first| !self.waiting.contains(first)) {
            self.first += 1;
        }
    }

    /// The next so many that wait.
    pub(super) fn next(&self, count: usize) -> impl Iterator<Item = &K> {
        self.order[self.first..].iter().filter(|key| self.waiting.contains(*key)).take(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_left_does_not_wait() {
        let mut queue = Queue::new(vec![1, 2, 3, 4, 5]);
        let next = |queue: &Queue<i32>, count| queue.next(count).copied().collect::<Vec<_>>();
        assert_eq!(next(&queue, 2), [1, 2]);
        queue.leave(&2);
        queue.leave(&4);
        assert_eq!(next(&queue, 2), [1, 3]);
        queue.leave(&1);
        queue.leave(&1);
        assert_eq!(next(&queue, 9), [3, 5]);
        queue.leave(&3);
        queue.leave(&5);
        assert!(next(&queue, 9).is_empty());
        assert!(next(&Queue::new(vec![]), 9).is_empty());
    }
}
