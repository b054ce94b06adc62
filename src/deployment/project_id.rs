//! The ID that identifies a project's records.

use serde::{Deserialize, Serialize};

use crate::project::EnvironmentName;

/// A project ID. Deployments from any number of files can belong to a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ProjectId(String);

/// The error for a project ID that contains forbidden characters or is too long.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid project ID '{0}': use up to 80 lowercase letters, digits, `_` and single `-`")]
pub(crate) struct InvalidProjectId(String);

impl TryFrom<String> for ProjectId {
    type Error = InvalidProjectId;

    fn try_from(text: String) -> Result<Self, InvalidProjectId> {
        Self::new(&text)
    }
}

impl From<ProjectId> for String {
    fn from(id: ProjectId) -> Self {
        id.0
    }
}

impl ProjectId {
    /// Name prefix of all variables that record a project's deployments.
    pub(crate) const VARIABLE_PREFIX: &str = "prefectl";

    pub(crate) fn new(text: &str) -> Result<Self, InvalidProjectId> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        // A double dash separates the ID from the number of a variable.
        if text.is_empty() || text.len() > 80 || !text.chars().all(is_allowed) || text.contains("--") {
            return Err(InvalidProjectId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the ID under which an environment's deployments are recorded. Environments have separate records, so
    /// that pruning one environment does not delete the deployments of another.
    ///
    /// The ID contains a double dash, so it differs from the IDs of all projects. In the environment's name,
    /// uppercase letters, `-` and `_` are encoded, because variable names only have lowercase letters, and a
    /// double dash must not precede a number.
    #[must_use]
    pub(crate) fn in_environment(&self, environment: &EnvironmentName) -> Self {
        let encoded = environment.as_str().chars().map(|character| match character {
            '_' => "_u".to_owned(),
            '-' => "_d".to_owned(),
            upper if upper.is_ascii_uppercase() => format!("_c{}", upper.to_ascii_lowercase()),
            other => other.to_string(),
        });
        Self(format!("{}--env-{}", self.0, encoded.collect::<String>()))
    }

    /// Returns the project ID without the environment.
    #[must_use]
    pub(crate) fn without_environment(&self) -> Self {
        Self(self.0.split_once("--env-").map_or(self.0.as_str(), |(id, _)| id).to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Describes a recorded ID for messages, such as `project 'etl' in environment 'prod'`.
    pub(crate) fn describe(id: &str) -> String {
        let Some((project, encoded)) = id.split_once("--env-") else { return format!("project '{id}'") };
        let mut environment = String::new();
        let mut characters = encoded.chars();
        while let Some(character) = characters.next() {
            match (character, if character == '_' { characters.next() } else { None }) {
                ('_', Some('u')) => environment.push('_'),
                ('_', Some('d')) => environment.push('-'),
                ('_', Some('c')) => environment.extend(characters.next().map(|c| c.to_ascii_uppercase())),
                (other, next) => environment.extend([Some(other), next].into_iter().flatten()),
            }
        }
        format!("project '{project}' in environment '{environment}'")
    }

    /// Returns the name prefix of the project's preview variables.
    pub(super) fn preview_prefix(&self, allows_dashes: bool) -> String {
        let Self(id) = self;
        if allows_dashes {
            format!("prefectl-preview-{id}--")
        } else {
            format!("prefectl_preview_{}_p", id.replace('_', "_u").replace('-', "_d"))
        }
    }

    /// Returns the project whose preview a variable records, and the rest of the variable's name. Returns
    /// `None` if the name does not belong to a preview record.
    pub(super) fn from_preview_variable(variable: &str) -> Option<(Self, &str)> {
        let (id, rest) = if let Some(name) = variable.strip_prefix("prefectl-preview-") {
            let (id, rest) = name.split_once("--")?;
            // An ID may end with a dash. A preview name does not start with a dash.
            rest.strip_prefix('-').map_or_else(|| (id.to_owned(), rest), |rest| (format!("{id}-"), rest))
        } else {
            let (id, rest) = variable.strip_prefix("prefectl_preview_")?.split_once("_p")?;
            (id.replace("_d", "-").replace("_u", "_"), rest)
        };
        let project = Self::new(&id).ok()?;
        // An incorrectly encoded ID belongs to a different kind of variable.
        variable.starts_with(&project.preview_prefix(variable.contains('-'))).then_some((project, rest))
    }

    /// Returns the variable's name for the given number.
    ///
    /// Servers before Prefect 3.4.2 reject names that contain dashes. For these servers, `-` is encoded as
    /// `_d` and `_` as `_u`.
    pub(crate) fn variable(&self, number: usize, allows_dashes: bool) -> String {
        self.record_name("project", number, allows_dashes)
    }

    /// Returns the name of a variable that stores the project's resource record. A record can span multiple variables;
    /// `number` selects one of them.
    pub(crate) fn resource_variable(&self, number: usize, allows_dashes: bool) -> String {
        self.record_name("resources", number, allows_dashes)
    }

    fn record_name(&self, content: &str, number: usize, allows_dashes: bool) -> String {
        let Self(id) = self;
        match (allows_dashes, number) {
            (true, 0) => format!("prefectl-{content}-{id}"),
            (true, number) => format!("prefectl-{content}-{id}--{number}"),
            (false, number) => {
                let id = id.replace('_', "_u").replace('-', "_d");
                let number = if number == 0 { String::new() } else { format!("_n{number}") };
                format!("prefectl_{content}_{id}{number}")
            }
        }
    }

    /// Returns whether a variable name belongs to a resource record.
    pub(crate) fn is_resource_record_name(name: &str) -> bool {
        name.starts_with("prefectl-resources-") || name.starts_with("prefectl_resources_")
    }

    /// Returns whether a variable name belongs to a project record.
    pub(crate) fn is_record_name(name: &str) -> bool {
        name.starts_with("prefectl-project-") || name.starts_with("prefectl_project_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_variable_names_from_ids() {
        let id = ProjectId::new("team-a_flows1").unwrap();
        assert_eq!(id.variable(0, true), "prefectl-project-team-a_flows1");
        assert_eq!(id.variable(2, true), "prefectl-project-team-a_flows1--2");
        assert_eq!(id.variable(0, false), "prefectl_project_team_da_uflows1");
        assert_eq!(id.variable(2, false), "prefectl_project_team_da_uflows1_n2");
        let prod = id.in_environment(&"Prod-1_x".parse().unwrap());
        assert_eq!((prod.without_environment(), id.without_environment()), (id.clone(), id.clone()));
        let described = "project 'team-a_flows1' in environment 'Prod-1_x'";
        assert_eq!(ProjectId::describe(prod.as_str()), described);
        assert_eq!(ProjectId::describe(id.as_str()), "project 'team-a_flows1'");
        assert_eq!(prod.variable(2, true), "prefectl-project-team-a_flows1--env-_cprod_d1_ux--2");
        assert_eq!(id.resource_variable(1, true), "prefectl-resources-team-a_flows1--1");
        let long = "x".repeat(81);
        for wrong in ["", "Team", "a b", "a/b", "ä", &long] {
            assert_eq!(ProjectId::new(wrong), Err(InvalidProjectId(wrong.to_owned())));
        }
    }
}
