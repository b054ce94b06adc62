//! Setting sources in order of precedence.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::{
    catalogue::SettingName,
    dotenv,
    error::SettingsError,
    names,
    profiles::ProfileSettings,
    toml, unknown,
    value::{FromSetting, Origin, Setting},
};
use crate::{environment::Environment, fs};

/// A source of settings. Values are stored by name, or nested as in TOML.
#[derive(Debug)]
enum Layer {
    Names(BTreeMap<String, Value>),
    Nested(Value),
}

impl Layer {
    fn get(&self, setting: &SettingName) -> Option<&Value> {
        match self {
            Self::Names(values) => setting.names().find_map(|name| values.get(name)),
            Self::Nested(root) => setting.path.split('.').try_fold(root, |value, key| value.get(key)),
        }
    }
}

/// All sources except the defaults.
#[derive(Debug)]
pub(super) struct Sources {
    layers: Vec<(Origin, Layer)>,
}

impl Sources {
    /// Reads the environment and the files in `directory`. The profile is added later because these sources determine
    /// the active profile.
    pub(super) fn load(environment: &Environment, directory: &Path) -> Result<Self, SettingsError> {
        let dotenv = fs::read_text_if_exists(&directory.join(".env"))?.unwrap_or_default();
        let dotenv = dotenv::parse(&dotenv, environment)?;
        let dotenv = dotenv.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pyproject = pyproject_settings(toml::read(directory, "pyproject.toml")?);
        let layers = vec![
            (Origin::Environment, Layer::Names(by_name(environment.iter()))),
            (Origin::DotEnv, Layer::Names(by_name(dotenv))),
            (Origin::PrefectToml, Layer::Nested(toml::read(directory, "prefect.toml")?)),
            (Origin::PyprojectToml, Layer::Nested(pyproject)),
        ];
        Ok(Self { layers })
    }

    pub(super) fn add_profile(&mut self, settings: &ProfileSettings) {
        let settings = settings.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        self.layers.push((Origin::Profile, Layer::Names(settings.collect())));
    }

    /// Returns the settings that are not in the catalogue, each with its source.
    pub(super) fn unknown(&self) -> Vec<(String, Origin)> {
        let unknown_in = |layer: &Layer| match layer {
            Layer::Names(values) => unknown::unknown_names(values.keys().map(String::as_str)),
            Layer::Nested(root) => unknown::unknown_paths(root),
        };
        self.layers
            .iter()
            .flat_map(|(origin, layer)| unknown_in(layer).into_iter().map(|name| (name, *origin)))
            .collect()
    }

    /// Returns the value with the highest precedence and its source.
    pub(super) fn get(&self, setting: &SettingName) -> Option<(&Value, Origin)> {
        self.values(setting).next()
    }

    /// Returns the values from all sources in order of precedence.
    pub(super) fn values(&self, setting: &SettingName) -> impl Iterator<Item = (&Value, Origin)> {
        self.layers.iter().filter_map(|(origin, layer)| Some((layer.get(setting)?, *origin)))
    }

    /// Reads a setting. Returns `None` if no source sets the setting or if the value is empty.
    ///
    /// # Errors
    ///
    /// Fails if the value does not have the expected type.
    pub(super) fn read<T: FromSetting>(
        &self,
        name: &SettingName,
    ) -> Result<Option<Setting<T>>, SettingsError> {
        match self.get(name) {
            Some((value, origin)) if !is_empty(value) => match T::from_setting(value) {
                Some(value) => Ok(Some(Setting { value, origin })),
                None => Err(SettingsError::Invalid { name: name.canonical, origin, expected: T::EXPECTED }),
            },
            _ => Ok(None),
        }
    }

    /// Reads a setting. Returns `default` if no source sets the setting.
    pub(super) fn read_or<T: FromSetting>(
        &self,
        name: &SettingName,
        default: T,
    ) -> Result<Setting<T>, SettingsError> {
        Ok(self.read(name)?.unwrap_or_else(|| Setting::default_value(default)))
    }

    /// Reads a setting without a default. For an empty value, the origin is also the source that sets it.
    pub(super) fn read_optional<T: FromSetting>(
        &self,
        name: &SettingName,
    ) -> Result<Setting<Option<T>>, SettingsError> {
        if let Some(Setting { value, origin }) = self.read(name)? {
            return Ok(Setting { value: Some(value), origin });
        }
        let origin = self.get(name).map_or(Origin::Default, |(_, origin)| origin);
        Ok(Setting { value: None, origin })
    }
}

/// Returns the settings in a `pyproject.toml`, nested as in `prefect.toml`. The `tool.prefectl` table contains
/// prefectl's settings.
fn pyproject_settings(mut root: Value) -> Value {
    let own = root.pointer_mut("/tool/prefectl").map(Value::take);
    let mut settings = root.pointer_mut("/tool/prefect").map(Value::take).unwrap_or_default();
    match (own, &mut settings) {
        (Some(own), Value::Null) => settings = json!({"prefectl": own}),
        (Some(own), Value::Object(settings)) => drop(settings.insert("prefectl".to_owned(), own)),
        _ => {}
    }
    settings
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// Collects the `PREFECT_` variables and prefectl's variables by uppercase name. If two names differ only in case, the
/// uppercase name takes precedence.
fn by_name<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for (name, value) in variables {
        let canonical = name.to_ascii_uppercase();
        let is_ours = canonical.starts_with("PREFECT_") || canonical == names::PROJECT.canonical;
        if is_ours && (name == canonical || !values.contains_key(&canonical)) {
            values.insert(canonical, Value::from(value));
        }
    }
    values
}
