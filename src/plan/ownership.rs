//! Records of the deployments that a project registered, which `--prune` may delete.
//!
//! The server cannot change labels of existing deployments, so Prefect variables record the ids. A recreated
//! deployment has a new id and is not recorded. A variable has at most 5000 characters; large projects have
//! several.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::ProjectId,
};

/// Maximum number of ids per variable.
const IDS_PER_VARIABLE: usize = 100;

/// Value of a variable.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    project: String,
    deployments: BTreeSet<Uuid>,
}

/// A record that does not list deployments. Continuing would delete deployments of other projects or forget own ones.
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

/// Deployments recorded for a project and for other projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) own: BTreeSet<Uuid>,
    /// Includes deployments of this project that others also registered.
    pub(crate) of_others: BTreeSet<Uuid>,
    /// Names of the variables with the project's records.
    variables: Vec<String>,
}

impl Membership {
    /// Reads all records. Without a project, every record belongs to others.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, OwnershipError> {
        let variables = client.variables_like(ProjectId::VARIABLE_PREFIX).await?;
        let records = variables.into_iter().filter(|variable| ProjectId::is_record_name(&variable.name));
        Ok(Self::from_records(records.map(|variable| (variable.name, variable.value)), project)?)
    }

    /// Collects records, which are names and values of variables.
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
                membership.of_others.extend(record.deployments);
            }
        }
        Ok(membership)
    }

    /// Returns deployments that only this project registered and that are not in `declared`.
    pub(crate) fn undeclared(&self, declared: &BTreeSet<Uuid>) -> BTreeSet<Uuid> {
        self.own.iter().filter(|id| !declared.contains(id) && !self.of_others.contains(id)).copied().collect()
    }

    /// Writes the record if it has changed.
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
        assert_eq!((membership.own, membership.of_others), ([own].into(), [other].into()));
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
            of_others: [shared].into(),
            variables: Vec::new(),
        };
        assert_eq!(membership.undeclared(&[declared].into()), [gone].into());
    }
}
