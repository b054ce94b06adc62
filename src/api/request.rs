//! HTTP requests to the Prefect API.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::ApiError;

/// Characters that are percent-encoded in path segments: all except the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn encode_segment(segment: &str) -> impl std::fmt::Display {
    utf8_percent_encode(segment, ENCODED)
}

/// The effect of a request on the server's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// An API request. Its path is relative to the API URL.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Bytes>,
    /// Whether the request may be retried even if an earlier attempt may have succeeded.
    pub(super) repeatable: bool,
}

impl Request {
    /// Creates a request from path segments. If the last segment is empty, the path ends with a slash.
    fn new<S: AsRef<str>>(method: Method, path: &[S]) -> Self {
        let segments = path.iter().map(|segment| segment.as_ref().to_owned()).collect();
        Self { method, segments, query: Vec::new(), body: None, repeatable: true }
    }

    pub(super) fn get<S: AsRef<str>>(path: &[S]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post<S: AsRef<str>>(path: &[S], body: impl Into<Value>) -> Self {
        Self::new(Method::POST, path).with_body(body)
    }

    pub(super) fn put<S: AsRef<str>>(path: &[S], body: impl Into<Value>) -> Self {
        Self::new(Method::PUT, path).with_body(body)
    }

    pub(super) fn patch<S: AsRef<str>>(path: &[S], body: impl Into<Value>) -> Self {
        Self::new(Method::PATCH, path).with_body(body)
    }

    pub(super) fn delete<S: AsRef<str>>(path: &[S]) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn with_body(self, body: impl Into<Value>) -> Self {
        Self { body: Some(body.into().to_string().into()), ..self }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Marks the request as not repeatable, because it creates a new object each time it is sent.
    pub(super) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }

    /// Checks whether the request needs a CSRF token. The HTTP method determines the result, so filter requests also
    /// need a token.
    pub(super) fn changes(&self) -> bool {
        self.method != Method::GET
    }

    pub(super) fn access(&self) -> Access {
        let is_filter = self.segments.last().is_some_and(|last| last == "filter");
        if self.changes() && !is_filter { Access::Write } else { Access::Read }
    }

    /// Checks whether the request queries the server's version.
    pub(super) fn is_for_version(&self) -> bool {
        self.segments == ["admin", "version"]
    }

    pub(super) fn body(&self) -> Option<Bytes> {
        self.body.clone()
    }

    /// Returns the method and the path for use in messages, such as `POST /deployments/filter`.
    pub(super) fn summary(&self) -> String {
        format!("{} /{}", self.method, self.segments.join("/"))
    }

    /// Returns the full URL of the request.
    ///
    /// # Errors
    ///
    /// Fails if a path segment is `..` or contains a slash. Objects on the server cannot have such names.
    pub(super) fn url(&self, base: &Url) -> Result<Url, ApiError> {
        let mut text = base.as_str().trim_end_matches('/').to_owned();
        for segment in &self.segments {
            if segment == "." || segment == ".." || segment.contains('/') {
                return Err(ApiError::NotFound {
                    detail: format!(
                        "invalid name '{segment}': a name must not contain a slash, and must not be '.' or '..'"
                    ),
                });
            }
            text.push('/');
            text.push_str(&encode_segment(segment).to_string());
        }
        let mut url = Url::parse(&text).map_err(|_| ApiError::InvalidUrl { url: text })?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(request: &Request) -> Result<String, ApiError> {
        let base = Url::parse("http://host:4200/base/api/").unwrap();
        request.url(&base).map(String::from)
    }

    #[test]
    fn encodes_segments_and_appends_them_to_the_base() {
        let cases: &[(&[&str], &str)] = &[
            (&["deployments", ""], "http://host:4200/base/api/deployments/"),
            (&["flows", "name", "a b?#é"], "http://host:4200/base/api/flows/name/a%20b%3F%23%C3%A9"),
            (&["work_pools", "50%"], "http://host:4200/base/api/work_pools/50%25"),
            (
                &["automations", "prefect.deployment.1-2_3~"],
                "http://host:4200/base/api/automations/prefect.deployment.1-2_3~",
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(url(&Request::get(path)).unwrap(), *expected);
        }
        let query = Request::get(&["x"]).query("include_secrets", "true");
        assert_eq!(url(&query).unwrap(), "http://host:4200/base/api/x?include_secrets=true");
    }

    #[test]
    fn rejects_names_that_change_the_path() {
        for name in ["..", ".", "a/b"] {
            assert!(matches!(url(&Request::get(&["flows", name])), Err(ApiError::NotFound { .. })), "{name}");
        }
    }
}
