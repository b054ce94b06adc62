//! Names of the settings that prefectl reads.

use super::catalogue::{SettingName, named};

/// Defines a constant for each setting, and a list of all settings with descriptions.
macro_rules! settings_read {
    ($($constant:ident = $name:expr, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $constant: SettingName = $name;)*

        /// All settings that prefectl reads, with descriptions.
        pub(crate) const READ: &[(SettingName, &str)] = &[$(($constant, $meaning)),*];
    };
}

settings_read! {
    API_URL = named("PREFECT_API_URL"), "the address of the API; it usually ends in `/api`";
    API_KEY = named("PREFECT_API_KEY"), "the key for Prefect Cloud";
    API_AUTH_STRING = named("PREFECT_API_AUTH_STRING"), "`user:password` for a server that wants one";
    PROFILES_PATH = named("PREFECT_PROFILES_PATH"), "the file with the profiles";
    API_SSL_CERT_FILE = named("PREFECT_API_SSL_CERT_FILE"), "certificates of authorities to trust";
    API_TLS_INSECURE_SKIP_VERIFY = named("PREFECT_API_TLS_INSECURE_SKIP_VERIFY"),
        "`true`: do not check the server's certificate; gives a warning";
    API_ENABLE_HTTP2 = named("PREFECT_API_ENABLE_HTTP2"), "`true`: HTTP/2";
    API_REQUEST_TIMEOUT = named("PREFECT_API_REQUEST_TIMEOUT"), "seconds that the server may be silent";
    CLIENT_MAX_RETRIES = named("PREFECT_CLIENT_MAX_RETRIES"), "how often a request is sent again";
    CLIENT_RETRY_JITTER_FACTOR = named("PREFECT_CLIENT_RETRY_JITTER_FACTOR"),
        "by how much the waits before that differ";
    CLIENT_RETRY_EXTRA_CODES = named("PREFECT_CLIENT_RETRY_EXTRA_CODES"),
        "more status codes after which it is sent again";
    CLIENT_CUSTOM_HEADERS = named("PREFECT_CLIENT_CUSTOM_HEADERS"), "more headers, as a JSON object";
    CLIENT_CSRF_SUPPORT_ENABLED = named("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"),
        "`false`: send no CSRF tokens";
    DEFAULT_WORK_POOL_NAME = named("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME"),
        "the pool of deployments that name none";
    DEFAULT_DOCKER_BUILD_NAMESPACE = named("PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE"),
        "the registry and namespace of images that name none";
    CLEAR_SCHEDULES_ON_EMPTY = named("PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY"),
        "`false`: `schedules: []` in the file keeps the schedules of the server";
    UI_URL = named("PREFECT_UI_URL"), "the address of the UI, for links";
    CLOUD_API_URL = named("PREFECT_CLOUD_API_URL"), "the address of the API of Prefect Cloud";
    CLOUD_UI_URL = named("PREFECT_CLOUD_UI_URL"), "the address of the UI of Prefect Cloud";
    CLI_PROMPT = named("PREFECT_CLI_PROMPT"), "whether to ask; at a terminal if it is not set";
    CLI_COLORS = named("PREFECT_CLI_COLORS"), "`false`: no colours";
    SERVER_EPHEMERAL_ENABLED = named("PREFECT_SERVER_EPHEMERAL_ENABLED"),
        "`true`: start a temporary server where no API is configured";
    SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS = named("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"),
        "how long to wait for it";
    SILENCE_API_URL_MISCONFIGURATION = named("PREFECT_SILENCE_API_URL_MISCONFIGURATION"),
        "`true`: no warning about an API address that looks wrong";
    PROJECT = OWN_PROJECT, "the id of the project: see `prefectl deploy --help`";
}

/// Project id of prefectl. Prefect does not have this setting.
const OWN_PROJECT: SettingName =
    SettingName { canonical: "PREFECTL_PROJECT", alias: None, path: "prefectl.project" };
