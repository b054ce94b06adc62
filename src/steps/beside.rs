//! Builds and pushes side by side: how many at a time.

use tokio::sync::{Semaphore, SemaphorePermit};

/// How many steps may run at a time.
#[derive(Debug)]
pub(super) struct Lanes(Semaphore);

impl Lanes {
    pub(super) fn new(count: usize) -> Self {
        Self(Semaphore::new(count.max(1)))
    }

    /// Waits for a lane. It is free again when what is returned is dropped.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is a permit.
        self.0.acquire().await.ok()
    }
}
