//! API requests about the server itself: its health, its version and the validity of credentials.

use jiff::Timestamp;
use reqwest::header::DATE;
use serde_json::{Value, json};

use super::{ApiError, Client, error::optional, request::Request, retry::http_date};

impl Client {
    /// Checks that the server is healthy. No credentials are required. Returns the server's current time if
    /// the response includes it.
    pub(crate) async fn health(&self) -> Result<Option<Timestamp>, ApiError> {
        let answer = self.send(&Request::get(&["health"])).await?;
        if answer.is_web_page() {
            return Err(ApiError::NotJson { url: self.url().to_owned() });
        }
        Ok(answer.headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)))
    }

    /// Returns the server's version, or `None` if the server does not report it.
    pub(super) async fn server_version(&self) -> Result<Option<String>, ApiError> {
        match self.json(Request::get(&["admin", "version"])).await {
            Err(ApiError::NoSuchRoute { .. }) => Ok(None),
            other => optional(other),
        }
    }

    /// Checks that the server accepts the credentials by sending a cheap request that requires them.
    pub(crate) async fn probe(&self) -> Result<(), ApiError> {
        let _: Vec<Value> = self.json(Request::post(&["work_pools", "filter"], json!({"limit": 1}))).await?;
        Ok(())
    }
}
