//! Where settings come from, the strongest first.

use std::{collections::BTreeMap, fmt, path::Path};

use serde_json::Value;

use super::{
    SettingsError, dotenv,
    names::{self, SettingName},
    profiles::ProfileSettings,
};
use crate::{environment::Environment, fs};

/// The source of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Environment,
    DotEnv,
    PrefectToml,
    PyprojectToml,
    Profile,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "env",
            Self::DotEnv => ".env file",
            Self::PrefectToml => "prefect.toml",
            Self::PyprojectToml => "pyproject.toml",
            Self::Profile => "profile",
            Self::Default => "defaults",
        })
    }
}

/// One source: values by name, or nested as TOML has them.
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

/// All sources but the defaults.
#[derive(Debug)]
pub(super) struct Sources {
    layers: Vec<(Origin, Layer)>,
}

impl Sources {
    /// Reads the environment and the files in `directory`; the profile comes later, as they name it.
    pub(super) fn read(environment: &Environment, directory: &Path) -> Result<Self, SettingsError> {
        let dotenv = fs::read_text_if_exists(&directory.join(".env"))?.unwrap_or_default();
        let dotenv = dotenv::parse(&dotenv, environment);
        let dotenv = dotenv.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pyproject = read_toml(directory, "pyproject.toml")?.pointer_mut("/tool/prefect").map(Value::take);
        let layers = vec![
            (Origin::Environment, Layer::Names(by_name(environment.iter()))),
            (Origin::DotEnv, Layer::Names(by_name(dotenv))),
            (Origin::PrefectToml, Layer::Nested(read_toml(directory, "prefect.toml")?)),
            (Origin::PyprojectToml, Layer::Nested(pyproject.unwrap_or_default())),
        ];
        Ok(Self { layers })
    }

    pub(super) fn add_profile(&mut self, settings: &ProfileSettings) {
        let settings = settings.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        self.layers.push((Origin::Profile, Layer::Names(settings.collect())));
    }

    /// The value of the strongest source that has one.
    pub(super) fn get(&self, setting: &SettingName) -> Option<(&Value, Origin)> {
        self.layers.iter().find_map(|(origin, layer)| Some((layer.get(setting)?, *origin)))
    }
}

/// Prefect's variables, and our own setting, under their names in capitals; a name that is written so beats one that is not.
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

fn read_toml(directory: &Path, name: &str) -> Result<Value, SettingsError> {
    match fs::read_text_if_exists(&directory.join(name))? {
        Some(text) => parse_toml(name, &text),
        None => Ok(Value::Null),
    }
}

/// The document as JSON. `name` is what the error calls it.
pub(super) fn parse_toml(name: &str, text: &str) -> Result<Value, SettingsError> {
    toml_edit::de::from_str(text).map_err(|error| invalid_toml(name, text, error.message(), error.span()))
}

/// The error of a document that cannot be parsed, on one line.
pub(super) fn invalid_toml(
    name: &str,
    text: &str,
    message: &str,
    span: Option<std::ops::Range<usize>>,
) -> SettingsError {
    SettingsError::Toml {
        file: name.to_owned(),
        reason: message.split_whitespace().collect::<Vec<_>>().join(" "),
        line: span.map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1),
    }
}
