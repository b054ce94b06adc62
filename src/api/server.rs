//! Requests about the server itself: health, version and authorization.

use jiff::Timestamp;
use reqwest::header::DATE;
use serde_json::{Value, json};

use super::{ApiError, Client, error::optional, request::Request, retry::http_date};

impl Client {
    /// Checks the health of the server, which needs no credentials. Returns the time on its clock, if it reports one.
    pub(crate) async fn health(&self) -> Result<Option<Timestamp>, ApiError> {
        let answer = self.send(&Request::get(&["health"])).await?;
        if answer.is_web_page() {
            return Err(ApiError::NotJson { url: self.url().to_owned() });
        }
        Ok(answer.headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)))
    }

    /// Returns the version of the server, or `None` if it does not report one.
    pub(super) async fn server_version(&self) -> Result<Option<String>, ApiError> {
        match self.json(Request::get(&["admin", "version"])).await {
            Err(ApiError::NoSuchRoute { .. }) => Ok(None),
            other => optional(other),
        }
    }

    /// Checks that the credentials are valid, with a small request that needs them.
    pub(crate) async fn probe(&self) -> Result<(), ApiError> {
        let _: Vec<Value> = self.json(Request::post(&["work_pools", "filter"], json!({"limit": 1}))).await?;
        Ok(())
    }
}
