//! Configures the HTTP client for object stores: timeouts, certificates and retries.

use std::{path::PathBuf, time::Duration};

use object_store::{Certificate, ClientOptions, RetryConfig};

use super::{Access, StorageError};

/// Connection options that the credentials of a store can set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Connection {
    /// Whether to allow unencrypted HTTP.
    pub(super) allow_http: bool,
    /// Whether to accept invalid certificates.
    pub(super) skip_verification: bool,
    /// PEM file with the only certificates to trust.
    pub(super) certificates: Option<PathBuf>,
}

impl Connection {
    /// Returns the options for an endpoint. Unencrypted HTTP is allowed only if the URL starts with
    /// `http://`.
    pub(super) fn to(endpoint: Option<&str>) -> Self {
        Self { allow_http: endpoint.is_some_and(|url| url.starts_with("http://")), ..Self::default() }
    }

    pub(super) fn options(&self, access: Access<'_>) -> Result<ClientOptions, StorageError> {
        // Installing the provider fails only if one is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut options = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_allow_invalid_certificates(self.skip_verification)
            .with_connect_timeout(Duration::from_secs(10))
            // Uploading a large part can take a long time on a slow connection. The read timeout detects a stalled
            // connection.
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

/// Returns a retry policy that survives a short outage but reports an unreachable store without a long wait.
pub(super) fn retries() -> RetryConfig {
    RetryConfig { max_retries: 4, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() }
}
