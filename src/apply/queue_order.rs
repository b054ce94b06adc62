//! Orders the writes that create work queues.
//!
//! If a deployment names an unknown work queue, the server creates the queue and gives it the pool's lowest free
//! priority. The priorities therefore depend on the order of the writes. Prefect writes in the order of the file.

use std::collections::{HashMap, HashSet};

use tokio::sync::SetOnce;

use crate::plan::ComparedDeployment;

/// The order of the first writes to new work queues. Each of these writes waits for the previous new queue of the pool.
#[derive(Debug, Default)]
pub(super) struct QueueOrder {
    /// The first write of each new queue, keyed by the index of the change.
    turns: HashMap<usize, Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Index of the write that must finish first, or `None`.
    previous: Option<usize>,
    done: SetOnce<()>,
}

impl QueueOrder {
    /// Determines the order from the changes. Queues of existing deployments are not new.
    pub(super) fn new(changes: &[ComparedDeployment<'_>]) -> Self {
        let live = changes.iter().filter_map(|compared| {
            let field = |name| compared.change.live()?.field(name)?.as_str();
            Some((field("work_pool_name")?, field("work_queue_name")?))
        });
        let mut known: HashSet<(&str, &str)> = live.collect();
        let mut last_of_pool = HashMap::new();
        let mut turns = HashMap::new();
        for (index, ComparedDeployment { desired, change }) in changes.iter().enumerate() {
            let Some(queue) = desired.work_queue.as_deref().filter(|queue| *queue != "default") else {
                continue;
            };
            if !change.is_unchanged() && known.insert((desired.work_pool.as_str(), queue)) {
                let previous = last_of_pool.insert(&desired.work_pool, index);
                turns.insert(index, Turn { previous, done: SetOnce::new() });
            }
        }
        Self { turns }
    }

    /// Waits until the deployment with this index may be written. Waits only for writes with lower indexes.
    pub(super) async fn turn(&self, index: usize) {
        let previous = self.turns.get(&index).and_then(|turn| turn.previous);
        if let Some(previous) = previous.and_then(|previous| self.turns.get(&previous)) {
            previous.done.wait().await;
        }
    }

    /// Allows the next write to start, even if this write failed.
    pub(super) fn done(&self, index: usize) {
        if let Some(turn) = self.turns.get(&index) {
            // `done` is called once for each write.
            let _ = turn.done.set(());
        }
    }
}
