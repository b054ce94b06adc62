//! Connections: timeouts, TLS, redirects.
//!
//! A client for `http://` loads no root certificates: that takes longer than the requests of a small command,
//! and images made from scratch have none. If such a server redirects to `https://`, the request goes again
//! through a client that has them.

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
/// Shorter than the 30 to 75 seconds after which servers and load balancers drop an idle connection.
const IDLE: Duration = Duration::from_secs(25);

/// How to connect.
#[derive(Debug, Clone)]
pub(crate) struct TransportOptions {
    /// For connecting, and for every pause in an answer.
    pub(crate) timeout: Duration,
    /// The only certificates to trust, in PEM; without them the machine's own.
    pub(crate) certificates: Option<PathBuf>,
    /// Whether to believe any certificate.
    pub(crate) skip_verification: bool,
    /// Whether to speak HTTP/2 with servers that offer it.
    pub(crate) http2: bool,
    pub(crate) proxies: Proxies,
}

/// The connections of one client, made when first needed.
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

    /// Prepares the connection for a URL, so that mistakes in the options show before the first request.
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
    /// Method and body are kept, but for 303, which asks for a GET: a POST that an old redirect (301, 302) turned
    /// into a GET would be another request. What is secret stays with the origin it was meant for.
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
        // Fails only if a provider is installed already, which is as good.
        let _ = ring::default_provider().install_default();
        let timeout = self.options.timeout;
        let builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(timeout)
            .read_timeout(timeout)
            .pool_idle_timeout(IDLE);
        let builder = self.options.proxies.apply(builder);
        if self.options.http2 { builder } else { builder.http1_only() }
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<Client, ApiError> {
    builder.build().map_err(|error| {
        let reason = super::error::root_cause(&error);
        ApiError::Setup(format!(
            "cannot prepare TLS connections: {reason}; PREFECT_API_SSL_CERT_FILE can name a file of certificates"
        ))
    })
}

/// Where a redirect leads, if the response is one that can be followed.
fn target(response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The request to send where a redirect leads.
fn redirected(mut request: Request, target: Url, status: StatusCode) -> Request {
    if status == StatusCode::SEE_OTHER && *request.method() != Method::HEAD {
        *request.method_mut() = Method::GET;
        *request.body_mut() = None;
        request.headers_mut().remove(CONTENT_TYPE);
    }
    if !may_see_secrets(request.url(), &target) {
        let secret: Vec<_> = request
            .headers()
            .iter()
            .filter(|(_, value)| HeaderValue::is_sensitive(value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret {
            request.headers_mut().remove(name);
        }
    }
    *request.url_mut() = target;
    request
}

/// Whether what was meant for `from` may be sent to `to`: the same origin, or the same host with TLS.
fn may_see_secrets(from: &Url, to: &Url) -> bool {
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https" && from.host() == to.host();
    is_upgrade || from.origin() == to.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_with_their_origin_or_its_secure_side() {
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
    fn only_303_changes_the_method() {
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
