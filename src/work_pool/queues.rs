//! Finds work queues by name or ID.

use uuid::Uuid;

use super::WorkPoolError;
use crate::{
    api::{Client, NamedObject},
    diagnostics::similar_name,
};

/// A work queue and its work pool's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queue {
    pub(crate) pool: String,
    pub(crate) queue: NamedObject,
}

impl Queue {
    fn new(queue: NamedObject) -> Self {
        Self { pool: queue.text("work_pool_name").to_owned(), queue }
    }

    pub(crate) fn name(&self) -> &str {
        &self.queue.name
    }
}

/// Creates the error for a queue that does not exist. The error suggests a known queue with a similar name.
pub(super) fn missing(queue: &str, pool: Option<&str>, known: &[NamedObject]) -> WorkPoolError {
    let similar = similar_name(queue, known.iter().map(|known| known.name.as_str()));
    WorkPoolError::NoQueue {
        queue: queue.to_owned(),
        pool: pool.map(str::to_owned),
        similar: similar.map(str::to_owned),
    }
}

/// Finds a queue by its ID, or by its name in a work pool. Without a pool, the name must be unique.
///
/// # Errors
///
/// Fails if the queue does not exist, or if multiple pools have a queue with this name.
pub(crate) async fn find_queue(
    client: &Client,
    name_or_id: &str,
    pool: Option<&str>,
) -> Result<Queue, WorkPoolError> {
    if let Ok(id) = Uuid::parse_str(name_or_id) {
        let queue = client.work_queue_by_id(id).await?;
        return queue.map(Queue::new).ok_or_else(|| missing(name_or_id, pool, &[]));
    }
    if let Some(pool) = pool {
        if let Some(queue) = client.work_queue(pool, name_or_id).await? {
            return Ok(Queue { pool: pool.to_owned(), queue });
        }
        let known = client.work_queues(Some(pool)).await.unwrap_or_default();
        return Err(missing(name_or_id, Some(pool), &known));
    }
    let known = client.work_queues(None).await?;
    let mut queues: Vec<NamedObject> =
        known.iter().filter(|queue| queue.name == name_or_id).cloned().collect();
    match (queues.len(), queues.pop()) {
        (1, Some(queue)) => Ok(Queue::new(queue)),
        (_, None) => Err(missing(name_or_id, None, &known)),
        (_, Some(last)) => {
            let mut pools: Vec<String> =
                queues.iter().chain([&last]).map(|queue| queue.text("work_pool_name").to_owned()).collect();
            pools.sort_unstable();
            Err(WorkPoolError::SeveralQueues { queue: name_or_id.to_owned(), pools })
        }
    }
}
