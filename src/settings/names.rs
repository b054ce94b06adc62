//! Names of the settings that prefectl uses.

use super::catalogue::{SettingName, named};

/// Defines a constant for each setting, and a list of all settings with their descriptions.
macro_rules! settings_read {
    ($($constant:ident = $name:expr, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $constant: SettingName = $name;)*

        /// All settings that prefectl uses, with their descriptions.
        pub(crate) const READ: &[(SettingName, &str)] = &[$(($constant, $meaning)),*];
    };
}

settings_read! {
    API_URL = named("PREFECT_API_URL"), "URL of the API; usually ends in `/api`";
    API_KEY = named("PREFECT_API_KEY"), "API key for Prefect Cloud";
    API_AUTH_STRING = named("PREFECT_API_AUTH_STRING"), "`user:password` for a server with basic authentication";
    PROFILES_PATH = named("PREFECT_PROFILES_PATH"), "path of the profiles file";
    API_SSL_CERT_FILE = named("PREFECT_API_SSL_CERT_FILE"), "path of a file with trusted CA certificates";
    API_TLS_INSECURE_SKIP_VERIFY = named("PREFECT_API_TLS_INSECURE_SKIP_VERIFY"),
        "`true` disables the verification of the server's certificate, with a warning";
    API_ENABLE_HTTP2 = named("PREFECT_API_ENABLE_HTTP2"), "`true` enables HTTP/2";
    API_REQUEST_TIMEOUT = named("PREFECT_API_REQUEST_TIMEOUT"), "request timeout in seconds";
    CLIENT_MAX_RETRIES = named("PREFECT_CLIENT_MAX_RETRIES"), "maximum number of retries per request";
    CLIENT_RETRY_JITTER_FACTOR = named("PREFECT_CLIENT_RETRY_JITTER_FACTOR"),
        "jitter factor of the delay between retries";
    CLIENT_RETRY_EXTRA_CODES = named("PREFECT_CLIENT_RETRY_EXTRA_CODES"),
        "additional status codes that cause a retry";
    CLIENT_CUSTOM_HEADERS = named("PREFECT_CLIENT_CUSTOM_HEADERS"), "additional request headers as a JSON object";
    CLIENT_CSRF_SUPPORT_ENABLED = named("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"),
        "`false` disables CSRF tokens";
    DEFAULT_WORK_POOL_NAME = named("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME"),
        "work pool of deployments that do not specify one";
    DEFAULT_DOCKER_BUILD_NAMESPACE = named("PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE"),
        "registry and namespace of images that do not specify one";
    CLEAR_SCHEDULES_ON_EMPTY = named("PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY"),
        "`false`: `schedules: []` in the file keeps the schedules on the server";
    UI_URL = named("PREFECT_UI_URL"), "URL of the UI, used in links";
    CLOUD_API_URL = named("PREFECT_CLOUD_API_URL"), "API URL of Prefect Cloud";
    CLOUD_UI_URL = named("PREFECT_CLOUD_UI_URL"), "UI URL of Prefect Cloud";
    CLI_PROMPT = named("PREFECT_CLI_PROMPT"), "whether to prompt; defaults to only in a terminal";
    CLI_COLORS = named("PREFECT_CLI_COLORS"), "`false` disables colors";
    SERVER_EPHEMERAL_ENABLED = named("PREFECT_SERVER_EPHEMERAL_ENABLED"),
        "`true` starts a temporary server if no API URL is configured";
    SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS = named("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"),
        "startup timeout of the temporary server in seconds";
    SILENCE_API_URL_MISCONFIGURATION = named("PREFECT_SILENCE_API_URL_MISCONFIGURATION"),
        "`true` disables the warning about a wrong API URL";
    PROJECT = OWN_PROJECT, "project id; see `prefectl deploy --help`";
}

/// The project id, which only prefectl uses. Prefect does not have this setting.
const OWN_PROJECT: SettingName =
    SettingName { canonical: "PREFECTL_PROJECT", alias: None, path: "prefectl.project" };
