//! Reading everything that a filter matches, page by page.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, request::Request};

/// What a server gives at most, unless it is configured to give less.
const PAGE: usize = 200;

/// An object of the server that has an id.
pub(super) trait Identified {
    fn id(&self) -> Uuid;
}

impl Client {
    /// All objects that `filter` matches. Objects that come or go meanwhile do not make others appear twice.
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
        let mut offset = 0;
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
            found.extend(page.into_iter().filter(|item| seen.insert(item.id())));
            if count < limit || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
            if found.len() == before {
                let reason = "the same objects come again and again".to_owned();
                return Err(ApiError::Unexpected { request: path.join("/"), reason });
            }
            offset += count;
        }
    }
}

/// The limit that a server names when it refuses ours: `Invalid limit: must be less than or equal to 100.`
fn smaller_limit(error: &ApiError, limit: usize) -> Option<usize> {
    let ApiError::Invalid { status: StatusCode::UNPROCESSABLE_ENTITY, messages } = error else { return None };
    let text = messages.iter().find_map(|message| message.split_once("less than or equal to "))?.1;
    text.trim_end_matches('.').parse().ok().filter(|smaller| (1..limit).contains(smaller))
}
