//! How requests to a store are made: timeouts, certificates, retries.

use std::{path::PathBuf, time::Duration};

use object_store::{Certificate, ClientOptions, RetryConfig};

use super::{StorageError, Surroundings};

/// What credentials may say about the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Connection {
    /// Whether to speak HTTP without TLS.
    pub(super) allow_http: bool,
    /// Whether to believe any certificate.
    pub(super) skip_verification: bool,
    /// A PEM file of the only certificates to trust.
    pub(super) certificates: Option<PathBuf>,
}

impl Connection {
    /// The connection to an endpoint; plain HTTP only where its URL says so.
    pub(super) fn to(endpoint: Option<&str>) -> Self {
        Self { allow_http: endpoint.is_some_and(|url| url.starts_with("http://")), ..Self::default() }
    }

    pub(super) fn options(&self, surroundings: Surroundings<'_>) -> Result<ClientOptions, StorageError> {
        // Fails only if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut options = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_allow_invalid_certificates(self.skip_verification)
            .with_connect_timeout(Duration::from_secs(10))
            // A large part may take its time on a slow line, as long as it moves.
            .with_timeout_disabled()
            .with_read_timeout(Duration::from_mins(1));
        let Some(path) = &self.certificates else { return Ok(options) };
        let path = surroundings.directory.join(path);
        for certificate in Certificate::from_pem_bundle(&crate::fs::read_bytes(&path)?).map_err(|error| {
            StorageError::store(format!("use the certificates in {}", path.display()), error)
        })? {
            options = options.with_root_certificate(certificate);
        }
        Ok(options.with_no_system_certificates(true))
    }
}

/// Some patience: a store that is away for a moment is asked again, one that is not there is told of soon.
pub(super) fn retries() -> RetryConfig {
    RetryConfig { max_retries: 4, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() }
}
