//! Records which deployments a project has registered. `--prune` only deletes recorded deployments.
//!
//! Prefect variables store the ids of the deployments, because the server cannot change the labels of an
//! existing deployment. If another tool recreates a deployment, the new id is not recorded. A variable is
//! limited to 5000 characters, so large projects use several variables.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::ProjectId,
};

/// Maximum number of deployment ids stored in a variable.
const IDS_PER_VARIABLE: usize = 100;

/// Value of a variable.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    project: String,
    deployments: BTreeSet<Uuid>,
}

/// The error for a record that is not a list of deployments.
///
/// Ignoring such a record could delete deployments of other projects, or lose track of the project's own
/// deployments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the project record in variable '{variable}' is unreadable: {reason}")]
pub(crate) struct UnreadableRecord {
    pub(crate) variable: String,
    reason: String,
}

/// Error of reading project records.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnershipError {
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Deployments that are recorded for a project and for other projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) own: BTreeSet<Uuid>,
    /// Deployments that other projects have registered. This includes deployments that the project has also
    /// registered.
    pub(crate) others: BTreeSet<Uuid>,
    /// Names of the variables that contain the project's records.
    variables: Vec<String>,
}

impl Membership {
    /// Reads all records. If `project` is `None`, all recorded deployments belong to other projects.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, OwnershipError> {
        let variables = client.variables_like(ProjectId::VARIABLE_PREFIX).await?;
        let records = variables.into_iter().filter(|variable| ProjectId::is_record_name(&variable.name));
        Ok(Self::from_records(records.map(|variable| (variable.name, variable.value)), project)?)
    }

    /// Combines records, which are passed as the names and values of variables.
    fn from_records(
        records: impl Iterator<Item = (String, Json)>,
        project: Option<&ProjectId>,
    ) -> Result<Self, UnreadableRecord> {
        let mut membership = Self::default();
        for (name, value) in records {
            let record = serde_json::from_value::<Record>(value);
            let record = match record {
                Ok(record) => record,
                Err(error) => return Err(UnreadableRecord { variable: name, reason: error.to_string() }),
            };
            if project.is_some_and(|project| record.project == project.as_str()) {
                membership.own.extend(record.deployments);
                membership.variables.push(name);
            } else {
                membership.others.extend(record.deployments);
            }
        }
        Ok(membership)
    }

    /// Returns the deployments that only this project has registered and that are not in `declared`.
    pub(crate) fn undeclared(&self, declared: &BTreeSet<Uuid>) -> BTreeSet<Uuid> {
        self.own.iter().filter(|id| !declared.contains(id) && !self.others.contains(id)).copied().collect()
    }

    /// Writes the project's record if it has changed.
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
    fn a_full_variable_fits_the_limit_of_the_server() {
        let deployments = (0..IDS_PER_VARIABLE).map(|_| Uuid::new_v4()).collect();
        let value = json!(Record { project: "x".repeat(80), deployments });
        // Python adds spaces after commas.
        assert!(value.to_string().len() + IDS_PER_VARIABLE < 5000);
    }

    #[test]
    fn rejects_unreadable_records() {
        let [own, other] = [1, 2].map(Uuid::from_u128);
        let record = |project: &str, id: Uuid| json!({"project": project, "deployments": [id]});
        let read = |value: Json| {
            let variables = [
                ("prefectl-project-a".to_owned(), record("a", own)),
                ("prefectl-project-b".to_owned(), value),
            ];
            Membership::from_records(variables.into_iter(), ProjectId::new("a").ok().as_ref())
        };
        let membership = read(record("b", other)).unwrap();
        assert_eq!((membership.own, membership.others), ([own].into(), [other].into()));
        for value in [
            json!("text"),
            json!({"project": "b"}),
            json!({"project": "b", "deployments": ["x"]}),
            json!(null),
        ] {
            assert_eq!(read(value.clone()).unwrap_err().variable, "prefectl-project-b", "{value}");
        }
    }

    #[test]
    fn keeps_deployments_that_others_also_registered() {
        let [declared, gone, shared] = [1, 2, 3].map(Uuid::from_u128);
        let membership = Membership {
            own: [declared, gone, shared].into(),
            others: [shared].into(),
            variables: Vec::new(),
        };
        assert_eq!(membership.undeclared(&[declared].into()), [gone].into());
    }
}
