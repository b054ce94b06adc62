//! The server itself: is it there, and does it let us in?

use serde_json::{Value, json};

use super::{ApiError, Client, request::Request};

impl Client {
    /// Asks for something small that only those who may use the API get, on Prefect Cloud as on a server.
    pub(crate) async fn probe(&self) -> Result<(), ApiError> {
        let _: Vec<Value> = self.json(Request::post(&["work_pools", "filter"], json!({"limit": 1}))).await?;
        Ok(())
    }
}
