//! CSRF tokens, for servers with CSRF protection.
//!
//! Few servers have it, and a token costs a request. A client sends its changes without a token until the server
//! rejects one for that reason. Every later change has a token.

use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::request::Request;

/// A token and the client id that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CsrfToken {
    pub(super) token: HeaderValue,
    pub(super) client: HeaderValue,
}

/// The current token of a client.
#[derive(Debug)]
pub(super) struct CsrfTokens {
    /// Identifies this client to the server.
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

    /// Returns a token other than `rejected`. Of several concurrent callers, one fetches it.
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

    /// Returns the request for a token.
    pub(super) fn request(&self) -> Request {
        Request::get(&["csrf-token"]).query("client", self.client.to_string())
    }

    /// Parses the token in the body of a response.
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

/// Checks whether a 403 response requires a new CSRF token.
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
