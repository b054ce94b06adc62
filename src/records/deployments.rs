//! Deployments that projects have registered.
//!
//! If another tool recreates a deployment, the new ID is not recorded. Each variable contains one project file's
//! deployments. A command therefore prunes only deployments from the files that it reads, and deploys of different
//! files do not change the same variable.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    project_records::{ProjectRecord, ProjectRecords},
    shards::{Edit, Record},
};
use crate::deployment::ProjectId;

/// Value of a variable that records deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeploymentRecord {
    project: String,
    /// Path of the project file that declares the deployments. `None` in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    deployments: BTreeSet<Uuid>,
}

impl Record for DeploymentRecord {
    type Item = Uuid;

    fn items(&self) -> &BTreeSet<Uuid> {
        &self.deployments
    }

    fn with_items(&self, deployments: BTreeSet<Uuid>) -> Self {
        Self { project: self.project.clone(), file: self.file.clone(), deployments }
    }

    fn accepts(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl ProjectRecord for DeploymentRecord {
    fn is_name(variable: &str) -> bool {
        ProjectId::is_record_name(variable)
    }

    fn project(&self) -> &str {
        &self.project
    }

    fn id(item: &Uuid) -> Uuid {
        *item
    }
}

impl ProjectRecords<DeploymentRecord> {
    /// Returns whether the project has registered the deployment.
    pub(crate) fn is_registered(&self, id: Uuid) -> bool {
        self.own.items().any(|own| *own == id)
    }

    /// Returns the deployments that only this project has registered and that are not in `declared`. `owns` returns
    /// whether the command may prune a file's deployments.
    pub(crate) fn undeclared(
        &self,
        declared: &BTreeSet<Uuid>,
        owns: impl Fn(Option<&String>) -> bool,
    ) -> BTreeSet<Uuid> {
        let (own, others): (Vec<_>, Vec<_>) =
            self.own.records().partition(|record| owns(record.file.as_ref()));
        let ids = |records: Vec<&DeploymentRecord>| -> BTreeSet<Uuid> {
            records.into_iter().flat_map(|record| &record.deployments).copied().collect()
        };
        // A deployment that moves to another file is recorded for both files until its old record is removed.
        let mut undeclared = &ids(own) - &ids(others);
        undeclared.retain(|id| !declared.contains(id) && !self.is_shared(*id));
        undeclared
    }

    /// Returns the edits that register and remove deployments. Each registered deployment has its file's recorded path.
    /// `name` returns the name of the variable with a given number.
    pub(super) fn edits(
        &self,
        project: &ProjectId,
        registered: &BTreeMap<Uuid, Option<String>>,
        removed: &BTreeSet<Uuid>,
        name: impl Fn(usize) -> String,
    ) -> Vec<Edit> {
        let revise = |record: &DeploymentRecord| {
            let is_kept = |id: &Uuid| match registered.get(id) {
                Some(file) => *file == record.file,
                None => !removed.contains(id),
            };
            record.with_items(record.deployments.iter().copied().filter(is_kept).collect())
        };
        let mut by_file: BTreeMap<&Option<String>, BTreeSet<Uuid>> = BTreeMap::new();
        for (id, file) in registered {
            by_file.entry(file).or_default().insert(*id);
        }
        let mut revision = self.own.revised(revise);
        for (file, deployments) in by_file {
            let (project, file) = (project.as_str().to_owned(), file.clone());
            revision.add(&DeploymentRecord { project, file, deployments }, &name);
        }
        revision.edits()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::api::testing::variable;

    type Records = ProjectRecords<DeploymentRecord>;

    fn records<const N: usize>(values: [Json; N]) -> Records {
        let variables: Vec<_> = values
            .into_iter()
            .enumerate()
            .map(|(number, value)| variable(&format!("prefectl-project-{number}"), value))
            .collect();
        Records::new(&variables, ProjectId::new("a").ok().as_ref()).unwrap()
    }

    #[test]
    fn rejects_unreadable_records() {
        let [own, other] = [1, 2].map(Uuid::from_u128);
        let records = records([
            json!({"project": "a", "deployments": [own]}),
            json!({"project": "b", "deployments": [other]}),
        ]);
        assert!(records.is_registered(own) && !records.is_registered(other));
        assert_eq!((records.other_owners(own), records.other_owners(other)), (vec![], vec!["b"]));
        for value in [
            json!("text"),
            json!({"project": "b"}),
            json!({"project": "b", "deployments": ["x"]}),
            json!(null),
        ] {
            let variables = [variable("prefectl-project-b", value.clone())];
            let error = Records::new(&variables, ProjectId::new("a").ok().as_ref()).unwrap_err();
            assert_eq!(error.variable, "prefectl-project-b", "{value}");
        }
    }

    #[test]
    fn keeps_deployments_that_others_also_registered() {
        let [declared, undeclared, shared, moved] = [1, 2, 3, 4].map(Uuid::from_u128);
        let records = records([
            json!({"project": "a", "deployments": [declared, undeclared, shared, moved]}),
            json!({"project": "b", "deployments": [shared]}),
            json!({"project": "a", "file": "other/prefect.yaml", "deployments": [moved]}),
        ]);
        let declared = BTreeSet::from([declared]);
        assert_eq!(records.undeclared(&declared, |file| file.is_none()), [undeclared].into());
        assert_eq!(records.undeclared(&declared, |file| file.is_some()), BTreeSet::new());
        assert_eq!(records.undeclared(&declared, |_| true), [undeclared, moved].into());
    }

    #[test]
    fn distributes_deployments_by_file() {
        let [a, b, other] = [1, 2, 3].map(Uuid::from_u128);
        let records = records([
            json!({"project": "a", "deployments": [a, b]}),
            json!({"project": "b", "deployments": [other]}),
        ]);
        let project = ProjectId::new("a").unwrap();
        let file = Some("a/prefect.yaml".to_owned());
        let edits = |registered: &[(Uuid, &Option<String>)]| {
            let registered = registered.iter().map(|(id, file)| (*id, (*file).clone())).collect();
            let name = |number: usize| format!("prefectl-project-{number}");
            records.edits(&project, &registered, &BTreeSet::new(), name)
        };
        let create = |ids: &[Uuid]| Edit::Create {
            name: "prefectl-project-2".to_owned(),
            value: json!({"project": "a", "file": file, "deployments": ids}),
        };
        let id = Uuid::nil();
        // First one deployment is registered again, then both.
        let rest = Edit::Replace { id, value: json!({"project": "a", "deployments": [b]}) };
        assert_eq!(edits(&[(a, &file), (b, &None)]), [create(&[a]), rest]);
        assert_eq!(edits(&[(a, &file), (b, &file)]), [create(&[a, b]), Edit::Delete { id }]);
        assert!(edits(&[(a, &None)]).is_empty());
    }
}
