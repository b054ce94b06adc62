//! API requests for block documents, which store configuration and secrets.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, NamedObject, error::optional, page::Identified, request::Request};
use crate::secret::Secret;

#[derive(Deserialize)]
struct BlockDocument {
    data: Value,
}

#[derive(Deserialize)]
struct BlockSchemaDocument {
    id: Uuid,
    block_type_id: Uuid,
    fields: Value,
}

impl Identified for BlockSchemaDocument {
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Client {
    /// Returns the data of the block `slug/name` including its secrets, or `None` if the block does not
    /// exist.
    pub(crate) async fn block_document(&self, slug: &str, name: &str) -> Result<Option<Value>, ApiError> {
        self.block_data(Request::get(&["block_types", "slug", slug, "block_documents", "name", name])).await
    }

    /// Returns the data of the block with the given ID including its secrets, or `None` if the block does not
    /// exist.
    pub(crate) async fn block_document_by_id(&self, id: Uuid) -> Result<Option<Value>, ApiError> {
        self.block_data(Request::get(&["block_documents", &id.to_string()])).await
    }

    async fn block_data(&self, request: Request) -> Result<Option<Value>, ApiError> {
        let document: Option<BlockDocument> =
            optional(self.exact_json(request.query("include_secrets", "true")).await)?;
        Ok(document.map(|document| document.data))
    }

    /// Returns all named blocks. The server masks their secrets.
    pub(crate) async fn block_documents(&self) -> Result<Vec<NamedObject>, ApiError> {
        let body = [
            ("include_secrets".to_owned(), json!(false)),
            ("sort".to_owned(), json!("BLOCK_TYPE_AND_NAME_ASC")),
            ("block_documents".to_owned(), json!({"is_anonymous": {"eq_": false}})),
        ];
        self.filter(&["block_documents", "filter"], body.into_iter().collect()).await
    }

    /// Returns the block `slug/name`, or `None` if the block does not exist. The server masks the block's secrets.
    pub(crate) async fn hidden_block_document(
        &self,
        slug: &str,
        name: &str,
    ) -> Result<Option<NamedObject>, ApiError> {
        let path = ["block_types", "slug", slug, "block_documents", "name", name];
        optional(self.json(Request::get(&path).query("include_secrets", "false")).await)
    }

    /// Returns the block with the given ID, or `None` if the block does not exist. The server masks the block's
    /// secrets.
    pub(crate) async fn hidden_block_document_by_id(
        &self,
        id: Uuid,
    ) -> Result<Option<NamedObject>, ApiError> {
        let request = Request::get(&["block_documents", &id.to_string()]);
        optional(self.json(request.query("include_secrets", "false")).await)
    }

    /// Returns the names of all blocks with the given type, or `None` if the block type does not exist.
    pub(crate) async fn block_names(&self, slug: &str) -> Result<Option<Vec<String>>, ApiError> {
        if self.block_type(slug).await?.is_none() {
            return Ok(None);
        }
        let body = [
            ("include_secrets".to_owned(), json!(false)),
            ("block_types".to_owned(), json!({"slug": {"any_": [slug]}})),
            ("block_documents".to_owned(), json!({"is_anonymous": {"eq_": false}})),
        ];
        let blocks: Vec<NamedObject> =
            self.filter(&["block_documents", "filter"], body.into_iter().collect()).await?;
        let mut names: Vec<String> = blocks.into_iter().map(|block| block.name).collect();
        names.sort_unstable();
        Ok(Some(names))
    }

    /// Creates a block, or replaces the data of the existing block with the same name.
    ///
    /// # Errors
    ///
    /// Fails if the block type is not registered on the server.
    pub(crate) async fn save_block(
        &self,
        slug: &str,
        name: &str,
        data: &[(&str, Secret)],
    ) -> Result<(), ApiError> {
        let (kind, schema) = self.block_type_and_schema(slug).await?;
        let data: JsonObject =
            data.iter().map(|(key, secret)| ((*key).to_owned(), json!(secret.expose()))).collect();
        if let Some(block) = self.hidden_block_document(slug, name).await? {
            let body = json!({"data": data, "block_schema_id": schema, "merge_existing_data": false});
            return self.done(Request::patch(&["block_documents", &block.id.to_string()], body)).await;
        }
        let body = json!({"name": name, "data": data, "block_type_id": kind, "block_schema_id": schema});
        self.done(Request::post(&["block_documents", ""], body).once()).await
    }

    /// Returns a block type's ID and the ID of its newest schema.
    async fn block_type_and_schema(&self, slug: &str) -> Result<(Uuid, Uuid), ApiError> {
        let missing = |what| ApiError::NotFound { detail: format!("{what} '{slug}' does not exist") };
        let kind = self.block_type(slug).await?.ok_or_else(|| missing("block type"))?;
        let newest = json!({"block_type_id": {"any_": [kind.id]}});
        let schemas: Vec<NamedObject> = self
            .filter_up_to(
                &["block_schemas", "filter"],
                [("block_schemas".to_owned(), newest)].into_iter().collect(),
                1,
            )
            .await?;
        let schema = schemas.first().ok_or_else(|| missing("schema of block type"))?;
        Ok((kind.id, schema.id))
    }

    /// Returns the newest schema's fields for each block type.
    pub(crate) async fn newest_block_schemas(
        &self,
        types: &[Uuid],
    ) -> Result<HashMap<Uuid, Value>, ApiError> {
        if types.is_empty() {
            return Ok(HashMap::new());
        }
        let filter = [("block_schemas".to_owned(), json!({"block_type_id": {"any_": types}}))];
        let schemas: Vec<BlockSchemaDocument> =
            self.filter(&["block_schemas", "filter"], filter.into_iter().collect()).await?;
        let mut newest = HashMap::new();
        // The server returns the newest schemas first.
        for schema in schemas {
            newest.entry(schema.block_type_id).or_insert(schema.fields);
        }
        Ok(newest)
    }

    /// Creates a block.
    ///
    /// # Errors
    ///
    /// Fails if the block type is not registered on the server. Returns a conflict error if the block already exists.
    pub(crate) async fn create_block(
        &self,
        slug: &str,
        name: &str,
        data: &JsonObject,
    ) -> Result<NamedObject, ApiError> {
        let (kind, schema) = self.block_type_and_schema(slug).await?;
        let body = json!({"name": name, "data": data, "block_type_id": kind, "block_schema_id": schema});
        self.json(Request::post(&["block_documents", ""], body).once()).await
    }

    /// Returns the ID of a block type's newest schema.
    pub(crate) async fn newest_block_schema(&self, slug: &str) -> Result<Uuid, ApiError> {
        Ok(self.block_type_and_schema(slug).await?.1)
    }

    /// Updates the block fields given in `data` and sets the block's schema.
    pub(crate) async fn update_block(
        &self,
        id: Uuid,
        data: &JsonObject,
        schema: Uuid,
    ) -> Result<(), ApiError> {
        let body = json!({"data": data, "block_schema_id": schema, "merge_existing_data": true});
        self.done(Request::patch(&["block_documents", &id.to_string()], body)).await
    }

    /// Deletes a block. Returns `false` if the block did not exist.
    pub(crate) async fn delete_block(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["block_documents", &id.to_string()])).await)?.is_some())
    }

    async fn block_type(&self, slug: &str) -> Result<Option<NamedObject>, ApiError> {
        optional(self.json(Request::get(&["block_types", "slug", slug])).await)
    }

    pub(crate) async fn block_types(&self) -> Result<Vec<NamedObject>, ApiError> {
        self.filter(&["block_types", "filter"], JsonObject::new()).await
    }
}
