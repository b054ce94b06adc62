//! Settings: what the environment, files and the active profile say, and which of them said it.
//!
//! Sources, the strongest first: environment variables, `.env`, `prefect.toml`, `pyproject.toml` (all three in
//! the working directory only), the active profile, defaults. An empty value in a stronger source hides the value
//! of a weaker one. `--profile` chooses the profile and changes nothing else: the environment still wins over it.

mod catalogue;
mod dotenv;
mod kind;
mod listing;
pub(crate) mod names;
mod profiles;
mod profiles_file;
mod sources;
mod ui_url;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;

pub(crate) use self::{
    catalogue::{ALL, Entry, find},
    listing::{Listed, list},
    names::{DEFAULT_WORK_POOL_NAME, SettingName},
    profiles::{ProfileSettings, Profiles},
    profiles_file::ProfilesFile,
    sources::Origin,
    value::Setting,
};
use self::{sources::Sources, value::FromSetting};
use crate::{
    diagnostics::{Code, Diagnostic},
    environment::Environment,
    fs::FileError,
    secret::{self, Secret},
};

const CLOUD_API_URL: &str = "https://api.prefect.cloud/api";

/// Every setting that this program reads.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The name of the active profile.
    pub(crate) profile: String,
    /// Whether the command line, the environment or the file names it.
    pub(crate) profile_is_chosen: bool,
    pub(crate) profiles_path: Setting<PathBuf>,
    pub(crate) api_url: Setting<Option<String>>,
    pub(crate) api_key: Setting<Option<Secret>>,
    /// `user:password`; beats the key.
    pub(crate) api_auth_string: Setting<Option<Secret>>,
    pub(crate) api_ssl_cert_file: Setting<Option<PathBuf>>,
    pub(crate) api_tls_insecure_skip_verify: Setting<bool>,
    pub(crate) api_enable_http2: Setting<bool>,
    /// Seconds.
    pub(crate) api_request_timeout: Setting<f64>,
    pub(crate) client_max_retries: Setting<u32>,
    pub(crate) client_retry_jitter_factor: Setting<f64>,
    pub(crate) client_retry_extra_codes: Setting<BTreeSet<u16>>,
    pub(crate) client_custom_headers: Setting<BTreeMap<String, Secret>>,
    pub(crate) client_csrf_support_enabled: Setting<bool>,
    pub(crate) default_work_pool_name: Setting<Option<String>>,
    pub(crate) default_docker_build_namespace: Setting<Option<String>>,
    /// The id of the project, for what it has registered.
    pub(crate) project: Setting<Option<String>>,
    /// Derived from the API URL unless set; none without either.
    pub(crate) ui_url: Setting<Option<String>>,
    pub(crate) cloud_api_url: Setting<String>,
    pub(crate) cli_colors: Setting<bool>,
    /// Whether to ask; without it, the terminal decides.
    pub(crate) cli_prompt: Setting<Option<bool>>,
    /// Whether a temporary server may be started where there is no API URL.
    pub(crate) server_ephemeral_enabled: Setting<bool>,
    /// How many seconds it may take to start.
    pub(crate) server_ephemeral_startup_timeout_seconds: Setting<u32>,
    /// What the user should know about these settings.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Settings {
    /// Resolves all settings. `profile` is the command line's; `directory` is the working directory.
    pub(crate) fn resolve(
        environment: &Environment,
        profile: Option<&str>,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        let Gathered { sources, profile, profile_is_chosen, profiles_path, warnings } =
            Gathered::gather(environment, profile, directory)?;
        let mut settings = Self::from_sources(&sources, environment, profile, profiles_path)?;
        settings.profile_is_chosen = profile_is_chosen;
        settings.warnings = warnings;
        let silent =
            read(&sources, &names::SILENCE_API_URL_MISCONFIGURATION)?.is_some_and(|silent| silent.value);
        if !silent {
            settings.warnings.extend(settings.api_url.value.as_deref().and_then(misconfiguration));
        }
        Ok(settings)
    }

    /// What must not be shown of these settings.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        let url = self.api_url.value.as_deref().unwrap_or_default();
        // One without a scheme cannot be used, and may hold a password all the same.
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let login = secret::login(&url).map(Secret::new);
        let password = url::Url::parse(&url).ok().and_then(|url| {
            let password = percent_encoding::percent_decode_str(url.password()?).decode_utf8_lossy();
            Some(Secret::new(password))
        });
        let own = [&self.api_key.value, &self.api_auth_string.value].into_iter().flatten();
        own.chain(self.client_custom_headers.value.values()).cloned().chain(login).chain(password)
    }

    /// Writes settings into the active profile of the file. These settings here stay as they are.
    pub(crate) fn store<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a SettingName, &'a str)>,
    ) -> Result<(), SettingsError> {
        let mut file = ProfilesFile::open(&self.profiles_path.value)?;
        values.into_iter().for_each(|(setting, value)| file.set(&self.profile, setting, value));
        file.save()
    }

    fn from_sources(
        sources: &Sources,
        environment: &Environment,
        profile: String,
        profiles_path: Setting<PathBuf>,
    ) -> Result<Self, SettingsError> {
        let api_url = optional(sources, &names::API_URL)?;
        let cloud_api_url = or(sources, &names::CLOUD_API_URL, CLOUD_API_URL.to_owned())?;
        let ui_url = ui_url(sources, api_url.value.as_deref(), &cloud_api_url.value)?;
        Ok(Self {
            profile,
            profile_is_chosen: false,
            profiles_path,
            api_key: optional(sources, &names::API_KEY)?,
            api_auth_string: optional(sources, &names::API_AUTH_STRING)?,
            api_ssl_cert_file: certificates(sources, environment)?,
            api_tls_insecure_skip_verify: or(sources, &names::API_TLS_INSECURE_SKIP_VERIFY, false)?,
            api_enable_http2: or(sources, &names::API_ENABLE_HTTP2, false)?,
            api_request_timeout: or(sources, &names::API_REQUEST_TIMEOUT, 60.0)?,
            client_max_retries: or(sources, &names::CLIENT_MAX_RETRIES, 5)?,
            client_retry_jitter_factor: or(sources, &names::CLIENT_RETRY_JITTER_FACTOR, 0.2)?,
            client_retry_extra_codes: or(sources, &names::CLIENT_RETRY_EXTRA_CODES, BTreeSet::new())?,
            client_custom_headers: or(sources, &names::CLIENT_CUSTOM_HEADERS, BTreeMap::new())?,
            client_csrf_support_enabled: or(sources, &names::CLIENT_CSRF_SUPPORT_ENABLED, true)?,
            default_work_pool_name: optional(sources, &DEFAULT_WORK_POOL_NAME)?,
            default_docker_build_namespace: optional(sources, &names::DEFAULT_DOCKER_BUILD_NAMESPACE)?,
            project: optional(sources, &names::PROJECT)?,
            ui_url,
            cloud_api_url,
            cli_prompt: optional(sources, &names::CLI_PROMPT)?,
            cli_colors: or(sources, &names::CLI_COLORS, true)?,
            server_ephemeral_enabled: or(sources, &names::SERVER_EPHEMERAL_ENABLED, false)?,
            server_ephemeral_startup_timeout_seconds: or(
                sources,
                &names::SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
                20,
            )?,
            api_url,
            warnings: Vec::new(),
        })
    }

    /// The API's URL, for commands that cannot do without.
    pub(crate) fn require_api_url(&self) -> Result<&str, NoApiUrl> {
        self.api_url.value.as_deref().ok_or(NoApiUrl)
    }

    /// Whether the API is Prefect Cloud.
    pub(crate) fn is_cloud(&self) -> bool {
        self.api_url.value.as_deref().is_some_and(|url| url.starts_with(&self.cloud_api_url.value))
    }
}

