//! The server itself: is it there, which version is it, and does it let us in?

use jiff::Timestamp;
use reqwest::header::DATE;
use serde_json::{Value, json};

use super::{ApiError, Client, error::optional, request::Request, retry::http_date};

impl Client {
    /// Asks whether the server is well, which it tells everybody, and what time it has.
    pub(crate) async fn health(&self) -> Result<Option<Timestamp>, ApiError> {
        let answer = self.send(&Request::get(&["health"])).await?;
        if answer.is_web_page() {
            return Err(ApiError::NotJson { url: self.url().to_owned() });
        }
        Ok(answer.headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)))
    }

    /// The release of Prefect that the server is; Prefect Cloud has none.
    pub(super) async fn server_version(&self) -> Result<Option<String>, ApiError> {
        match self.json(Request::get(&["admin", "version"])).await {
            Err(ApiError::NoSuchRoute { .. }) => Ok(None),
            other => optional(other),
        }
    }

    /// Asks for something small that only those who may use the API get, on Prefect Cloud as on a server.
    pub(crate) async fn probe(&self) -> Result<(), ApiError> {
        let _: Vec<Value> = self.json(Request::post(&["work_pools", "filter"], json!({"limit": 1}))).await?;
        Ok(())
    }
}
