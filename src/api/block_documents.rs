//! Block documents: stored configuration and secrets.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{ApiError, Client, error::optional, request::Request};

#[derive(Deserialize)]
struct BlockDocument {
    data: Value,
}

impl Client {
    /// The data of the block `slug/name`, secrets in clear.
    pub(crate) async fn block_document(&self, slug: &str, name: &str) -> Result<Option<Value>, ApiError> {
        self.block_data(Request::get(&["block_types", "slug", slug, "block_documents", "name", name])).await
    }

    /// The data of a block, secrets in clear.
    pub(crate) async fn block_document_by_id(&self, id: Uuid) -> Result<Option<Value>, ApiError> {
        self.block_data(Request::get(&["block_documents", &id.to_string()])).await
    }

    async fn block_data(&self, request: Request) -> Result<Option<Value>, ApiError> {
        let document: Option<BlockDocument> =
            optional(self.json(request.query("include_secrets", "true")).await)?;
        Ok(document.map(|document| document.data))
    }
}
