//! What came back for one try of a request.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};

use serde::Deserialize;

use super::{
    ApiError,
    error::{self, Peer},
    request::Request,
};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let headers = response.headers().clone();
        Ok(Self { status, headers, body: response.bytes().await? })
    }

    /// Whether it is a web page: what a server's user interface sends for a path it does not know.
    pub(super) fn is_web_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }
}

/// A try that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server answered, but not with a success.
    #[error("the server answered {}", .0.status)]
    Status(Answer),
    #[error("{}", error::root_cause(.0))]
    Exchange(#[from] reqwest::Error),
    /// The answer as a whole took too long, although no pause in it did.
    #[error("the answer took more than {} s", .0.as_secs_f64())]
    Slow(Duration),
    /// Nothing was sent.
    #[error(transparent)]
    Setup(#[from] ApiError),
}

impl Failure {
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Status(answer) => Some(answer.status.as_u16()),
            Self::Exchange(_) | Self::Slow(_) | Self::Setup(_) => None,
        }
    }

    /// Whether a Prefect server says by itself that it cannot take this now, not something before it.
    pub(super) fn is_busy(&self) -> bool {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[expect(dead_code, reason = "that it is there is what counts")]
            #[serde(borrow)]
            exception_message: std::borrow::Cow<'a, str>,
        }
        let Self::Status(answer) = self else { return false };
        answer.status == StatusCode::SERVICE_UNAVAILABLE
            && serde_json::from_slice::<Body<'_>>(&answer.body).is_ok()
    }

    /// The error to report when the request is given up.
    pub(super) fn into_error(self, request: &Request, peer: &Peer) -> ApiError {
        let request = request.summary();
        let url = peer.url.clone();
        let cause = match self {
            Self::Status(answer) => return error::from_answer(answer.status, &answer.body, request, peer),
            Self::Setup(error) => return error,
            Self::Slow(after) => return ApiError::Timeout { request, after },
            Self::Exchange(cause) => cause,
        };
        let reason = error::root_cause(&cause);
        if error::is_tls_failure(&cause) {
            ApiError::Untrusted { url, reason }
        } else if cause.is_connect() {
            ApiError::Unreachable { url, reason }
        } else if cause.is_timeout() {
            ApiError::Timeout { request, after: peer.timeout }
        } else {
            ApiError::Broken { request, reason }
        }
    }
}
