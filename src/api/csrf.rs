//! CSRF tokens, for the servers that want them.
//!
//! Most do not, and finding out costs a request. So changes are sent without a token until the server asks for
//! one; from then on every change carries it.

use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::request::Request;

/// A token and the name under which the server knows this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CsrfToken {
    pub(super) token: HeaderValue,
    pub(super) client: HeaderValue,
}

/// The token of one client.
#[derive(Debug)]
pub(super) struct CsrfTokens {
    /// Names this client to the server.
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

    /// A token other than `rejected`. When several requests are rejected at once, one of them fetches.
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

    /// The request for a token.
    pub(super) fn request(&self) -> Request {
        Request::get(&["csrf-token"]).query("client", self.client.to_string())
    }

    /// The token in the body of the server's answer.
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

/// Whether the body of a 403 means that a token, or a fresh one, would help.
pub(super) fn asks_for_token(body: &[u8]) -> bool {
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
