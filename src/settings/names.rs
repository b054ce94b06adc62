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
    API_URL = named("PREFECT_API_URL"), "URL of the API, which usually ends in `/api`";
    API_KEY = named("PREFECT_API_KEY"), "API key for Prefect Cloud";
    API_AUTH_STRING = named("PREFECT_API_AUTH_STRING"),
        "`user:password` for a server that requires basic authentication";
    PROFILES_PATH = named("PREFECT_PROFILES_PATH"), "path of the file that contains the profiles";
    API_SSL_CERT_FILE = named("PREFECT_API_SSL_CERT_FILE"),
        "path of a file with the CA certificates to trust";
    API_TLS_INSECURE_SKIP_VERIFY = named("PREFECT_API_TLS_INSECURE_SKIP_VERIFY"),
        "`true` disables the verification of the server's certificate and prints a warning";
    API_ENABLE_HTTP2 = named("PREFECT_API_ENABLE_HTTP2"), "`true` enables HTTP/2";
    API_REQUEST_TIMEOUT = named("PREFECT_API_REQUEST_TIMEOUT"), "request timeout in seconds";
    CLIENT_MAX_RETRIES = named("PREFECT_CLIENT_MAX_RETRIES"), "maximum number of retries for each request";
    CLIENT_RETRY_JITTER_FACTOR = named("PREFECT_CLIENT_RETRY_JITTER_FACTOR"),
        "maximum jitter factor for the delay between retries";
    CLIENT_RETRY_EXTRA_CODES = named("PREFECT_CLIENT_RETRY_EXTRA_CODES"),
        "additional HTTP status codes that cause a retry";
    CLIENT_CUSTOM_HEADERS = named("PREFECT_CLIENT_CUSTOM_HEADERS"),
        "additional request headers as a JSON object";
    CLIENT_CSRF_SUPPORT_ENABLED = named("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"),
        "`false` disables CSRF tokens";
    DEFAULT_WORK_POOL_NAME = named("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME"),
        "work pool for deployments that do not specify a work pool";
    DEFAULT_DOCKER_BUILD_NAMESPACE = named("PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE"),
        "registry and namespace for images that do not specify them";
    CLEAR_SCHEDULES_ON_EMPTY = named("PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY"),
        "`false` keeps the schedules on the server if the file contains `schedules: []`";
    UI_URL = named("PREFECT_UI_URL"), "URL of the Prefect UI, which is used in links";
    CLOUD_API_URL = named("PREFECT_CLOUD_API_URL"), "API URL of Prefect Cloud";
    CLOUD_UI_URL = named("PREFECT_CLOUD_UI_URL"), "UI URL of Prefect Cloud";
    CLI_PROMPT = named("PREFECT_CLI_PROMPT"), "prompt for input (default: only in a terminal)";
    CLI_COLORS = named("PREFECT_CLI_COLORS"), "`false` disables colors";
    SERVER_EPHEMERAL_ENABLED = named("PREFECT_SERVER_EPHEMERAL_ENABLED"),
        "`true` starts a temporary server if no API URL is configured";
    SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS = named("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"),
        "startup timeout of the temporary server in seconds";
    SILENCE_API_URL_MISCONFIGURATION = named("PREFECT_SILENCE_API_URL_MISCONFIGURATION"),
        "`true` disables the warning about an incorrect API URL";
    PROJECT = OWN_PROJECT, "ID of the project; see `prefectl deploy --help`";
}

/// The project ID, a setting that Prefect does not have.
const OWN_PROJECT: SettingName =
    SettingName { canonical: "PREFECTL_PROJECT", alias: None, path: "prefectl.project" };
