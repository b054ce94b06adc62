//! Environment names.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An environment name, such as `prod`. File names contain environment names, so path separators are not allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct EnvironmentName(String);

/// The environment whose values are merged with the project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectedEnvironment {
    pub(crate) name: EnvironmentName,
    /// `None` if the journal of a resumed deploy selects the environment.
    pub(crate) source: Option<EnvironmentSource>,
}

impl From<EnvironmentName> for SelectedEnvironment {
    fn from(name: EnvironmentName) -> Self {
        Self { name, source: None }
    }
}

/// The source of the selected environment's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnvironmentSource {
    /// The option `--env`.
    Option,
    /// The environment variable `PREFECTL_ENV`.
    Variable,
}

/// The error for a name that contains invalid characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid environment name '{0}': use up to 64 letters, digits, `-` and `_`")]
pub(crate) struct InvalidName(String);

/// The error for an environment that a project file does not define.
#[derive(Debug, thiserror::Error)]
#[error(
    "environment '{name}'{} is not defined for {file}",
    .selected_by.map(|source| format!(" from {source}")).unwrap_or_default()
)]
pub(crate) struct UndefinedEnvironment {
    pub(crate) name: EnvironmentName,
    pub(crate) selected_by: Option<EnvironmentSource>,
    /// The project file or, for an error about multiple files, a description of the files.
    pub(crate) file: String,
    /// The environments that the file defines.
    pub(crate) defined: BTreeSet<EnvironmentName>,
}

impl EnvironmentName {
    const MAXIMUM_LENGTH: usize = 64;

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => "--env",
            Self::Variable => "PREFECTL_ENV",
        })
    }
}

impl FromStr for EnvironmentName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        let is_too_long = text.len() > Self::MAXIMUM_LENGTH;
        if text.is_empty() || is_too_long || text.starts_with('-') || !text.chars().all(is_valid) {
            return Err(InvalidName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for EnvironmentName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnvironmentName> for String {
    fn from(name: EnvironmentName) -> Self {
        name.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
