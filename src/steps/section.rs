//! Sections of steps in `prefect.yaml`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A section of the project file or of a deployment that lists steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Section {
    Build,
    Push,
    Pull,
}

impl Section {
    pub(crate) const ALL: [Self; 3] = [Self::Build, Self::Push, Self::Pull];

    /// Sections whose steps run on this machine during a deploy, in order.
    pub(crate) const LOCAL: [Self; 2] = [Self::Build, Self::Push];

    /// Returns the key of the section in the file.
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
