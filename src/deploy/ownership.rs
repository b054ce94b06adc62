//! Which deployments a project has registered: what `--prune` may remove.
//!
//! The server does not change the labels of a deployment that exists, and cannot be asked for those that have one. So
//! the set is kept in Prefect variables, by id: whoever deletes a deployment and makes another one of the same name
//! has made one that is not in it. A variable holds 5000 characters; a large project has several.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::api::{ApiError, Client};

/// What the names of our variables begin with.
const PREFIX: &str = "prefectl-project-";
/// How many ids a variable has room for.
const IDS_PER_VARIABLE: usize = 100;

/// The id of a project: what its deployments have in common, whatever its file is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectId(String);

/// An id that cannot be part of a variable's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no project id: use up to 80 lowercase letters, digits, `_` and single `-`")]
pub(crate) struct InvalidProjectId(String);

impl ProjectId {
    pub(crate) fn new(text: &str) -> Result<Self, InvalidProjectId> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        // Two dashes stand before the number of a further variable.
        if text.is_empty() || text.len() > 80 || !text.chars().all(is_allowed) || text.contains("--") {
            return Err(InvalidProjectId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    fn variable(&self, number: usize) -> String {
        let Self(id) = self;
        if number == 0 { format!("{PREFIX}{id}") } else { format!("{PREFIX}{id}--{number}") }
    }
}

/// The value of a variable.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    project: String,
    deployments: BTreeSet<Uuid>,
}

/// The deployments of a project, and those of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) own: BTreeSet<Uuid>,
    /// Also the project's own, if others have registered them too.
    pub(crate) of_others: BTreeSet<Uuid>,
    /// How many variables the project has.
    variables: usize,
}

impl Membership {
    /// Reads what is recorded on the server. Without a project, all is of others.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, ApiError> {
        let mut membership = Self::default();
        for variable in client.variables_like(PREFIX).await? {
            // A variable that only looks like one of ours is somebody else's.
            let Ok(record) = serde_json::from_value::<Record>(variable.value) else { continue };
            if project.is_some_and(|project| record.project == project.0) {
                membership.own.extend(record.deployments);
                membership.variables += 1;
            } else {
                membership.of_others.extend(record.deployments);
            }
        }
        Ok(membership)
    }

    /// Those that the project alone has registered and that are not among `declared`.
    pub(crate) fn undeclared(&self, declared: &BTreeSet<Uuid>) -> BTreeSet<Uuid> {
        self.own.iter().filter(|id| !declared.contains(id) && !self.of_others.contains(id)).copied().collect()
    }

    /// Records the project's deployments, if they are others than before.
    pub(crate) async fn record(
        &self,
        client: &Client,
        project: &ProjectId,
        deployments: &BTreeSet<Uuid>,
    ) -> Result<(), ApiError> {
        if *deployments == self.own {
            return Ok(());
        }
        let ids: Vec<Uuid> = deployments.iter().copied().collect();
        let chunks: Vec<&[Uuid]> = ids.chunks(IDS_PER_VARIABLE).collect();
        for (number, chunk) in chunks.iter().enumerate() {
            let value =
                json!(Record { project: project.0.clone(), deployments: chunk.iter().copied().collect() });
            client.set_variable(&project.variable(number), &value).await?;
        }
        for number in chunks.len()..self.variables {
            client.delete_variable(&project.variable(number)).await?;
        }
        Ok(())
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

    #[test]
    fn a_full_variable_is_short_enough() {
        let deployments = (0..IDS_PER_VARIABLE).map(|_| Uuid::new_v4()).collect();
        let value = json!(Record { project: "x".repeat(80), deployments });
        // As Python writes it, with spaces behind commas.
        assert!(value.to_string().len() + IDS_PER_VARIABLE < 5000);
    }

    #[test]
    fn what_others_have_registered_too_is_not_pruned() {
        let [declared, gone, shared] = [1, 2, 3].map(Uuid::from_u128);
        let membership =
            Membership { own: [declared, gone, shared].into(), of_others: [shared].into(), variables: 1 };
        assert_eq!(membership.undeclared(&[declared].into()), [gone].into());
    }
}
