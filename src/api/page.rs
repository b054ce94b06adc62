//! Reading everything that a filter matches, page by page.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, request::Request};

/// What a server gives at most, unless it is configured to give less.
const PAGE: usize = 200;

/// For how many names or ids one request asks: so few that what has them fits on a page, and far fewer than a database on
/// SQLite takes.
const BATCH: usize = 150;

/// How often a page is read again at most, because what came before it has moved.
const STEPS_BACK: usize = 50;

/// How many such requests are under way.
const BATCHES_AT_ONCE: usize = 4;

/// What several requests find together, each for some of the keys. All keys in every request would make their size grow
/// with the square of the number of keys.
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
    let found: Vec<Vec<T>> = stream::iter(batches).map(read).buffered(BATCHES_AT_ONCE).try_collect().await?;
    let mut seen = HashSet::new();
    Ok(found.into_iter().flatten().filter(|one| seen.insert(one.id())).collect())
}

/// An object of the server that has an id.
pub(crate) trait Identified {
    fn id(&self) -> Uuid;
}

impl Client {
    /// All objects that `filter` matches. Objects that come or go meanwhile do not make others appear twice, or not at all:
    /// each page begins with the last object of the page before, as long as none of those before it has gone.
    pub(super) async fn filter<T>(&self, path: &[&str], filter: JsonObject) -> Result<Vec<T>, ApiError>
    where
        T: DeserializeOwned + Identified,
    {
        self.filter_up_to(path, filter, usize::MAX).await
    }

    /// The same, but no more than the first `most` of them.
    pub(super) async fn filter_up_to<T>(
        &self,
        path: &[&str],
        filter: JsonObject,
        most: usize,
    ) -> Result<Vec<T>, ApiError>
    where
        T: DeserializeOwned + Identified,
    {
        let mut limit = PAGE.min(most.max(1));
        let mut offset: usize = 0;
        let mut steps_back = 0;
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let mut body = filter.clone();
            body.insert("limit".to_owned(), json!(limit));
            body.insert("offset".to_owned(), json!(offset));
            let page: Vec<T> = match self.json(Request::post(path, body)).await {
                Err(error) => match smaller_limit(&error, limit) {
                    Some(smaller) => {
                        limit = smaller;
                        continue;
                    }
                    None => return Err(error),
                },
                Ok(page) => page,
            };
            let (count, before) = (page.len(), found.len());
            let follows =
                offset == 0 || limit == 1 || page.first().is_some_and(|first| seen.contains(&first.id()));
            found.extend(page.into_iter().filter(|item| seen.insert(item.id())));
            if !follows && steps_back < STEPS_BACK {
                steps_back += 1;
                offset = offset.saturating_sub(limit);
                continue;
            }
            if count < limit || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
            if found.len() == before && steps_back == 0 {
                let reason = "the same objects come again and again".to_owned();
                return Err(ApiError::Unexpected { request: path.join("/"), reason });
            }
            offset += if limit == 1 { 1 } else { count - 1 };
        }
    }
}

/// The limit that a server names when it refuses ours: `Invalid limit: must be less than or equal to 100.`
fn smaller_limit(error: &ApiError, limit: usize) -> Option<usize> {
    let ApiError::Invalid { status: StatusCode::UNPROCESSABLE_ENTITY, messages } = error else { return None };
    let text = messages.iter().find_map(|message| message.split_once("less than or equal to "))?.1;
    text.trim_end_matches('.').parse().ok().filter(|smaller| (1..limit).contains(smaller))
}
