//! Finds work queues by name or id.

use uuid::Uuid;

use super::WorkPoolError;
use crate::api::{Client, NamedObject};

/// A work queue and the name of its work pool.
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

/// Finds a queue by its id, or by its name in a work pool. If no pool is specified, the name must be unique.
///
/// # Errors
///
/// Fails if the queue does not exist, or if several pools have a queue with this name.
pub(crate) async fn find_queue(
    client: &Client,
    name_or_id: &str,
    pool: Option<&str>,
) -> Result<Queue, WorkPoolError> {
    let missing = || WorkPoolError::NoQueue { queue: name_or_id.to_owned(), pool: pool.map(str::to_owned) };
    if let Ok(id) = Uuid::parse_str(name_or_id) {
        return client.work_queue_by_id(id).await?.map(Queue::new).ok_or_else(missing);
    }
    if let Some(pool) = pool {
        let queue = client.work_queue(pool, name_or_id).await?.ok_or_else(missing)?;
        return Ok(Queue { pool: pool.to_owned(), queue });
    }
    let mut queues = client.work_queues(None).await?;
    queues.retain(|queue| queue.name == name_or_id);
    match (queues.len(), queues.pop()) {
        (1, Some(queue)) => Ok(Queue::new(queue)),
        (_, None) => Err(missing()),
        (_, Some(last)) => {
            let mut pools: Vec<String> =
                queues.iter().chain([&last]).map(|queue| queue.text("work_pool_name").to_owned()).collect();
            pools.sort_unstable();
            Err(WorkPoolError::SeveralQueues { queue: name_or_id.to_owned(), pools })
        }
    }
}
