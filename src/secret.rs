//! Text that must never be shown: a type that does not print, and the mask for everything that does.

use std::{
    fmt,
    sync::{Arc, RwLock},
};

use serde::{Deserialize, Deserializer, de::Error as _};

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

/// The secrets that this command has met; everything printed goes through [`Redactor::mask`].
///
/// Clones share the same set.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// Texts shorter than this are not masked: they would blank out ordinary words.
    const SHORTEST: usize = 4;

    /// Remembers a secret, and each of its lines when it has several.
    pub(crate) fn learn(&self, secret: &Secret) {
        let text = secret.expose();
        let mut secrets = self.secrets.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for part in std::iter::once(text).chain(text.lines()).map(str::trim) {
            if part.len() >= Self::SHORTEST && !secrets.iter().any(|known| known == part) {
                secrets.push(part.to_owned());
            }
        }
        // Longest first, so that a secret that contains another goes as a whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// `text` with every known secret replaced by [`MASK`].
    pub(crate) fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret) { text.replace(secret, MASK) } else { text }
        })
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
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

    #[test]
    fn the_redactor_masks_whole_secrets_and_their_lines() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("token-abc"));
        redactor.learn(&Secret::new("first line\nsecond line"));
        redactor.learn(&Secret::new("ab"));
        assert_eq!(redactor.mask("x token-abc y ab"), format!("x {MASK} y ab"));
        assert_eq!(redactor.mask("second line!"), format!("{MASK}!"));
    }
}