/// All sources, the active profile among them, before any value is read.
struct Gathered {
    sources: Sources,
    profile: String,
    profile_is_chosen: bool,
    profiles_path: Setting<PathBuf>,
    warnings: Vec<Diagnostic>,
}

impl Gathered {
    fn gather(
        environment: &Environment,
        profile: Option<&str>,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        let mut sources = Sources::read(environment, directory)?;
        let mut warnings = Vec::new();
        let profiles_path = profiles_path(&sources, environment, directory)?;
        let profiles = Profiles::load(&profiles_path.value)?;
        let chosen = chosen_profile(&profiles, profile, environment, &mut warnings)?;
        let profile_is_chosen = chosen.is_some();
        let profile = chosen.unwrap_or_else(|| profiles::DEFAULT.to_owned());
        if let Some(settings) = profiles.get(&profile) {
            sources.add_profile(settings);
        }
        Ok(Self { sources, profile, profile_is_chosen, profiles_path, warnings })
    }
}

/// The value of a setting if a source has one that is not empty.
fn read<T: FromSetting>(sources: &Sources, name: &SettingName) -> Result<Option<Setting<T>>, SettingsError> {
    match sources.get(name) {
        Some((value, origin)) if !is_empty(value) => match T::from_setting(value) {
            Some(value) => Ok(Some(Setting { value, origin })),
            None => Err(SettingsError::Invalid { name: name.canonical, origin, expected: T::EXPECTED }),
        },
        _ => Ok(None),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn or<T: FromSetting>(
    sources: &Sources,
    name: &SettingName,
    default: T,
) -> Result<Setting<T>, SettingsError> {
    Ok(read(sources, name)?.unwrap_or_else(|| Setting::default_value(default)))
}

fn optional<T: FromSetting>(
    sources: &Sources,
    name: &SettingName,
) -> Result<Setting<Option<T>>, SettingsError> {
    if let Some(Setting { value, origin }) = read(sources, name)? {
        return Ok(Setting { value: Some(value), origin });
    }
    // An empty value was set all the same.
    let origin = sources.get(name).map_or(Origin::Default, |(_, origin)| origin);
    Ok(Setting { value: None, origin })
}

fn path_or(
    sources: &Sources,
    name: &SettingName,
    environment: &Environment,
    default: impl FnOnce() -> PathBuf,
) -> Result<Setting<PathBuf>, SettingsError> {
    let Some(Setting { value, origin }) = read::<PathBuf>(sources, name)? else {
        return Ok(Setting::default_value(default()));
    };
    Ok(Setting { value: expand_home(&value, environment), origin })
}

fn expand_home(path: &Path, environment: &Environment) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home_directory(environment).join(rest))
}

