//! Responses from the Prefect API, and failures of requests that received no response.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};

use serde::Deserialize;
use url::Url;

use super::{
    ApiError,
    error::{self, Peer},
    limiter::Rejection,
    request::Request,
    tls_advice::{TlsAdvice, advice},
};

/// An HTTP response with its complete body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// Maximum size of a response body in bytes, so that an endless response cannot exhaust memory.
    const MAX_SIZE: usize = 64 << 20;

    pub(super) async fn read(mut response: reqwest::Response) -> Result<Self, Failure> {
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > Self::MAX_SIZE {
                return Err(Failure::Large);
            }
        }
        Ok(Self { status, headers, body: body.freeze() })
    }

    /// Checks whether the response is an HTML page. Prefect servers respond to unknown paths with a page of
    /// their web interface.
    pub(super) fn is_web_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }
}

/// A failed attempt to send a request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server responded with an error status code.
    #[error("the server responded with {}", .0.status)]
    Status(Answer),
    #[error("{}", error::root_cause(.0))]
    Exchange(#[from] reqwest::Error),
    /// The response was still incomplete after the total time limit, although data kept arriving.
    #[error("the response took more than {} s", .0.as_secs_f64())]
    Slow(Duration),
    #[error("the response is larger than {} MiB", Answer::MAX_SIZE >> 20)]
    Large,
    /// The request was invalid and was never sent.
    #[error(transparent)]
    Setup(#[from] ApiError),
}

impl Failure {
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Status(answer) => Some(answer.status.as_u16()),
            Self::Exchange(_) | Self::Slow(_) | Self::Large | Self::Setup(_) => None,
        }
    }

    /// Returns the kind of rejection for a 429 or 503 response, or `None` for any other failure.
    pub(super) fn rejection(&self) -> Option<Rejection> {
        match self.status()? {
            429 => Some(Rejection::RateLimited),
            503 => Some(Rejection::Busy),
            _ => None,
        }
    }

    /// Checks whether a 503 response comes from the Prefect server itself rather than from a proxy in front
    /// of it.
    pub(super) fn is_busy(&self) -> bool {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[expect(dead_code, reason = "only its presence matters")]
            #[serde(borrow)]
            exception_message: std::borrow::Cow<'a, str>,
        }
        let Self::Status(answer) = self else { return false };
        answer.status == StatusCode::SERVICE_UNAVAILABLE
            && serde_json::from_slice::<Body<'_>>(&answer.body).is_ok()
    }

    /// Converts the last attempt's failure to a user-facing error.
    pub(super) fn into_error(self, request: &Request, peer: &Peer) -> ApiError {
        let reason = self.to_string();
        let request = request.summary();
        let url = peer.url.clone();
        let cause = match self {
            Self::Status(answer) => return error::from_answer(answer.status, &answer.body, request, peer),
            Self::Setup(error) => return error,
            Self::Large => return ApiError::Unexpected { request, reason },
            Self::Slow(after) => return ApiError::Timeout { request, after },
            Self::Exchange(cause) => cause,
        };
        if let Some(failure) = error::tls_failure(&cause) {
            let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
            let TlsAdvice { reason, fix } = advice(failure, host.as_deref().unwrap_or_default());
            ApiError::Untrusted { url, reason, fix }
        } else if let Some(proxy) = peer.proxy.clone().filter(|_| cause.is_connect()) {
            if error::is_io_failure(&cause) || cause.is_timeout() {
                ApiError::ProxyUnreachable { proxy, url, reason }
            } else {
                ApiError::ProxyRefused { proxy, url, reason }
            }
        } else if cause.is_connect() {
            ApiError::Unreachable { url, reason }
        } else if cause.is_timeout() {
            ApiError::Timeout { request, after: peer.timeout }
        } else {
            ApiError::Broken { request, reason }
        }
    }
}
