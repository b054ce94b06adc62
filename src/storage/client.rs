//! The HTTP client for object stores: timeouts, certificates, retries.

use std::{path::PathBuf, time::Duration};

use object_store::{Certificate, ClientOptions, RetryConfig};

use super::{Access, StorageError};

/// Options of the connection that credentials can set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Connection {
    /// Whether unencrypted HTTP is allowed.
    pub(super) allow_http: bool,
    /// Whether any certificate is accepted.
    pub(super) skip_verification: bool,
    /// PEM file with the only trusted certificates.
    pub(super) certificates: Option<PathBuf>,
}

impl Connection {
    /// Returns the options for an endpoint. Unencrypted HTTP is allowed only if the URL has the scheme `http`.
    pub(super) fn to(endpoint: Option<&str>) -> Self {
        Self { allow_http: endpoint.is_some_and(|url| url.starts_with("http://")), ..Self::default() }
    }

    pub(super) fn options(&self, access: Access<'_>) -> Result<ClientOptions, StorageError> {
        // Fails only if a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut options = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_allow_invalid_certificates(self.skip_verification)
            .with_connect_timeout(Duration::from_secs(10))
            // A large part can take long on a slow connection. The read timeout detects a stalled one.
            .with_timeout_disabled()
            .with_read_timeout(Duration::from_mins(1));
        let Some(path) = &self.certificates else { return Ok(options) };
        let path = access.directory.join(path);
        for certificate in Certificate::from_pem_bundle(&crate::fs::read_bytes(&path)?).map_err(|error| {
            StorageError::store(format!("use the certificates in {}", path.display()), error)
        })? {
            options = options.with_root_certificate(certificate);
        }
        Ok(options.with_no_system_certificates(true))
    }
}

/// Returns retries that survive a short outage and report an unreachable store soon.
pub(super) fn retries() -> RetryConfig {
    RetryConfig { max_retries: 4, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() }
}
