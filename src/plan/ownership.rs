//! Which deployments a project has registered: what `--prune` may remove.
//!
//! The server does not change the labels of a deployment that exists, and cannot be asked for those that have one. So
//! the set is kept in Prefect variables, by id: whoever deletes a deployment and makes another one of the same name
//! has made one that is not in it. A variable holds 5000 characters; a large project has several.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::ProjectId,
};

/// How many ids a variable has room for.
const IDS_PER_VARIABLE: usize = 100;

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
    /// Names of the variables with the project's records.
    variables: Vec<String>,
}

impl Membership {
    /// Reads what is recorded on the server. Without a project, all is of others.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, ApiError> {
        let mut membership = Self::default();
        for variable in client.variables_like(ProjectId::VARIABLE_PREFIX).await? {
            if !ProjectId::is_record_name(&variable.name) {
                continue;
            }
            // A variable that only looks like one of ours is somebody else's.
            let Ok(record) = serde_json::from_value::<Record>(variable.value) else { continue };
            if project.is_some_and(|project| record.project == project.as_str()) {
                membership.own.extend(record.deployments);
                membership.variables.push(variable.name);
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
        let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
        let mut names = BTreeSet::new();
        let ids: Vec<Uuid> = deployments.iter().copied().collect();
        let chunks: Vec<&[Uuid]> = ids.chunks(IDS_PER_VARIABLE).collect();
        for (number, chunk) in chunks.iter().enumerate() {
            let value = json!(Record {
                project: project.as_str().to_owned(),
                deployments: chunk.iter().copied().collect()
            });
            let name = project.variable(number, allows_dashes);
            client.set_variable(&name, &value).await?;
            names.insert(name);
        }
        for name in self.variables.iter().filter(|name| !names.contains(*name)) {
            client.delete_variable(name).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let membership = Membership {
            own: [declared, gone, shared].into(),
            of_others: [shared].into(),
            variables: Vec::new(),
        };
        assert_eq!(membership.undeclared(&[declared].into()), [gone].into());
    }
}
