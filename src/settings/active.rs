//! Combines all sources of settings, including the active profile.

use std::path::{Path, PathBuf};

use super::{
    catalogue::SettingName,
    error::SettingsError,
    names,
    profiles::{self, Profiles},
    sources::Sources,
    value::Setting,
};
use crate::{
    diagnostics::{Code, Diagnostic, similar_name},
    environment::Environment,
};

/// All setting sources with unparsed values, and the active profile.
pub(super) struct ActiveSources {
    pub(super) sources: Sources,
    pub(super) profile: String,
    pub(super) profile_is_chosen: bool,
    pub(super) profiles_path: Setting<PathBuf>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl ActiveSources {
    /// Reads all sources. `profile` is the profile selected on the command line, and `directory` is the
    /// working directory.
    pub(super) fn read(
        environment: &Environment,
        profile: Option<&str>,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        let mut sources = Sources::load(environment, directory)?;
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

fn path_or(
    sources: &Sources,
    name: &SettingName,
    environment: &Environment,
    default: impl FnOnce() -> PathBuf,
) -> Result<Setting<PathBuf>, SettingsError> {
    let Some(Setting { value, origin }) = sources.read::<PathBuf>(name)? else {
        return Ok(Setting::default_value(default()));
    };
    Ok(Setting { value: expand_home(&value, environment), origin })
}

fn expand_home(path: &Path, environment: &Environment) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home_directory(environment).join(rest))
}

fn home_directory(environment: &Environment) -> PathBuf {
    environment.home_directory().unwrap_or(Path::new(".")).to_owned()
}

/// Returns the path of `profiles.toml`. `PREFECT_HOME` has no effect in a profile because profiles have not been read
/// yet.
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

/// Returns the selected profile's name, or `None` for the default profile.
///
/// Fails if the name is unknown and was passed on the command line. Otherwise, an unknown name adds a warning and
/// selects the default profile.
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
            let similar = similar_name(name, profiles.names()).map(str::to_owned);
            Err(SettingsError::UnknownProfile { name: name.to_owned(), similar })
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
