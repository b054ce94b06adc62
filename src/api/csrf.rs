//! CSRF tokens for servers that have CSRF protection enabled.
//!
//! CSRF protection is rare, and fetching a token costs a request. The client therefore sends write requests without a
//! token until the server rejects such a request. From then on, every write request includes a token.

use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::request::Request;

/// A CSRF token and the client ID for which the token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CsrfToken {
    pub(super) token: HeaderValue,
    pub(super) client: HeaderValue,
}

/// The current CSRF token of a client.
#[derive(Debug)]
pub(super) struct CsrfTokens {
    /// Random ID of this client. The server issues tokens for this ID.
    client: Uuid,
    current: Mutex<Option<CsrfToken>>,
}

impl CsrfTokens {
    pub(super) fn new() -> Self {
        Self { client: Uuid::new_v4(), current: Mutex::new(None) }
    }

    pub(super) async fn current(&self) -> Option<CsrfToken> {
        self.current.lock().await.clone()
    }

    /// Returns a token that differs from `rejected`. If multiple callers need a new token, only one of them
    /// fetches it.
    pub(super) async fn renew<E>(
        &self,
        rejected: Option<&CsrfToken>,
        fetch: impl AsyncFnOnce() -> Result<CsrfToken, E>,
    ) -> Result<CsrfToken, E> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if Some(token) != rejected => Ok(token.clone()),
            _ => {
                let token = fetch().await?;
                *current = Some(token.clone());
                Ok(token)
            }
        }
    }

    /// Returns the API request that fetches a token.
    pub(super) fn request(&self) -> Request {
        Request::get(&["csrf-token"]).query("client", self.client.to_string())
    }

    /// Parses a token from a response body. Returns `None` if the body has no valid token.
    pub(super) fn parse(&self, body: &[u8]) -> Option<CsrfToken> {
        #[derive(Deserialize)]
        struct Body {
            token: String,
        }
        let Body { token } = serde_json::from_slice(body).ok()?;
        let mut token = HeaderValue::try_from(token).ok()?;
        token.set_sensitive(true);
        let client = HeaderValue::try_from(self.client.to_string()).ok()?;
        Some(CsrfToken { token, client })
    }
}

/// Checks whether the server rejected a request because its CSRF token is missing or invalid.
pub(super) fn requires_token(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        detail: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Body<'_>>(body).is_ok_and(|Body { detail }| {
        detail.contains("Missing CSRF token")
            || detail.contains("Missing client identifier")
            || detail.contains("Invalid CSRF token")
    })
}
