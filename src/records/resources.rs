//! Resources that projects have registered.
//!
//! Each variable contains one project file's resources, so deploys of different files do not change the same variable.
//! Variables written by earlier releases may contain resources from multiple files.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    project_records::{ProjectRecord, ProjectRecords},
    shards::{self, Edit, Record},
};
use crate::{
    api::{ApiError, Client},
    deployment::ProjectId,
    resource::{ResourceKey, ResourceKind},
};

/// A resource on the server that a project has registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OwnedResource {
    #[serde(flatten)]
    pub(crate) key: ResourceKey,
    pub(crate) id: Uuid,
    /// Recorded path of the project file. `None` in records from earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// In records from earlier releases, the registering command's directory, relative to the Git repository. `None`
    /// outside a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) directory: Option<String>,
}

impl OwnedResource {
    /// Returns whether a command in `directory` might have registered the resource.
    pub(crate) fn is_in(&self, directory: Option<&str>) -> bool {
        self.directory.is_none() || self.directory.as_deref() == directory
    }
}

/// Value of a variable that records resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResourceRecord {
    project: String,
    resources: BTreeSet<OwnedResource>,
}

impl Record for ResourceRecord {
    type Item = OwnedResource;

    fn items(&self) -> &BTreeSet<OwnedResource> {
        &self.resources
    }

    fn with_items(&self, resources: BTreeSet<OwnedResource>) -> Self {
        Self { project: self.project.clone(), resources }
    }

    fn accepts(&self, other: &Self) -> bool {
        let mut files = self.resources.iter().chain(&other.resources).map(|owned| &owned.file);
        let first = files.next();
        files.all(|file| Some(file) == first)
    }
}

impl ProjectRecord for ResourceRecord {
    fn is_name(variable: &str) -> bool {
        ProjectId::is_resource_record_name(variable)
    }

    fn project(&self) -> &str {
        &self.project
    }

    fn id(item: &OwnedResource) -> Uuid {
        item.id
    }
}

/// Returns the IDs of a project's registered resources. Ignores unreadable records.
pub(crate) async fn registered_ids(client: &Client, project: &ProjectId) -> Result<BTreeSet<Uuid>, ApiError> {
    let variables = shards::read(client).await?.into_iter();
    let records = variables
        .filter(|variable| ResourceRecord::is_name(&variable.name))
        .filter_map(|variable| serde_json::from_value::<ResourceRecord>(variable.value).ok());
    let own = records.filter(|record| record.project == project.as_str());
    Ok(own.flat_map(|record| record.resources).map(|owned| owned.id).collect())
}

impl ProjectRecords<ResourceRecord> {
    /// Returns whether the project has registered the resource.
    pub(crate) fn is_registered(&self, key: &ResourceKey, id: Uuid) -> bool {
        self.own.items().any(|owned| owned.key == *key && owned.id == id)
    }

    /// Returns the ID of the registered resource with the given kind and name.
    pub(crate) fn id(&self, key: &ResourceKey) -> Option<Uuid> {
        self.own.items().find(|owned| owned.key == *key).map(|owned| owned.id)
    }

    /// Returns the names of the project's registered automations.
    pub(crate) fn automation_names(&self) -> BTreeSet<String> {
        let automations = self.own.items().filter(|owned| owned.key.kind == ResourceKind::Automation);
        automations.map(|owned| owned.key.name.clone()).collect()
    }

    /// Returns the registered resources that are not declared. Omits resources for which `is_here` returns `false`
    /// because a file that the command does not read may declare them.
    pub(crate) fn undeclared(
        &self,
        declared: &BTreeSet<ResourceKey>,
        is_here: impl Fn(&OwnedResource) -> bool,
    ) -> Vec<&OwnedResource> {
        self.own.items().filter(|owned| is_here(owned) && !declared.contains(&owned.key)).collect()
    }

