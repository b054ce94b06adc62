//! Resolves prefectl's settings from all sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    active::ActiveSources,
    catalogue::SettingName,
    error::{NoApiUrl, SettingsError},
    names::{self, DEFAULT_WORK_POOL_NAME},
    profiles_file::ProfilesFile,
    project_url::{self, Connection},
    sources::Sources,
    ui_url, unknown,
    value::{Origin, Setting},
};
use crate::{
    diagnostics::{Code, Diagnostic},
    environment::Environment,
    secret::{self, Secret},
};

const CLOUD_API_URL: &str = "https://api.prefect.cloud/api";

/// Values of the settings that prefectl uses.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Name of the active profile.
    pub(crate) profile: String,
    /// Whether the profile was selected by the command line, the environment or the profiles file.
    pub(crate) profile_is_chosen: bool,
    pub(crate) profiles_path: Setting<PathBuf>,
    pub(crate) api_url: Setting<Option<String>>,
    pub(crate) api_key: Setting<Option<Secret>>,
    /// Credentials as `user:password`, which take precedence over the API key.
    pub(crate) api_auth_string: Setting<Option<Secret>>,
    pub(crate) api_ssl_cert_file: Setting<Option<PathBuf>>,
    pub(crate) api_tls_insecure_skip_verify: Setting<bool>,
    pub(crate) api_enable_http2: Setting<bool>,
    /// Timeout in seconds.
    pub(crate) api_request_timeout: Setting<f64>,
    pub(crate) client_max_retries: Setting<u32>,
    pub(crate) client_retry_jitter_factor: Setting<f64>,
    pub(crate) client_retry_extra_codes: Setting<BTreeSet<u16>>,
    pub(crate) client_custom_headers: Setting<BTreeMap<String, Secret>>,
    pub(crate) client_csrf_support_enabled: Setting<bool>,
    pub(crate) default_work_pool_name: Setting<Option<String>>,
    pub(crate) default_docker_build_namespace: Setting<Option<String>>,
    /// Whether `schedules: []` in the file removes the schedules on the server. `None` is equivalent to
    /// `true`.
    pub(crate) clear_schedules_on_empty: Setting<Option<bool>>,
    /// ID of the project that owns the deployments.
    pub(crate) project: Setting<Option<String>>,
    /// URL of the Prefect UI. By default, the URL is derived from the API URL. `None` if neither URL is set.
    pub(crate) ui_url: Setting<Option<String>>,
    pub(crate) cloud_api_url: Setting<String>,
    pub(crate) cli_colors: Setting<bool>,
    /// Whether to prompt for input. `None` means only in a terminal.
    pub(crate) cli_prompt: Setting<Option<bool>>,
    /// Whether to start a temporary server if no API URL is configured.
    pub(crate) server_ephemeral_enabled: Setting<bool>,
    /// Startup timeout of the temporary server in seconds.
    pub(crate) server_ephemeral_startup_timeout_seconds: Setting<u32>,
    /// Warnings about these settings.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Settings {
    /// Resolves all settings. `profile` is the profile selected on the command line, and `directory` is the
    /// working directory.
    pub(crate) fn resolve(
        environment: &Environment,
        profile: Option<&str>,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        let ActiveSources { sources, profile, profile_is_chosen, profiles_path, warnings } =
            ActiveSources::read(environment, profile, directory)?;
        let mut settings = Self::from_sources(&sources, environment, profile, profiles_path)?;
        settings.profile_is_chosen = profile_is_chosen;
        settings.warnings = warnings;
        let project_urls = project_url::warnings(&sources, &settings.connection(), directory);
        settings.warnings.extend(project_urls);
        let unknown = unknown::without_mentioned(sources.unknown(), directory);
        settings.warnings.extend(unknown::warning(&unknown));
        let silent =
            sources.read(&names::SILENCE_API_URL_MISCONFIGURATION)?.is_some_and(|silent| silent.value);
        if !silent {
            settings.warnings.extend(settings.api_url.value.as_deref().and_then(misconfiguration));
        }
        Ok(settings)
    }

    /// Returns the secret values to redact.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        let url = self.api_url.value.as_deref().unwrap_or_default();
        // A URL without a scheme is unusable but may still contain a password.
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let login = secret::login(&url).map(Secret::new);
        let password = url::Url::parse(&url).ok().and_then(|url| {
            let password = percent_encoding::percent_decode_str(url.password()?).decode_utf8_lossy();
            Some(Secret::new(password))
        });
        let own = [&self.api_key.value, &self.api_auth_string.value].into_iter().flatten();
        own.chain(self.client_custom_headers.value.values()).cloned().chain(login).chain(password)
    }

    /// Saves settings to the active profile in the profiles file. Does not update the values in `self`.
    pub(crate) fn store<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a SettingName, &'a str)>,
    ) -> Result<(), SettingsError> {
        let mut file = ProfilesFile::open(&self.profiles_path.value)?;
        values.into_iter().for_each(|(setting, value)| file.set(&self.profile, setting, value));
        file.save()
    }

    fn connection(&self) -> Connection<'_> {
        Connection {
            api_url: &self.api_url,
            cloud_api_url: &self.cloud_api_url,
            default_cloud_api_url: CLOUD_API_URL,
            api_auth_string: &self.api_auth_string,
            api_key: &self.api_key,
            client_custom_headers: &self.client_custom_headers,
            profiles: self.profiles_path.origin,
        }
    }

    fn from_sources(
        sources: &Sources,
        environment: &Environment,
        profile: String,
        profiles_path: Setting<PathBuf>,
    ) -> Result<Self, SettingsError> {
        let api_url = sources.read_optional(&names::API_URL)?;
        let cloud_api_url = sources.read_or(&names::CLOUD_API_URL, CLOUD_API_URL.to_owned())?;
        let ui_url = ui_url(sources, api_url.value.as_deref(), &cloud_api_url.value)?;
        Ok(Self {
            profile,
            profile_is_chosen: false,
            profiles_path,
            api_key: sources.read_optional(&names::API_KEY)?,
            api_auth_string: sources.read_optional(&names::API_AUTH_STRING)?,
            api_ssl_cert_file: certificates(sources, environment)?,
            api_tls_insecure_skip_verify: sources.read_or(&names::API_TLS_INSECURE_SKIP_VERIFY, false)?,
            api_enable_http2: sources.read_or(&names::API_ENABLE_HTTP2, false)?,
            api_request_timeout: sources.read_or(&names::API_REQUEST_TIMEOUT, 60.0)?,
            client_max_retries: sources.read_or(&names::CLIENT_MAX_RETRIES, 5)?,
            client_retry_jitter_factor: sources.read_or(&names::CLIENT_RETRY_JITTER_FACTOR, 0.2)?,
            client_retry_extra_codes: sources.read_or(&names::CLIENT_RETRY_EXTRA_CODES, BTreeSet::new())?,
            client_custom_headers: sources.read_or(&names::CLIENT_CUSTOM_HEADERS, BTreeMap::new())?,
            client_csrf_support_enabled: sources.read_or(&names::CLIENT_CSRF_SUPPORT_ENABLED, true)?,
            default_work_pool_name: sources.read_optional(&DEFAULT_WORK_POOL_NAME)?,
            default_docker_build_namespace: sources.read_optional(&names::DEFAULT_DOCKER_BUILD_NAMESPACE)?,
            clear_schedules_on_empty: sources.read_optional(&names::CLEAR_SCHEDULES_ON_EMPTY)?,
            project: sources.read_optional(&names::PROJECT)?,
            ui_url,
            cloud_api_url,
            cli_prompt: sources.read_optional(&names::CLI_PROMPT)?,
            cli_colors: sources.read_or(&names::CLI_COLORS, true)?,
            server_ephemeral_enabled: sources.read_or(&names::SERVER_EPHEMERAL_ENABLED, false)?,
            server_ephemeral_startup_timeout_seconds: sources
                .read_or(&names::SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS, 20)?,
            api_url,
            warnings: Vec::new(),
        })
    }

    /// Returns the API URL. Fails if no API URL is configured.
    pub(crate) fn require_api_url(&self) -> Result<&str, NoApiUrl> {
        self.api_url.value.as_deref().ok_or(NoApiUrl)
    }

    /// Returns whether the API belongs to Prefect Cloud.
    pub(crate) fn is_cloud(&self) -> bool {
        self.api_url.value.as_deref().is_some_and(|url| url.starts_with(&self.cloud_api_url.value))
    }
}

