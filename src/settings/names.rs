//! The settings this program reads.

use super::catalogue::named;

/// The names of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettingName {
    /// The name in the environment, in `.env` and in profiles.
    pub(crate) canonical: &'static str,
    /// An older name; the canonical one beats it within the same source.
    pub(crate) alias: Option<&'static str>,
    /// The keys that lead to it in `prefect.toml`, and under `tool.prefect` in `pyproject.toml`, dots between them.
    pub(crate) path: &'static str,
}

impl SettingName {
    /// All names, the canonical one first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.canonical).chain(self.alias)
    }
}

pub(crate) const PROFILES_PATH: SettingName = named("PREFECT_PROFILES_PATH");
pub(crate) const API_URL: SettingName = named("PREFECT_API_URL");
pub(crate) const API_KEY: SettingName = named("PREFECT_API_KEY");
pub(crate) const API_AUTH_STRING: SettingName = named("PREFECT_API_AUTH_STRING");
pub(crate) const API_SSL_CERT_FILE: SettingName = named("PREFECT_API_SSL_CERT_FILE");
pub(crate) const API_TLS_INSECURE_SKIP_VERIFY: SettingName = named("PREFECT_API_TLS_INSECURE_SKIP_VERIFY");
pub(crate) const API_ENABLE_HTTP2: SettingName = named("PREFECT_API_ENABLE_HTTP2");
pub(crate) const API_REQUEST_TIMEOUT: SettingName = named("PREFECT_API_REQUEST_TIMEOUT");
pub(crate) const CLIENT_MAX_RETRIES: SettingName = named("PREFECT_CLIENT_MAX_RETRIES");
pub(crate) const CLIENT_RETRY_JITTER_FACTOR: SettingName = named("PREFECT_CLIENT_RETRY_JITTER_FACTOR");
pub(crate) const CLIENT_RETRY_EXTRA_CODES: SettingName = named("PREFECT_CLIENT_RETRY_EXTRA_CODES");
pub(crate) const CLIENT_CUSTOM_HEADERS: SettingName = named("PREFECT_CLIENT_CUSTOM_HEADERS");
pub(crate) const CLIENT_CSRF_SUPPORT_ENABLED: SettingName = named("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED");
pub(crate) const DEFAULT_WORK_POOL_NAME: SettingName = named("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME");
pub(crate) const DEFAULT_DOCKER_BUILD_NAMESPACE: SettingName =
    named("PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE");
pub(crate) const UI_URL: SettingName = named("PREFECT_UI_URL");
pub(crate) const CLOUD_API_URL: SettingName = named("PREFECT_CLOUD_API_URL");
pub(crate) const CLOUD_UI_URL: SettingName = named("PREFECT_CLOUD_UI_URL");
pub(crate) const CLI_PROMPT: SettingName = named("PREFECT_CLI_PROMPT");
pub(crate) const CLI_COLORS: SettingName = named("PREFECT_CLI_COLORS");
pub(crate) const SERVER_EPHEMERAL_ENABLED: SettingName = named("PREFECT_SERVER_EPHEMERAL_ENABLED");
pub(crate) const SILENCE_API_URL_MISCONFIGURATION: SettingName =
    named("PREFECT_SILENCE_API_URL_MISCONFIGURATION");
pub(crate) const SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: SettingName =
    named("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS");
/// The program's own: Prefect does not know it.
pub(crate) const PROJECT: SettingName =
    SettingName { canonical: "PREFECTL_PROJECT", alias: None, path: "prefectl.project" };
