//! The name of a preview. The deployments of a preview are copies of those that the project file declares.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Separates the name of a deployment from the name of the preview.
const SEPARATOR: &str = "--";

/// Maximum length of the name of a preview.
const MAX_LENGTH: usize = 40;

/// The name of a preview, such as `pr-123`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PreviewName(String);

/// The error for a preview name that is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid preview name '{0}': use up to {MAX_LENGTH} lowercase letters and digits, separated by single `-`"
)]
pub(crate) struct InvalidPreviewName(String);

impl FromStr for PreviewName {
    type Err = InvalidPreviewName;

    fn from_str(text: &str) -> Result<Self, InvalidPreviewName> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if text.len() > MAX_LENGTH || !text.split('-').all(is_word) {
            return Err(InvalidPreviewName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PreviewName {
    type Error = InvalidPreviewName;

    fn try_from(text: String) -> Result<Self, InvalidPreviewName> {
        text.parse()
    }
}

impl From<PreviewName> for String {
    fn from(name: PreviewName) -> Self {
        name.0
    }
}

impl PreviewName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the copy of a deployment.
    pub(crate) fn of_deployment(&self, deployment: &str) -> String {
        format!("{deployment}{SEPARATOR}{}", self.0)
    }

    /// Returns the tag of all deployments of the preview.
    pub(crate) fn tag(&self) -> String {
        format!("preview:{}", self.0)
    }

    /// Returns the name of the variable with the given number that records the deployments of the preview.
    ///
    /// Servers before Prefect 3.4.2 reject names that contain dashes. For these servers, `-` is encoded as `_d`.
    pub(crate) fn variable(&self, number: usize, allows_dashes: bool) -> String {
        let Self(name) = self;
        match (allows_dashes, number) {
            (true, 0) => format!("prefectl-preview-{name}"),
            (true, number) => format!("prefectl-preview-{name}--{number}"),
            (false, 0) => format!("prefectl_preview_{}", name.replace('-', "_d")),
            (false, number) => format!("prefectl_preview_{}_n{number}", name.replace('-', "_d")),
        }
    }

    /// Returns whether the name of a variable is that of a preview record.
    pub(crate) fn is_record_name(name: &str) -> bool {
        name.starts_with("prefectl-preview-") || name.starts_with("prefectl_preview_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_slugs() {
        for name in ["pr-123", "a", "2026-11-30", &"x".repeat(40)] {
            assert_eq!(name.parse().map(|name: PreviewName| String::from(name)).as_deref(), Ok(name));
        }
        for name in ["", "PR-1", "a--b", "-a", "a-", "a_b", "a/b", "a b", "ä", &"x".repeat(41)] {
            assert_eq!(name.parse::<PreviewName>(), Err(InvalidPreviewName(name.to_owned())));
        }
    }

    #[test]
    fn derives_names_from_the_preview() {
        let preview: PreviewName = "pr-1".parse().unwrap();
        assert_eq!(preview.of_deployment("daily"), "daily--pr-1");
        assert_eq!(preview.tag(), "preview:pr-1");
        for (allows_dashes, names) in [
            (true, ["prefectl-preview-pr-1", "prefectl-preview-pr-1--2"]),
            (false, ["prefectl_preview_pr_d1", "prefectl_preview_pr_d1_n2"]),
        ] {
            assert_eq!([0, 2].map(|number| preview.variable(number, allows_dashes)), names);
            assert!(names.into_iter().all(PreviewName::is_record_name));
        }
    }
}
