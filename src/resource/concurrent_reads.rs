//! Reads single objects with concurrent requests.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::api::ApiError;

/// Maximum number of concurrent requests.
const MAX_REQUESTS: usize = 8;

/// Calls `read` for each item, with at most [`MAX_REQUESTS`] concurrent calls. Returns the results in item order.
///
/// # Errors
///
/// Fails with the error for the first item whose request fails.
pub(super) async fn read_each<T, R, F>(
    items: impl IntoIterator<Item = T>,
    read: impl Fn(T) -> F,
) -> Result<Vec<R>, ApiError>
where
    F: Future<Output = Result<R, ApiError>>,
{
    stream::iter(items).map(read).buffered(MAX_REQUESTS).try_collect().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn limits_the_number_of_concurrent_requests() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let found = read_each(0..50, async |item| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            tokio::task::yield_now().await;
            running.set(running.get() - 1);
            Ok(item)
        });
        assert_eq!(found.await.unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(most.get(), MAX_REQUESTS);
    }
}
