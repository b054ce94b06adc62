//! The value of the option that selects an environment.

use std::str::FromStr;

use crate::project::EnvironmentName;

/// The value of `--env`. `None` if it is empty, because CI systems set variables to empty values.
#[derive(Debug, Clone)]
pub(crate) struct EnvironmentOption(Option<EnvironmentName>);

impl EnvironmentOption {
    /// Returns the selected environment. An empty value selects no environment.
    pub(crate) fn name(option: Option<&Self>) -> Option<EnvironmentName> {
        option?.0.clone()
    }
}

impl FromStr for EnvironmentOption {
    type Err = <EnvironmentName as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}
