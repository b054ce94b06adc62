//! The sections in `prefect.yaml` that list steps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A section that lists steps, either at the top level of the project file or in a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Section {
    Build,
    Push,
    Pull,
}

impl Section {
    pub(crate) const ALL: [Self; 3] = [Self::Build, Self::Push, Self::Pull];

    /// The sections whose steps run on this machine during a deploy, in execution order.
    pub(crate) const LOCAL: [Self; 2] = [Self::Build, Self::Push];

    /// Returns the section's key in the project file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