fn home_directory(environment: &Environment) -> PathBuf {
    let home = environment.non_empty("HOME").or_else(|| environment.non_empty("USERPROFILE"));
    PathBuf::from(home.unwrap_or("."))
}

/// Found before any profile is read, so the home in a profile does not count.
fn profiles_path(
    sources: &Sources,
    environment: &Environment,
    directory: &Path,
) -> Result<Setting<PathBuf>, SettingsError> {
    let home = match environment.non_empty("PREFECT_HOME") {
        Some(home) => expand_home(Path::new(home), environment),
        None => home_directory(environment).join(".prefect"),
    };
    let path = path_or(sources, &names::PROFILES_PATH, environment, || home.join("profiles.toml"))?;
    let text = path.value.to_string_lossy().replace("$PREFECT_HOME", &home.to_string_lossy());
    Ok(Setting { value: directory.join(text), origin: path.origin })
}

/// The profile that is asked for: an unknown name is an error on the command line and a warning elsewhere.
fn chosen_profile(
    profiles: &Profiles,
    requested: Option<&str>,
    environment: &Environment,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Option<String>, SettingsError> {
    if let Some(name) = requested {
        let known = profiles.get(name).is_some();
        return if known {
            Ok(Some(name.to_owned()))
        } else {
            Err(SettingsError::UnknownProfile(name.to_owned()))
        };
    }
    let (name, place) = match (environment.non_empty("PREFECT_PROFILE"), &profiles.active) {
        (Some(name), _) => (name, "by environment variable"),
        (None, Some(name)) => (name.as_str(), "in the profiles file"),
        (None, None) => return Ok(None),
    };
    if profiles.get(name).is_some() {
        return Ok(Some(name.to_owned()));
    }
    warnings.push(Diagnostic::warning(
        Code::UNKNOWN_PROFILE,
        format!("Active profile '{name}' set {place} not found. The default profile will be used instead."),
    ));
    Ok(None)
}

fn certificates(
    sources: &Sources,
    environment: &Environment,
) -> Result<Setting<Option<PathBuf>>, SettingsError> {
    let setting = optional(sources, &names::API_SSL_CERT_FILE)?;
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
    let explicit = optional(sources, &names::UI_URL)?;
    if explicit.value.is_some() {
        return Ok(explicit);
    }
    let cloud_ui: Setting<Option<String>> = optional(sources, &names::CLOUD_UI_URL)?;
    Ok(Setting::default_value(api_url.map(|url| ui_url::derive(url, cloud, cloud_ui.value.as_deref()))))
}

/// The usual mistakes in an API URL, most of them a copied address of the user interface.
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

/// Why the settings could not be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("Unknown profile '{0}'.")]
    UnknownProfile(String),
    #[error("Failed to load Prefect settings from {file}: invalid TOML ({reason}, line {line})")]
    Toml { file: String, reason: String, line: usize },
    /// The value itself is not shown: it may be a secret.
    #[error("{name} (from {origin}) must be {expected}")]
    Invalid { name: &'static str, origin: Origin, expected: &'static str },
    #[error("the profiles in {} are no tables: each needs a `[profiles.NAME]`", .0.display())]
    NoTables(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
}

/// There is no API to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "No Prefect API URL provided. Please set PREFECT_API_URL to the address of a running Prefect server."
)]
pub(crate) struct NoApiUrl;

#[cfg(test)]
mod tests;
