//! HTTP connections: timeouts, TLS and redirects.
//!
//! Root certificates are loaded only when an `https://` URL is requested. Loading them takes longer than all
//! requests of a small command, and container images built from scratch have no certificates. A redirect from
//! `http://` to `https://` therefore uses a second client.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Client, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
    redirect::Policy,
};
use rustls::crypto::ring;
use url::Url;

use super::{ApiError, answer::Failure, certificates, proxy::Proxies};

const MAX_REDIRECTS: usize = 20;
/// Time until an idle connection is closed. Servers and load balancers close idle connections later, after 30 to 75
/// seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(25);

/// Connection options.
#[derive(Debug, Clone)]
pub(crate) struct TransportOptions {
    /// Timeout for establishing a connection, and for each pause in a response.
    pub(crate) timeout: Duration,
    /// PEM file that contains the only trusted certificates, or `None` to trust the system's certificates.
    pub(crate) certificates: Option<PathBuf>,
    /// Whether to accept invalid server certificates.
    pub(crate) skip_verification: bool,
    /// Whether to use HTTP/2 if the server supports it.
    pub(crate) http2: bool,
    pub(crate) proxies: Proxies,
}

/// HTTP clients, created on first use.
#[derive(Debug)]
pub(super) struct Transport {
    options: TransportOptions,
    plain: OnceLock<Client>,
    secure: OnceLock<Client>,
}

impl Transport {
    pub(super) fn new(options: TransportOptions) -> Self {
        Self { options, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// Returns the HTTP client for a URL. Creates the client on first use.
    ///
    /// # Errors
    ///
    /// Fails if the connection options are invalid.
    pub(super) fn prepare(&self, url: &Url) -> Result<&Client, ApiError> {
        let is_secure = url.scheme() == "https";
        let cell = if is_secure { &self.secure } else { &self.plain };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = if is_secure { self.secure_client() } else { self.plain_client() }?;
        Ok(cell.get_or_init(|| client))
    }

    /// Sends a request and follows redirects.
    ///
    /// A redirected request keeps its method and body, except that 303 changes the method to GET. Removes headers
    /// with secrets if the redirect leads to a different origin.
    pub(super) async fn execute(&self, request: Request) -> Result<Response, Failure> {
        let summary = format!("{} {}", request.method(), request.url().path());
        let mut request = request;
        for _ in 0..=MAX_REDIRECTS {
            let again = request.try_clone();
            let response = self.prepare(request.url())?.execute(request).await?;
            match (target(&response), again) {
                (Some(target), Some(next)) => request = redirected(next, target, response.status()),
                _ => return Ok(response),
            }
        }
        Err(ApiError::TooManyRedirects { request: summary }.into())
    }

    fn plain_client(&self) -> Result<Client, ApiError> {
        build(self.builder().tls_certs_only([]))
    }

    fn secure_client(&self) -> Result<Client, ApiError> {
        let builder = self.builder();
        if self.options.skip_verification {
            return build(builder.tls_certs_only([]).tls_danger_accept_invalid_certs(true));
        }
        let Some(path) = &self.options.certificates else { return build(builder) };
        let mut tls = certificates::trusting(path, Arc::new(ring::default_provider())).map_err(|reason| {
            ApiError::Setup(format!("PREFECT_API_SSL_CERT_FILE: cannot use {}: {reason}", path.display()))
        })?;
        if self.options.http2 {
            tls.alpn_protocols.insert(0, b"h2".to_vec());
        }
        build(builder.tls_backend_preconfigured(tls))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        // Installing the provider fails only if one is already installed.
        let _ = ring::default_provider().install_default();
        let timeout = self.options.timeout;
        let builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(timeout)
            .read_timeout(timeout)
            .pool_idle_timeout(IDLE_TIMEOUT);
        let builder = self.options.proxies.apply(builder);
        if self.options.http2 { builder } else { builder.http1_only() }
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<Client, ApiError> {
    builder.build().map_err(|error| {
        let reason = super::error::root_cause(&error);
        ApiError::Setup(format!(
            "cannot set up TLS: {reason}; set PREFECT_API_SSL_CERT_FILE to a file with the trusted certificates"
        ))
    })
}

/// Returns the target of a redirect, or `None` if the response is not a valid redirect.
fn target(response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Returns a copy of the request for a redirect's target.
fn redirected(mut request: Request, target: Url, status: StatusCode) -> Request {
    if status == StatusCode::SEE_OTHER && *request.method() != Method::HEAD {
        *request.method_mut() = Method::GET;
        *request.body_mut() = None;
        request.headers_mut().remove(CONTENT_TYPE);
    }
    if !may_see_secrets(request.url(), &target) {
        let secret_headers: Vec<_> = request
            .headers()
            .iter()
            .filter(|(_, value)| HeaderValue::is_sensitive(value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret_headers {
            request.headers_mut().remove(name);
        }
    }
    *request.url_mut() = target;
    request
}

/// Checks whether credentials for the URL `from` may be sent to `to`. The two URLs must have the same origin, except
/// that a redirect from HTTP to HTTPS on the same host is allowed.
fn may_see_secrets(from: &Url, to: &Url) -> bool {
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https" && from.host() == to.host();
    is_upgrade || from.origin() == to.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_credentials_for_the_same_origin_or_an_upgrade_to_tls() {
        let cases = [
            ("http://h:4200/api", "http://h:4200/other", true),
            ("http://h:4200/api", "https://h/api", true),
            ("http://h:4200/api", "http://h:4201/api", false),
            ("https://h/api", "http://h/api", false),
            ("https://h/api", "https://evil/api", false),
            ("http://h/api", "https://h.evil/api", false),
        ];
        for (from, to, expected) in cases {
            let [from, to] = [from, to].map(|url| Url::parse(url).unwrap());
            assert_eq!(may_see_secrets(&from, &to), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn changes_the_method_only_for_303() {
        for (status, expected) in [(301, "POST"), (302, "POST"), (303, "GET"), (307, "POST"), (308, "POST")] {
            let mut request = Request::new(Method::POST, Url::parse("http://h/a").unwrap());
            *request.body_mut() = Some("{}".into());
            let target = Url::parse("http://h/b").unwrap();
            let next = redirected(request, target, StatusCode::from_u16(status).unwrap());
            assert_eq!(next.method().as_str(), expected, "{status}");
            assert_eq!(next.body().is_some(), expected == "POST", "{status}");
            assert_eq!(next.url().path(), "/b");
        }
    }
}
