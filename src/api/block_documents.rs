//! Block documents: stored configuration and secrets.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, NamedObject, error::optional, request::Request};

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

    /// All blocks that have a name, secrets hidden by the server.
    pub(crate) async fn block_documents(&self) -> Result<Vec<NamedObject>, ApiError> {
        let body = [
            ("include_secrets".to_owned(), json!(false)),
            ("sort".to_owned(), json!("BLOCK_TYPE_AND_NAME_ASC")),
            ("block_documents".to_owned(), json!({"is_anonymous": {"eq_": false}})),
        ];
        self.filter(&["block_documents", "filter"], body.into_iter().collect()).await
    }

    /// The block `slug/name`, secrets hidden by the server.
    pub(crate) async fn hidden_block_document(
        &self,
        slug: &str,
        name: &str,
    ) -> Result<Option<NamedObject>, ApiError> {
        let path = ["block_types", "slug", slug, "block_documents", "name", name];
        optional(self.json(Request::get(&path).query("include_secrets", "false")).await)
    }

    /// The same by its id.
    pub(crate) async fn hidden_block_document_by_id(
        &self,
        id: Uuid,
    ) -> Result<Option<NamedObject>, ApiError> {
        let request = Request::get(&["block_documents", &id.to_string()]);
        optional(self.json(request.query("include_secrets", "false")).await)
    }

    /// The types of blocks that the server knows.
    pub(crate) async fn block_types(&self) -> Result<Vec<NamedObject>, ApiError> {
        self.filter(&["block_types", "filter"], JsonObject::new()).await
    }
}
