//! Errors of API requests, and parsing of the error bodies that Prefect servers send.

use std::{error::Error, time::Duration};

use reqwest::StatusCode;
use serde_json::Value;

use super::{
    capabilities::Unsupported,
    error_body::{messages, one_line},
};

/// Error of an API request. The message of every variant is a single line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("`{url}` is not a valid API URL: PREFECT_API_URL must look like http://127.0.0.1:4200/api")]
    InvalidUrl { url: String },
    #[error("cannot reach the Prefect API at {url}: {reason}")]
    Unreachable { url: String, reason: String },
    #[error(
        "cannot reach the proxy {proxy}: {reason}; add the host of {url} to NO_PROXY to connect directly"
    )]
    ProxyUnreachable { proxy: String, url: String, reason: String },
    /// The proxy is reachable but refused to connect to the server.
    #[error("the proxy {proxy} refused to connect to {url}: {reason}")]
    ProxyRefused { proxy: String, url: String, reason: String },
    #[error("cannot establish a secure connection to the Prefect API at {url}: {reason}; {fix}")]
    Untrusted { url: String, reason: String, fix: String },
    #[error("the Prefect API did not respond to {request} within {} s", .after.as_secs_f64())]
    Timeout { request: String, after: Duration },
    #[error("{request}: too many redirects; check PREFECT_API_URL")]
    TooManyRedirects { request: String },
    #[error("the connection was lost during {request}: {reason}")]
    Broken { request: String, reason: String },
    /// The server responded with 401 Unauthorized.
    #[error(
        "the Prefect API at {url} rejected the credentials (401 Unauthorized); \
         check PREFECT_API_KEY or PREFECT_API_AUTH_STRING"
    )]
    Unauthorized { url: String },
    /// The server responded with 403 Forbidden.
    #[error("the Prefect API does not allow {request} (403 Forbidden): {detail}")]
    Forbidden { request: String, detail: String },
    /// The requested object does not exist (404 Not Found).
    #[error("{detail}")]
    NotFound { detail: String },
    /// The API route does not exist (404 Not Found or 405 Method Not Allowed).
    #[error(
        "the server at {url} does not support {request}; check PREFECT_API_URL, which usually ends in /api"
    )]
    NoSuchRoute { url: String, request: String },
    /// The request conflicts with an existing object (409 Conflict).
    #[error("{detail}")]
    Conflict { detail: String },
    /// The server rejected the request as invalid (for example 400 or 422). Each message starts with the path
    /// of the invalid field, if the server reports it.
    #[error("{}", .messages.join("; "))]
    Invalid { status: StatusCode, messages: Vec<String> },
    /// The request still failed with a 429 or 5xx status code after the last retry.
    #[error("the Prefect API failed to process {request} ({status}): {detail}")]
    Server { request: String, status: StatusCode, detail: String },
    /// The response body is not JSON but, for example, an HTML page.
    #[error(
        "the server at {url} did not respond with JSON; check PREFECT_API_URL, which usually ends in /api"
    )]
    NotJson { url: String },
    /// The response is valid JSON but does not have the expected structure.
    #[error("invalid response to {request}: {reason}")]
    Unexpected { request: String, reason: String },
    /// The server runs Prefect 2, whose API is incompatible.
    #[error(
        "the server at {url} runs Prefect {version}, which prefectl does not support; upgrade it to Prefect 3"
    )]
    Prefect2 { url: String, version: String },
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// A connection setting is invalid.
    #[error("{0}")]
    Setup(String),
}

impl ApiError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// Converts a "not found" error to `None`.
pub(super) fn optional<T>(result: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match result {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// Properties of the server that error messages depend on.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The API URL without credentials.
    pub(super) url: String,
    pub(super) is_cloud: bool,
    pub(super) timeout: Duration,
    /// The proxy URL and the environment variable that sets it, if requests go through a proxy.
    pub(super) proxy: Option<String>,
}

/// Creates the error for a response with an error status code.
pub(super) fn from_answer(status: StatusCode, body: &[u8], request: String, peer: &Peer) -> ApiError {
    let url = peer.url.clone();
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let mut messages = json.as_ref().map(messages).unwrap_or_default();
    if messages.is_empty() {
        messages.push(status.canonical_reason().unwrap_or("no explanation").to_owned());
    }
    let detail = || messages.join("; ");
    match status {
        StatusCode::UNAUTHORIZED => ApiError::Unauthorized { url },
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => ApiError::ProxyRefused {
            proxy: peer.proxy.clone().unwrap_or_else(|| "in front of the server".to_owned()),
            url,
            reason: "it requires credentials, such as http://USER:PASSWORD@HOST:PORT".to_owned(),
        },
        StatusCode::FORBIDDEN => ApiError::Forbidden { request, detail: detail() },
        StatusCode::METHOD_NOT_ALLOWED => ApiError::NoSuchRoute { url, request },
        // A self-hosted server sends exactly this message for an unknown route. Prefect Cloud may send a
        // different message.
        StatusCode::NOT_FOUND if json.is_none() || (!peer.is_cloud && messages == ["Not Found"]) => {
            ApiError::NoSuchRoute { url, request }
        }
        StatusCode::NOT_FOUND => ApiError::NotFound { detail: detail() },
        StatusCode::CONFLICT => ApiError::Conflict { detail: detail() },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            ApiError::Server { request, status, detail: detail() }
        }
        _ if status.is_client_error() => ApiError::Invalid { status, messages },
        _ => ApiError::Server { request, status, detail: detail() },
    }
}

