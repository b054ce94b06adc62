//! API requests for global concurrency limits.

use super::{ApiError, Client, JsonObject, NamedObject, error::optional, request::Request};

impl Client {
    /// Returns the global concurrency limit with the given name, or `None` if the limit does not exist.
    pub(crate) async fn concurrency_limit(&self, name: &str) -> Result<Option<NamedObject>, ApiError> {
        optional(self.json(Request::get(&["v2", "concurrency_limits", name])).await)
    }

    /// Returns all global concurrency limits.
    pub(crate) async fn concurrency_limits(&self) -> Result<Vec<NamedObject>, ApiError> {
        self.filter(&["v2", "concurrency_limits", "filter"], JsonObject::new()).await
    }

    /// Creates a global concurrency limit.
    ///
    /// # Errors
    ///
    /// Returns a conflict error if a limit with this name already exists.
    pub(crate) async fn create_concurrency_limit(&self, body: &JsonObject) -> Result<NamedObject, ApiError> {
        self.json(Request::post(&["v2", "concurrency_limits", ""], body.clone()).once()).await
    }

    /// Updates the global concurrency limit fields given in `body`.
    pub(crate) async fn update_concurrency_limit(
        &self,
        name: &str,
        body: &JsonObject,
    ) -> Result<(), ApiError> {
        self.done(Request::patch(&["v2", "concurrency_limits", name], body.clone())).await
    }

    /// Deletes a global concurrency limit. Returns `false` if the limit did not exist.
    pub(crate) async fn delete_concurrency_limit(&self, name: &str) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["v2", "concurrency_limits", name])).await)?.is_some())
    }
}
