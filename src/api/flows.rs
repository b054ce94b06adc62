//! API requests for flows.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    ApiError, Client,
    error::optional,
    page::{Identified, in_batches},
    request::Request,
};

/// A flow that exists on the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Flow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

impl Identified for Flow {
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Client {
    /// Returns the flow with the given name. Creates the flow if it does not exist.
    pub(crate) async fn create_flow(&self, name: &str) -> Result<Flow, ApiError> {
        self.json(Request::post(&["flows", ""], json!({"name": name, "tags": []}))).await
    }

    pub(crate) async fn flow(&self, id: Uuid) -> Result<Option<Flow>, ApiError> {
        optional(self.json(Request::get(&["flows", &id.to_string()])).await)
    }

    pub(crate) async fn flows_by_name(&self, names: &[String]) -> Result<Vec<Flow>, ApiError> {
        in_batches(names, |names| self.flows(json!({"name": {"any_": names}}))).await
    }

    pub(crate) async fn flows_by_id(&self, ids: &[Uuid]) -> Result<Vec<Flow>, ApiError> {
        in_batches(ids, |ids| self.flows(json!({"id": {"any_": ids}}))).await
    }

    async fn flows(&self, filter: serde_json::Value) -> Result<Vec<Flow>, ApiError> {
        let body = [("flows".to_owned(), filter), ("sort".to_owned(), json!("NAME_ASC"))];
        self.filter(&["flows", "filter"], body.into_iter().collect()).await
    }
}