fn certificates(
    sources: &Sources,
    environment: &Environment,
) -> Result<Setting<Option<PathBuf>>, SettingsError> {
    let setting = sources.read_optional(&names::API_SSL_CERT_FILE)?;
    if setting.origin == Origin::Default {
        let machine_wide = environment.non_empty("SSL_CERT_FILE").map(PathBuf::from);
        return Ok(Setting::default_value(machine_wide));
    }
    Ok(setting)
}

fn ui_url(
    sources: &Sources,
    api_url: Option<&str>,
    cloud: &str,
) -> Result<Setting<Option<String>>, SettingsError> {
    let explicit = sources.read_optional(&names::UI_URL)?;
    if explicit.value.is_some() {
        return Ok(explicit);
    }
    let cloud_ui: Setting<Option<String>> = sources.read_optional(&names::CLOUD_UI_URL)?;
    Ok(Setting::default_value(api_url.map(|url| ui_url::derive(url, cloud, cloud_ui.value.as_deref()))))
}

/// Returns a warning if the API URL is a common wrong value, such as the address of the Prefect UI.
fn misconfiguration(url: &str) -> Option<Diagnostic> {
    let mistakes = [
        (
            url.contains("app.prefect.cloud"),
            "`PREFECT_API_URL` points to `app.prefect.cloud`. Did you mean `api.prefect.cloud`?",
        ),
        (url.contains("account/"), "`PREFECT_API_URL` uses `/account/` but should use `/accounts/`."),
        (url.contains("workspace/"), "`PREFECT_API_URL` uses `/workspace/` but should use `/workspaces/`."),
        (
            url.split_once("api.prefect.cloud/").is_some_and(|(_, path)| !path.starts_with("api")),
            "`PREFECT_API_URL` should have `/api` after the base URL.",
        ),
    ];
    let found: Vec<&str> = mistakes.iter().filter(|(is_made, _)| *is_made).map(|(_, text)| *text).collect();
    (!found.is_empty()).then(|| {
        Diagnostic::warning(Code::API_URL, found.join(" "))
            .help("https://api.prefect.cloud/api/accounts/[ACCOUNT-ID]/workspaces/[WORKSPACE-ID]")
    })
}