    /// Returns the edits that register and remove resources. Registered resources replace resources with the same kind
    /// and name. `name` returns the name of the variable with a given number.
    pub(super) fn edits(
        &self,
        project: &ProjectId,
        registered: &[OwnedResource],
        removed: &BTreeSet<ResourceKey>,
        name: impl Fn(usize) -> String,
    ) -> Vec<Edit> {
        let registered: BTreeMap<&ResourceKey, &OwnedResource> =
            registered.iter().map(|owned| (&owned.key, owned)).collect();
        let revise = |record: &ResourceRecord| {
            let is_kept = |owned: &&OwnedResource| match registered.get(&owned.key) {
                Some(new) => new == owned,
                None => !removed.contains(&owned.key),
            };
            record.with_items(record.resources.iter().filter(is_kept).cloned().collect())
        };
        let mut by_file: BTreeMap<&Option<String>, BTreeSet<OwnedResource>> = BTreeMap::new();
        for owned in registered.values() {
            by_file.entry(&owned.file).or_default().insert((*owned).clone());
        }
        let mut revision = self.own.revised(revise);
        for resources in by_file.into_values() {
            revision.add(&ResourceRecord { project: project.as_str().to_owned(), resources }, &name);
        }
        revision.edits()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::api::testing::variable;

    type Records = ProjectRecords<ResourceRecord>;

    fn owned(kind: ResourceKind, name: &str, id: u128) -> OwnedResource {
        let (file, directory) = (None, None);
        OwnedResource { key: ResourceKey::new(kind, name), id: Uuid::from_u128(id), file, directory }
    }

    fn value(project: &str, resources: &[OwnedResource]) -> Json {
        json!({"project": project, "resources": resources})
    }

    fn records(own: &[OwnedResource], others: &[OwnedResource]) -> Records {
        let variables = [
            variable("prefectl-resources-a", value("a", own)),
            variable("prefectl-resources-b", value("b", others)),
        ];
        Records::new(&variables, ProjectId::new("a").ok().as_ref()).unwrap()
    }

    #[test]
    fn separates_the_records_of_projects() {
        let (pool, region) = (owned(ResourceKind::WorkPool, "p", 1), owned(ResourceKind::Variable, "v", 2));
        assert_eq!(value("a", std::slice::from_ref(&pool))["resources"][0]["kind"], "work_pool");
        let records = records(std::slice::from_ref(&pool), std::slice::from_ref(&region));
        assert!(records.is_registered(&pool.key, pool.id) && !records.is_registered(&region.key, region.id));
        assert_eq!(records.other_owners(region.id), ["b"]);
        for value in [json!("text"), json!({"project": "a"}), json!({"project": "a", "resources": [1]})] {
            let error = Records::new(&[variable("prefectl-resources-a", value)], None).unwrap_err();
            assert_eq!(error.variable, "prefectl-resources-a");
        }
    }

    #[test]
    fn resources_of_other_directories_are_declared_elsewhere() {
        let in_directory = |name: &str, directory: &str| OwnedResource {
            directory: Some(directory.to_owned()),
            ..owned(ResourceKind::Variable, name, 1)
        };
        let own = [
            in_directory("a", "services/a"),
            in_directory("b", "services/b"),
            owned(ResourceKind::Block, "c", 2),
        ];
        let records = records(&own, &[]);
        let names = |directory| -> Vec<&str> {
            let found = records.undeclared(&BTreeSet::new(), |owned| owned.is_in(directory));
            found.into_iter().map(|owned| owned.key.name.as_str()).collect()
        };
        assert_eq!(names(Some("services/a")), ["a", "c"]);
        assert_eq!(names(Some("")), ["c"]);
        assert_eq!(names(None), ["c"]);
    }

    #[test]
    fn resources_of_files_have_separate_records() {
        let in_file = |name: &str, id: u128, file: Option<&str>| OwnedResource {
            file: file.map(str::to_owned),
            ..owned(ResourceKind::Variable, name, id)
        };
        let earlier = [in_file("a", 1, None), in_file("b", 2, Some("b.yaml"))];
        let project = ProjectId::new("a").unwrap();
        let edits = |registered: &[OwnedResource]| {
            let name = |number: usize| format!("prefectl-resources-a--{number}");
            records(&earlier, &[]).edits(&project, registered, &BTreeSet::new(), name)
        };
        assert!(edits(&earlier).is_empty());
        // Resource `a` is registered with its file, and resource `b` is created again.
        let now = [in_file("a", 1, Some("a.yaml")), in_file("b", 3, Some("b.yaml"))];
        let create = |number: usize, owned: &OwnedResource| Edit::Create {
            name: format!("prefectl-resources-a--{number}"),
            value: value("a", std::slice::from_ref(owned)),
        };
        let [first, second] = &now;
        let delete = Edit::Delete { id: Uuid::nil() };
        assert_eq!(edits(&now), [create(0, first), create(1, second), delete]);
    }
}
