//! Text that must never be shown: a type that does not print, and the mask for everything that does.

mod redactor;
mod spelling;
mod url;

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

pub(crate) use redactor::Redactor;
pub(crate) use url::login;

/// What stands where a secret was.
pub(crate) const MASK: &str = "********";

/// A secret from the moment it enters: `Debug` and `Display` show [`MASK`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it where it belongs.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of the text's own deserializer would show the value.
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("a secret has to be text"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), format!("{MASK} {MASK}"));
    }
}
