//! The built-in profiles and the profiles in `profiles.toml`.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::{error::SettingsError, toml};
use crate::fs;

/// Name of the default profile.
pub(super) const DEFAULT: &str = "ephemeral";

/// A profile's settings, keyed by name, in file order.
pub(crate) type ProfileSettings = IndexMap<String, String>;

/// All profiles, keyed by name.
#[derive(Debug)]
pub(crate) struct Profiles {
    /// Name of the active profile according to the file.
    pub(super) active: Option<String>,
    profiles: IndexMap<String, ProfileSettings>,
}

impl Profiles {
    /// Loads the built-in profiles and the profiles in the file. The file does not have to exist.
    pub(crate) fn load(path: &Path) -> Result<Self, SettingsError> {
        let mut profiles = Self::built_in();
        if let Some(text) = fs::read_text_if_exists(path)? {
            let file = toml::parse(&path.display().to_string(), &text)?;
            profiles.add(&file);
        }
        Ok(profiles)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&ProfileSettings> {
        self.profiles.get(name)
    }

    /// Returns the names of all profiles, starting with the built-in profiles.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    pub(crate) fn built_in() -> Self {
        const EPHEMERAL: &[(&str, &str)] = &[("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")];
        const PROFILES: [(&str, &[(&str, &str)]); 4] = [
            (DEFAULT, EPHEMERAL),
            ("local", &[("PREFECT_API_URL", "http://127.0.0.1:4200/api")]),
            ("test", EPHEMERAL),
            ("cloud", &[]),
        ];
        let owned = |settings: &[(&str, &str)]| {
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let profiles =
            PROFILES.iter().map(|(name, settings)| ((*name).to_owned(), owned(settings))).collect();
        Self { active: None, profiles }
    }

    fn add(&mut self, file: &Value) {
        if let Some(active) = file.get("active").and_then(Value::as_str) {
            self.active = Some(active.to_owned());
        }
        for (name, settings) in file.get("profiles").and_then(Value::as_object).into_iter().flatten() {
            let profile = self.profiles.entry(name.clone()).or_default();
            for (key, value) in settings.as_object().into_iter().flatten() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                profile.insert(key.clone(), text);
            }
        }
    }
}
