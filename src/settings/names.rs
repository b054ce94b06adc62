//! The settings this program reads: their names in the environment and in profiles, and their place in TOML.

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettingName {
    /// The name in the environment, in `.env` and in profiles.
    pub(crate) canonical: &'static str,
    /// An older name; the canonical one beats it within the same source.
    pub(crate) alias: Option<&'static str>,
    /// The keys that lead to it in `prefect.toml`, and under `tool.prefect` in `pyproject.toml`.
    pub(crate) path: &'static [&'static str],
}

impl SettingName {
    /// All names, the canonical one first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.canonical).chain(self.alias)
    }
}

const fn setting(canonical: &'static str, path: &'static [&'static str]) -> SettingName {
    SettingName { canonical, alias: None, path }
}

const fn aliased(canonical: &'static str, alias: &'static str, path: &'static [&'static str]) -> SettingName {
    SettingName { canonical, alias: Some(alias), path }
}

pub(crate) const PROFILES_PATH: SettingName = setting("PREFECT_PROFILES_PATH", &["profiles_path"]);
pub(crate) const API_URL: SettingName = setting("PREFECT_API_URL", &["api", "url"]);
pub(crate) const API_KEY: SettingName = setting("PREFECT_API_KEY", &["api", "key"]);
pub(crate) const API_AUTH_STRING: SettingName = setting("PREFECT_API_AUTH_STRING", &["api", "auth_string"]);
pub(crate) const API_SSL_CERT_FILE: SettingName =
    setting("PREFECT_API_SSL_CERT_FILE", &["api", "ssl_cert_file"]);
pub(crate) const API_TLS_INSECURE_SKIP_VERIFY: SettingName =
    setting("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", &["api", "tls_insecure_skip_verify"]);
pub(crate) const API_REQUEST_TIMEOUT: SettingName =
    setting("PREFECT_API_REQUEST_TIMEOUT", &["api", "request_timeout"]);
pub(crate) const CLIENT_MAX_RETRIES: SettingName =
    setting("PREFECT_CLIENT_MAX_RETRIES", &["client", "max_retries"]);
pub(crate) const CLIENT_RETRY_JITTER_FACTOR: SettingName =
    setting("PREFECT_CLIENT_RETRY_JITTER_FACTOR", &["client", "retry_jitter_factor"]);
pub(crate) const CLIENT_RETRY_EXTRA_CODES: SettingName =
    setting("PREFECT_CLIENT_RETRY_EXTRA_CODES", &["client", "retry_extra_codes"]);
pub(crate) const CLIENT_CUSTOM_HEADERS: SettingName =
    setting("PREFECT_CLIENT_CUSTOM_HEADERS", &["client", "custom_headers"]);
pub(crate) const CLIENT_CSRF_SUPPORT_ENABLED: SettingName =
    setting("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED", &["client", "csrf_support_enabled"]);
pub(crate) const DEFAULT_WORK_POOL_NAME: SettingName = aliased(
    "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME",
    "PREFECT_DEFAULT_WORK_POOL_NAME",
    &["deployments", "default_work_pool_name"],
);
pub(crate) const DEFAULT_DOCKER_BUILD_NAMESPACE: SettingName = aliased(
    "PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE",
    "PREFECT_DEFAULT_DOCKER_BUILD_NAMESPACE",
    &["deployments", "default_docker_build_namespace"],
);
pub(crate) const UI_URL: SettingName = setting("PREFECT_UI_URL", &["ui_url"]);
pub(crate) const CLOUD_API_URL: SettingName = setting("PREFECT_CLOUD_API_URL", &["cloud", "api_url"]);
pub(crate) const CLOUD_UI_URL: SettingName = setting("PREFECT_CLOUD_UI_URL", &["cloud", "ui_url"]);
pub(crate) const CLI_COLORS: SettingName = setting("PREFECT_CLI_COLORS", &["cli", "colors"]);
pub(crate) const SERVER_EPHEMERAL_ENABLED: SettingName = aliased(
    "PREFECT_SERVER_EPHEMERAL_ENABLED",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",
    &["server", "ephemeral", "enabled"],
);
pub(crate) const SILENCE_API_URL_MISCONFIGURATION: SettingName =
    setting("PREFECT_SILENCE_API_URL_MISCONFIGURATION", &["silence_api_url_misconfiguration"]);
