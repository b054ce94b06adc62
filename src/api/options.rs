//! Client options, derived from the settings.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use super::{Credentials, Proxies, RetryPolicy, TransportOptions};
use crate::{
    environment::Environment,
    secret::Secret,
    settings::{NoApiUrl, Settings},
};

/// Options for creating a [`Client`](super::Client).
#[derive(Debug, Clone)]
pub(crate) struct ClientOptions {
    /// API URL, including the `/api` suffix.
    pub(crate) url: String,
    /// Whether the URL belongs to Prefect Cloud. Prefect Cloud needs no CSRF tokens and has more resource types.
    pub(crate) is_cloud: bool,
    pub(crate) credentials: Credentials,
    pub(crate) custom_headers: BTreeMap<String, Secret>,
    /// Whether to fetch a CSRF token when the server requires one.
    pub(crate) csrf: bool,
    pub(crate) retry: RetryPolicy,
    /// Maximum number of requests per minute, or `None` for no limit.
    pub(crate) max_requests_per_minute: Option<NonZeroUsize>,
    pub(crate) transport: TransportOptions,
}

impl ClientOptions {
    /// Returns the options for connecting to an API that needs no authentication.
    pub(crate) fn without_credentials(url: &str, environment: &Environment) -> Self {
        Self {
            url: url.to_owned(),
            is_cloud: false,
            credentials: Credentials::None,
            custom_headers: BTreeMap::new(),
            csrf: true,
            retry: RetryPolicy::default(),
            max_requests_per_minute: None,
            transport: TransportOptions {
                timeout: Duration::from_mins(1),
                certificates: None,
                skip_verification: false,
                http2: false,
                proxies: Proxies::new(environment),
            },
        }
    }

    /// Returns the options for Prefect Cloud's account API, which lists an API key's workspaces.
    pub(crate) fn for_cloud(settings: &Settings, environment: &Environment) -> Self {
        Self { is_cloud: true, ..Self::with_url(settings, &settings.cloud_api_url.value, environment) }
    }

    /// Returns the options for the API that the settings select.
    ///
    /// # Errors
    ///
    /// Fails if the settings contain no API URL.
    pub(crate) fn from_settings(settings: &Settings, environment: &Environment) -> Result<Self, NoApiUrl> {
        Ok(Self::with_url(settings, settings.require_api_url()?, environment))
    }

    fn with_url(settings: &Settings, url: &str, environment: &Environment) -> Self {
        let credentials = match (&settings.api_auth_string.value, &settings.api_key.value) {
            (Some(auth_string), _) => Credentials::Basic(auth_string.clone()),
            (None, Some(key)) => Credentials::Bearer(key.clone()),
            (None, None) => Credentials::None,
        };
        Self {
            url: url.to_owned(),
            is_cloud: settings.is_cloud(),
            credentials,
            custom_headers: settings.client_custom_headers.value.clone(),
            csrf: settings.client_csrf_support_enabled.value,
            retry: RetryPolicy {
                max_retries: settings.client_max_retries.value,
                jitter: settings.client_retry_jitter_factor.value,
                extra_codes: settings.client_retry_extra_codes.value.clone(),
                ..RetryPolicy::default()
            },
            max_requests_per_minute: None,
            transport: TransportOptions {
                timeout: timeout(settings.api_request_timeout.value),
                certificates: settings.api_ssl_cert_file.value.clone(),
                skip_verification: settings.api_tls_insecure_skip_verify.value,
                http2: settings.api_enable_http2.value,
                proxies: Proxies::new(environment),
            },
        }
    }
}

/// Converts a timeout in seconds to a duration. Clamps values outside the supported range.
fn timeout(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.001, 1e9)).unwrap_or(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> Result<ClientOptions, NoApiUrl> {
        let directory = tempfile::tempdir().unwrap();
        let home = [("HOME", directory.path().to_str().unwrap())];
        let environment: Environment = variables.iter().chain(&home).copied().collect();
        let settings = Settings::resolve(&environment, None, directory.path()).unwrap();
        ClientOptions::from_settings(&settings, &environment)
    }

    #[test]
    fn auth_string_takes_precedence_over_key() {
        let url = ("PREFECT_API_URL", "http://h/api");
        let key = ("PREFECT_API_KEY", "key");
        let auth_string = ("PREFECT_API_AUTH_STRING", "user:pass");
        assert_eq!(options(&[]).unwrap_err(), NoApiUrl);
        assert!(matches!(options(&[url]).unwrap().credentials, Credentials::None));
        assert!(matches!(options(&[url, key]).unwrap().credentials, Credentials::Bearer(_)));
        assert!(matches!(options(&[url, key, auth_string]).unwrap().credentials, Credentials::Basic(_)));
    }

    #[test]
    fn limits_timeouts() {
        for (text, expected) in [("0", 0.001), ("2.5", 2.5), ("1e300", 1e9)] {
            let options =
                options(&[("PREFECT_API_URL", "http://h/api"), ("PREFECT_API_REQUEST_TIMEOUT", text)])
                    .unwrap();
            assert_eq!(options.transport.timeout, Duration::from_secs_f64(expected));
        }
    }
}
