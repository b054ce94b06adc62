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
    Client, Request, Response,
    header::{AUTHORIZATION, LOCATION},
    redirect::{Action, Attempt, Policy},
};
use rustls::crypto::ring;
use url::Url;

use super::{ApiError, answer::Failure, certificates};

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
    pub(super) async fn execute(&self, request: Request) -> Result<Response, Failure> {
        let again = request.try_clone();
        let response = self.prepare(request.url())?.execute(request).await?;
        match (upgrade(&response), again) {
            (Some(target), Some(mut request)) => {
                // The same host with TLS may see what was meant for it; another one may not.
                if target.host() != request.url().host() {
                    request.headers_mut().remove(AUTHORIZATION);
                }
                *request.url_mut() = target;
                Ok(self.prepare(request.url())?.execute(request).await?)
            }
            _ => Ok(response),
        }
    }

    fn plain_client(&self) -> Result<Client, ApiError> {
        let builder = self.builder().redirect(Policy::custom(follow_unless_upgrade));
        build(builder.tls_certs_only([]))
    }

    fn secure_client(&self) -> Result<Client, ApiError> {
        let builder = self.builder().redirect(Policy::limited(MAX_REDIRECTS));
        if self.options.skip_verification {
            return build(builder.tls_certs_only([]).tls_danger_accept_invalid_certs(true));
        }
        let Some(path) = &self.options.certificates else { return build(builder) };
        let tls = certificates::trusting(path, Arc::new(ring::default_provider())).map_err(|reason| {
            ApiError::Setup(format!("PREFECT_API_SSL_CERT_FILE: cannot use {}: {reason}", path.display()))
        })?;
        build(builder.tls_backend_preconfigured(tls))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        // Fails only if a provider is installed already, which is as good.
        let _ = ring::default_provider().install_default();
        let timeout = self.options.timeout;
        Client::builder().connect_timeout(timeout).read_timeout(timeout).pool_idle_timeout(IDLE)
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

fn follow_unless_upgrade(attempt: Attempt<'_>) -> Action {
    if attempt.url().scheme() == "https" {
        attempt.stop()
    } else if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else {
        attempt.follow()
    }
}

/// The `https://` URL to which a plain server sends its clients.
fn upgrade(response: &Response) -> Option<Url> {
    if !response.status().is_redirection() || response.url().scheme() == "https" {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(location).ok().filter(|url| url.scheme() == "https")
}
