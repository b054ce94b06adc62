//! Pagination: reads all objects that match a filter.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, request::Request};

/// Number of objects to request per page. Servers allow up to 200 by default.
const PAGE: usize = 200;

/// Maximum number of names or IDs per filter request. All matching objects must fit on one page, and SQLite
/// limits the number of values in a query.
const BATCH: usize = 150;

/// Maximum number of times to go back a page because objects on earlier pages were deleted.
const MAX_STEPS_BACK: usize = 50;

/// Maximum total page size of a filter request, in bytes. Without a limit, a server with endless pages would exhaust
/// memory.
const MAX_TOTAL: usize = 1 << 30;

/// Minimum number of bytes to count for an object, because parsed objects use more memory than their JSON.
const MIN_OBJECT: usize = 1 << 10;

/// Maximum number of concurrent filter requests.
const CONCURRENT_BATCHES: usize = 4;

/// Reads the objects with the given keys in batches, using one filter request per batch.
///
/// A single filter would repeat all keys in the request for every page, so the total request size would grow
/// quadratically with the number of keys.
pub(super) async fn in_batches<K, T, F>(
    keys: impl IntoIterator<Item = K>,
    read: impl Fn(Vec<K>) -> F,
) -> Result<Vec<T>, ApiError>
where
    T: Identified,
    F: Future<Output = Result<Vec<T>, ApiError>>,
{
    let mut keys = keys.into_iter();
    let batches = std::iter::from_fn(|| {
        let batch: Vec<K> = keys.by_ref().take(BATCH).collect();
        (!batch.is_empty()).then_some(batch)
    });
    let found: Vec<Vec<T>> =
        stream::iter(batches).map(read).buffered(CONCURRENT_BATCHES).try_collect().await?;
    let mut seen = HashSet::new();
    Ok(found.into_iter().flatten().filter(|object| seen.insert(object.id())).collect())
}

/// An object with a unique ID.
pub(crate) trait Identified {
    fn id(&self) -> Uuid;
}

impl Client {
    /// Returns all objects that match `filter`, without duplicates.
    ///
    /// Each page starts with the last object of the previous page. If the page starts with a different object,
    /// earlier objects were deleted in the meantime. The function then reads the previous page again.
    pub(super) async fn filter<T>(&self, path: &[&str], filter: JsonObject) -> Result<Vec<T>, ApiError>
    where
        T: DeserializeOwned + Identified,
    {
        self.filter_up_to(path, filter, usize::MAX).await
    }

    /// Returns the first `most` objects that match `filter`.
    ///
    /// # Errors
    ///
    /// Fails if a request fails, or if the server returns more than [`MAX_TOTAL`] bytes.
    pub(super) async fn filter_up_to<T>(
        &self,
        path: &[&str],
        filter: JsonObject,
        most: usize,
    ) -> Result<Vec<T>, ApiError>
    where
        T: DeserializeOwned + Identified,
    {
        self.filter_within(path, filter, most, MAX_TOTAL).await
    }

    /// Returns the first `most` objects like [`Self::filter_up_to`], and reads at most `left` bytes.
    pub(super) async fn filter_within<T>(
        &self,
        path: &[&str],
        filter: JsonObject,
        most: usize,
        mut left: usize,
    ) -> Result<Vec<T>, ApiError>
    where
        T: DeserializeOwned + Identified,
    {
        let unexpected = |reason: &str| {
            let (request, reason) = (path.join("/"), reason.to_owned());
            ApiError::Unexpected { request, reason }
        };
        let mut limit = PAGE.min(most.max(1));
        let mut offset: usize = 0;
        let mut steps_back = 0;
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let mut body = filter.clone();
            body.insert("limit".to_owned(), json!(limit));
            body.insert("offset".to_owned(), json!(offset));
            let (page, answer): (Vec<T>, _) = match self.json_with_body(Request::post(path, body)).await {
                Err(error) => match smaller_limit(&error, limit) {
                    Some(smaller) => {
                        limit = smaller;
                        continue;
                    }
                    None => return Err(error),
                },
                Ok(page) => page,
            };
            left = left
                .checked_sub(answer.len().max(page.len().saturating_mul(MIN_OBJECT)))
                .ok_or_else(|| unexpected("the server returned too many objects"))?;
            let (count, before) = (page.len(), found.len());
            let follows =
                offset == 0 || limit == 1 || page.first().is_some_and(|first| seen.contains(&first.id()));
            found.extend(page.into_iter().filter(|item| seen.insert(item.id())));
            if !follows && steps_back < MAX_STEPS_BACK {
                steps_back += 1;
                offset = offset.saturating_sub(limit);
                continue;
            }
            if count < limit || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
            if found.len() == before && steps_back == 0 {
                return Err(unexpected("the server returned the same objects on multiple pages"));
            }
            offset += if limit == 1 { 1 } else { count - 1 };
        }
    }
}

/// Parses the page limit from the server's error `Invalid limit: must be less than or equal to 100.` Returns
/// `None` for any other error.
fn smaller_limit(error: &ApiError, limit: usize) -> Option<usize> {
    let ApiError::Invalid { status: StatusCode::UNPROCESSABLE_ENTITY, messages } = error else { return None };
    let text = messages.iter().find_map(|message| message.split_once("less than or equal to "))?.1;
    text.trim_end_matches('.').parse().ok().filter(|smaller| (1..limit).contains(smaller))
}
