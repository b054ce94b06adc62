//! The option that selects the environment of a project.

use std::str::FromStr;

use crate::project::EnvironmentName;

// The option sets its heading, because a heading of the struct would also apply to subsequent options.
#[derive(Debug, clap::Args)]
pub(crate) struct EnvironmentArguments {
    /// Environment whose values override those in the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV", help_heading = "Selection")]
    env: Option<TypedName>,
}

impl EnvironmentArguments {
    /// Returns the selected environment. An empty name selects no environment.
    pub(crate) fn name(&self) -> Option<EnvironmentName> {
        self.env.as_ref()?.0.clone()
    }
}

/// The value of the option. `None` if the value is empty, because CI systems set variables to empty values.
#[derive(Debug, Clone)]
struct TypedName(Option<EnvironmentName>);

impl FromStr for TypedName {
    type Err = <EnvironmentName as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}
