//! The id under which a project records its deployments.

/// The id of a project: what its deployments have in common, whatever its file is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectId(String);

/// An id that cannot be part of a variable's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no project id: use up to 80 lowercase letters, digits, `_` and single `-`")]
pub(crate) struct InvalidProjectId(String);

impl ProjectId {
    /// Prefix of the names of the variables that record a project's deployments.
    pub(crate) const VARIABLE_PREFIX: &str = "prefectl-project-";

    pub(crate) fn new(text: &str) -> Result<Self, InvalidProjectId> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        // Two dashes stand before the number of a further variable.
        if text.is_empty() || text.len() > 80 || !text.chars().all(is_allowed) || text.contains("--") {
            return Err(InvalidProjectId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn variable(&self, number: usize) -> String {
        let Self(id) = self;
        let prefix = Self::VARIABLE_PREFIX;
        if number == 0 { format!("{prefix}{id}") } else { format!("{prefix}{id}--{number}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parts_of_names_of_variables() {
        let id = ProjectId::new("team-a_flows1").unwrap();
        assert_eq!(id.variable(0), "prefectl-project-team-a_flows1");
        assert_eq!(id.variable(2), "prefectl-project-team-a_flows1--2");
        let long = "x".repeat(81);
        for wrong in ["", "Team", "a b", "a/b", "ä", &long] {
            assert_eq!(ProjectId::new(wrong), Err(InvalidProjectId(wrong.to_owned())));
        }
    }
}
