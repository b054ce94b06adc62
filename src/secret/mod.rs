//! Secret values and a redactor for all output. The secret type prevents values from being printed.

mod document;
mod names;
mod redactor;
mod spelling;
#[cfg(test)]
mod spelling_tests;
mod url;

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

pub(crate) use document::is_fixed;
pub(crate) use names::is_secret_key;
pub(crate) use redactor::Redactor;
pub(crate) use url::{has_token_prefix, login};

/// String that replaces secrets in output.
pub(crate) const MASK: &str = "********";

/// A secret string. Its `Debug` and `Display` implementations print [`MASK`] instead of the value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the secret value. Only call this method if the actual value is required.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Drop the original error because its message would contain the value.
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("a secret must be a string"))
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
    fn secrets_do_not_print_their_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), format!("{MASK} {MASK}"));
    }
}