/// Returns the innermost cause's message, which is usually the most specific message.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let last = causes(error).last();
    one_line(&last.map_or_else(|| error.to_string(), ToString::to_string))
}

/// Checks whether a connection failed because of TLS. TLS failures are permanent, so a retry cannot succeed.
pub(super) fn is_tls_failure(error: &reqwest::Error) -> bool {
    tls_failure(error).is_some()
}

/// Returns the TLS error that caused the connection to fail, or `None` for other causes.
pub(super) fn tls_failure(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Checks whether the network connection failed before the server or the proxy responded.
pub(super) fn is_io_failure(error: &reqwest::Error) -> bool {
    causes(error).last().is_some_and(<dyn Error>::is::<std::io::Error>)
}

/// Iterates over the causes of an error, from the outermost to the innermost.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(cause(error), |error| cause(*error))
}

/// Returns the direct cause of an error. An `io::Error` needs special treatment, because its `source` skips
/// the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(status: u16, body: &str) -> ApiError {
        error_from(status, body, false)
    }

    fn error_from(status: u16, body: &str, is_cloud: bool) -> ApiError {
        let status = StatusCode::from_u16(status).unwrap();
        let peer = Peer { url: "http://host/api".into(), is_cloud, timeout: Duration::ZERO, proxy: None };
        from_answer(status, body.as_bytes(), "POST /x".into(), &peer)
    }

    #[test]
    fn formats_every_error_body_as_one_line() {
        let cases = [
            (404, r#"{"detail":"Deployment not found"}"#, "Deployment not found"),
            (409, r#"{"detail":"Data integrity\nconflict."}"#, "Data integrity conflict."),
            (
                422,
                r#"{"exception_message":"Invalid request received.","exception_detail":[
                    {"type":"int_parsing","loc":["body","parameters","n"],"msg":"not an integer","input":"x"},
                    {"type":"missing","loc":["body","tags",0],"msg":"Field required"}],"request_body":{}}"#,
                "body.parameters.n: not an integer; body.tags.0: Field required",
            ),
            (422, r#"{"detail":[{"loc":["body"],"msg":"bad"}]}"#, "body: bad"),
            (422, r#"{"detail":"CSRF protection is disabled."}"#, "CSRF protection is disabled."),
            (400, "<html>", "Bad Request"),
            (
                401,
                r#"{"exception_message":"Unauthorized"}"#,
                "the Prefect API at http://host/api rejected the credentials (401 Unauthorized); \
                 check PREFECT_API_KEY or PREFECT_API_AUTH_STRING",
            ),
            (
                403,
                r#"{"detail":"Missing CSRF token."}"#,
                "the Prefect API does not allow POST /x (403 Forbidden): Missing CSRF token.",
            ),
            (
                500,
                r#"{"exception_message":"Internal Server Error"}"#,
                "the Prefect API failed to process POST /x (500 Internal Server Error): Internal Server Error",
            ),
            (
                404,
                r#"{"detail":"Not Found"}"#,
                "the server at http://host/api does not support POST /x; check PREFECT_API_URL, which usually ends in /api",
            ),
            (502, "", "the Prefect API failed to process POST /x (502 Bad Gateway): Bad Gateway"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(error_of(status, body).to_string(), expected, "{status} {body}");
        }
    }

    #[test]
    fn only_missing_objects_are_optional() {
        assert!(optional::<()>(Err(error_of(404, r#"{"detail":"Flow not found"}"#))).unwrap().is_none());
        for (status, body) in [(404, r#"{"detail":"Not Found"}"#), (404, "<html>"), (500, ""), (405, "{}")] {
            assert!(optional::<()>(Err(error_of(status, body))).is_err(), "{status} {body}");
        }
        assert!(error_from(404, r#"{"detail":"Not Found"}"#, true).is_not_found());
    }
}
