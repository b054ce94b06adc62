//! Finds the work queues whose priorities the server changes when a deploy assigns priorities to other queues.

use uuid::Uuid;

use crate::{
    plan::ComparedResource,
    resource::{Observed, QueuePriorities, ResourceKey},
};

/// A queue without a declared priority whose priority the server changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MovedQueue {
    pub(crate) key: ResourceKey,
    pub(crate) id: Uuid,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The first declared queue whose write changes the priority.
    pub(crate) cause: ResourceKey,
}

impl MovedQueue {
    /// Returns the plan's note about the queue.
    pub(super) fn note(&self) -> String {
        let Self { key, from, to, .. } = self;
        format!("the server changes the priority of {key} from {from} to {to}")
    }
}

/// Returns the queues whose priorities the server changes if a deploy writes the changes in the given order.
pub(crate) fn moved_queues(changes: &[ComparedResource], observed: &Observed) -> Vec<MovedQueue> {
    let mut moved = Vec::new();
    for (pool, queues) in &observed.queues {
        let is_of_pool =
            |compared: &&ComparedResource| compared.desired.key.pool_of_queue() == Some(pool.as_str());
        let of_pool: Vec<_> = changes.iter().filter(is_of_pool).collect();
        let has_priority = |name: &str| {
            let mut declared = of_pool.iter().map(|compared| &compared.desired);
            declared.any(|desired| desired.key.queue() == Some(name) && desired.priority().is_some())
        };
        let mut priorities =
            QueuePriorities::new(queues.iter().map(|queue| (queue.name.clone(), queue.priority)));
        let before = priorities.clone();
        let others: Vec<_> = queues.iter().filter(|queue| !has_priority(&queue.name)).collect();
        let mut causes = vec![None; others.len()];
        for ComparedResource { desired, change } in of_pool {
            let Some(name) = desired.key.queue() else { continue };
            let priority = desired.priority();
            if change.is_creation() || (priority.is_some() && priorities.get(name) != priority) {
                priorities.assign(name, priority);
            }
            for (queue, cause) in others.iter().zip(&mut causes) {
                if cause.is_none() && priorities.get(&queue.name) != before.get(&queue.name) {
                    *cause = Some(desired.key.clone());
                }
            }
        }
        for (queue, cause) in others.into_iter().zip(causes) {
            let to = priorities.get(&queue.name).filter(|to| *to != queue.priority);
            if let (Some(to), Some(cause)) = (to, cause) {
                let (key, from) = (ResourceKey::queue_of(pool, &queue.name), queue.priority);
                moved.push(MovedQueue { key, id: queue.id, from, to, cause });
            }
        }
    }
    moved
}
