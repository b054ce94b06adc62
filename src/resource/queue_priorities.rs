//! Predicts the priorities that the server assigns to a work pool's queues.

/// The priorities of a work pool's queues.
///
/// The server keeps the priorities unique. If a queue gets another queue's priority, the other queue gets the next
/// higher number, and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QueuePriorities {
    /// Names and priorities, sorted by priority.
    queues: Vec<(String, u64)>,
}

impl QueuePriorities {
    pub(crate) fn new(queues: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut queues: Vec<(String, u64)> = queues.into_iter().collect();
        queues.sort_by_key(|(_, priority)| *priority);
        Self { queues }
    }

    pub(crate) fn get(&self, name: &str) -> Option<u64> {
        self.queues.iter().find(|(queue, _)| queue == name).map(|(_, priority)| *priority)
    }

    /// Assigns a priority to a queue. A new queue without a priority gets the smallest free priority.
    pub(crate) fn assign(&mut self, name: &str, priority: Option<u64>) {
        self.queues.retain(|(queue, _)| queue != name);
        let priority = priority.unwrap_or_else(|| self.smallest_free());
        let position = self.queues.iter().position(|(_, other)| *other >= priority);
        self.queues.insert(position.unwrap_or(self.queues.len()), (name.to_owned(), priority));
        let mut last = 0;
        for (_, priority) in &mut self.queues {
            if *priority <= last {
                *priority = last + 1;
            }
            last = *priority;
        }
    }

    fn smallest_free(&self) -> u64 {
        let mut number = 1;
        for (_, taken) in &self.queues {
            number += u64::from(*taken == number);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigned_priorities_change_other_priorities() {
        for (before, name, priority, expected) in [
            (&[("default", 1)][..], "x", Some(1), "x 1, default 2"),
            (&[("default", 1)], "x", Some(5), "default 1, x 5"),
            (&[("default", 1), ("y", 3)], "x", Some(1), "x 1, default 2, y 3"),
            (&[("default", 1), ("y", 2), ("z", 4)], "x", Some(1), "x 1, default 2, y 3, z 4"),
            (&[("default", 1), ("x", 2), ("y", 3)], "x", Some(3), "default 1, x 3, y 4"),
            (&[("default", 1), ("x", 2), ("y", 3)], "x", Some(1), "x 1, default 2, y 3"),
            (&[("default", 1), ("y", 3)], "x", None, "default 1, x 2, y 3"),
            (&[("default", 1), ("y", 2)], "x", None, "default 1, y 2, x 3"),
            // Earlier releases could assign the same priority twice.
            (&[("default", 1), ("y", 1)], "x", Some(2), "default 1, y 2, x 3"),
        ] {
            let queues = before.iter().map(|(name, priority)| ((*name).to_owned(), *priority));
            let mut priorities = QueuePriorities::new(queues);
            priorities.assign(name, priority);
            let found: Vec<String> =
                priorities.queues.iter().map(|(name, priority)| format!("{name} {priority}")).collect();
            assert_eq!(found.join(", "), expected);
        }
    }
}
