//! The name of a preview. The deployments of a preview are copies of declared deployments.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ProjectId;

/// Separates the deployment name from the preview name.
const SEPARATOR: &str = "--";

/// Maximum length of a preview name.
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

    /// Returns the name of a deployment's copy.
    pub(crate) fn of_deployment(&self, deployment: &str) -> String {
        format!("{deployment}{SEPARATOR}{}", self.0)
    }

    /// Returns the name of the original deployment for a preview copy, or `None` if `copy` is not the name of a copy.
    /// The flow name may precede both names.
    pub(crate) fn original<'a>(&self, copy: &'a str) -> Option<&'a str> {
        copy.strip_suffix(&self.0)?.strip_suffix(SEPARATOR)
    }

    /// Returns the tag that all deployments of the preview have.
    pub(crate) fn tag(&self) -> String {
        format!("preview:{}", self.0)
    }

    /// Returns whether a deployment with the given name and tags is a copy that belongs to any preview.
    pub(crate) fn is_copy(name: &str, tags: &[String]) -> bool {
        let preview = name.rsplit_once(SEPARATOR).and_then(|(_, preview)| preview.parse::<Self>().ok());
        preview.is_some_and(|preview| tags.contains(&preview.tag()))
    }

    /// Returns the name of a variable that stores the preview's record. A record can span multiple variables; `number`
    /// selects one of them.
    ///
    /// Servers before Prefect 3.4.2 reject names that contain dashes. For these servers, `-` is encoded as `_d`.
    pub(crate) fn variable(&self, project: &ProjectId, number: usize, allows_dashes: bool) -> String {
        let Self(name) = self;
        let prefix = project.preview_prefix(allows_dashes);
        match (allows_dashes, number) {
            (true, 0) => format!("{prefix}{name}"),
            (true, number) => format!("{prefix}{name}--{number}"),
            (false, 0) => format!("{prefix}{}", name.replace('-', "_d")),
            (false, number) => format!("{prefix}{}_n{number}", name.replace('-', "_d")),
        }
    }

    /// Returns the project and the preview that a variable records, or `None` if the variable name does not belong to
    /// a preview record.
    pub(crate) fn from_variable(variable: &str) -> Option<(ProjectId, Self)> {
        let (project, rest) = ProjectId::from_preview_variable(variable)?;
        let allows_dashes = variable.contains('-');
        let (name, number) = rest.split_once(if allows_dashes { "--" } else { "_n" }).unwrap_or((rest, "0"));
        number.parse::<usize>().ok()?;
        let name = if allows_dashes { name.to_owned() } else { name.replace("_d", "-") };
        Some((project, name.parse().ok()?))
    }

    /// Returns whether a variable name belongs to a preview record.
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
        let tags = ["etl", "preview:pr-1"].map(str::to_owned);
        for (name, is_copy) in
            [("daily--pr-1", true), ("a--b--pr-1", true), ("daily", false), ("daily--pr-2", false)]
        {
            assert_eq!(PreviewName::is_copy(name, &tags), is_copy, "{name}");
        }
        for (copy, original) in [("f/a--b--pr-1", Some("f/a--b")), ("f/pr-1", None), ("f/daily--pr-11", None)]
        {
            assert_eq!(preview.original(copy), original);
        }
        assert!(!PreviewName::is_copy("daily--pr-1", &tags[..1]));
    }

    #[test]
    fn names_of_variables_contain_the_project() {
        let preview: PreviewName = "pr-1".parse().unwrap();
        let trailing = ProjectId::new("x-").unwrap();
        assert_eq!(
            PreviewName::from_variable(&preview.variable(&trailing, 0, true)),
            Some((trailing, preview.clone()))
        );
        let project = ProjectId::new("team-a_b").unwrap();
        for (allows_dashes, names) in [
            (true, ["prefectl-preview-team-a_b--pr-1", "prefectl-preview-team-a_b--pr-1--2"]),
            (false, ["prefectl_preview_team_da_ub_ppr_d1", "prefectl_preview_team_da_ub_ppr_d1_n2"]),
        ] {
            assert_eq!([0, 2].map(|number| preview.variable(&project, number, allows_dashes)), names);
            for name in names {
                assert!(PreviewName::is_record_name(name));
                assert_eq!(
                    PreviewName::from_variable(name),
                    Some((project.clone(), preview.clone())),
                    "{name}"
                );
            }
        }
        for name in [
            "prefectl-preview-team-a_b--x--y",
            "prefectl-preview-team-a_b--X",
            "prefectl-preview-team",
            "prefectl-preview-----x",
            "prefectl-project-team-a_b",
            "prefectl_preview_team_x_p1",
        ] {
            assert_eq!(PreviewName::from_variable(name), None, "{name}");
        }
    }
}
