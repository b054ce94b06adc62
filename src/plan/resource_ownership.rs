//! Records which resources a project has registered. `--prune` and `destroy` only delete recorded resources.
//!
//! The records are Prefect variables, like those of deployments in [`super::ownership`]. A variable is limited to 5000
//! characters, so projects with many resources use several variables.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::ProjectId,
    git,
    plan::{
        KeptReason, KeptResource,
        ownership::{OwnershipError, UnreadableRecord},
    },
    python,
    resource::{ResourceKey, ResourceKind, requests},
};

/// Maximum length of a record, as the server counts it.
const MAX_LENGTH: usize = 4500;

/// A resource on the server that a project has registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OwnedResource {
    #[serde(flatten)]
    pub(crate) key: ResourceKey,
    pub(crate) id: Uuid,
    /// Path of the project file, as recorded for deployments. `None` in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// In records of earlier releases, the directory of the command that registered the resource, relative to the Git
    /// repository. `None` without a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) directory: Option<String>,
}

impl OwnedResource {
    /// Returns whether a command in this directory may have registered the resource.
    pub(crate) fn is_in(&self, directory: Option<&str>) -> bool {
        self.directory.is_none() || self.directory.as_deref() == directory
    }
}

/// Returns the path of a directory relative to its Git repository. Returns `None` without a repository.
pub(crate) fn directory_in_repository(directory: &Path) -> Option<String> {
    let (root, directory) = (git::work_tree(directory)?.canonicalize().ok()?, directory.canonicalize().ok()?);
    Some(directory.strip_prefix(root).ok()?.to_string_lossy().into_owned())
}

/// Value of a variable that records resources.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    project: String,
    resources: BTreeSet<OwnedResource>,
}

/// Resources that are recorded for a project and for other projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourceOwnership {
    own: BTreeSet<OwnedResource>,
    /// Ids of the resources that other projects have registered, with the ids of the projects.
    others: BTreeMap<Uuid, BTreeSet<String>>,
    /// Variables that contain the project's records.
    variables: BTreeMap<String, BTreeSet<OwnedResource>>,
}

impl ResourceOwnership {
    /// Reads all records. If `project` is `None`, all recorded resources belong to other projects.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, OwnershipError> {
        let variables = client.variables_like(ProjectId::VARIABLE_PREFIX).await?;
        let records =
            variables.into_iter().filter(|variable| ProjectId::is_resource_record_name(&variable.name));
        Ok(Self::from_records(records.map(|variable| (variable.name, variable.value)), project)?)
    }

    /// Combines records, which are passed as the names and values of variables.
    fn from_records(
        records: impl Iterator<Item = (String, Json)>,
        project: Option<&ProjectId>,
    ) -> Result<Self, UnreadableRecord> {
        let mut ownership = Self::default();
        for (name, value) in records {
            let record: Record =
                serde_json::from_value(value).map_err(|error| UnreadableRecord::new(&name, &error))?;
            if project.is_some_and(|project| record.project == project.as_str()) {
                ownership.own.extend(record.resources.iter().cloned());
                ownership.variables.insert(name, record.resources);
            } else {
                for resource in record.resources {
                    ownership.others.entry(resource.id).or_default().insert(record.project.clone());
                }
            }
        }
        Ok(ownership)
    }

    /// Returns whether the project has registered the resource.
    pub(crate) fn is_registered(&self, resource: &OwnedResource) -> bool {
        self.own.iter().any(|owned| owned.key == resource.key && owned.id == resource.id)
    }

    /// Returns the id of the resource that the project has registered under a kind and name.
    pub(crate) fn id(&self, key: &ResourceKey) -> Option<Uuid> {
        self.own.iter().find(|owned| owned.key == *key).map(|owned| owned.id)
    }

    /// Returns the names of the automations that the project has registered.
    pub(crate) fn automation_names(&self) -> BTreeSet<String> {
        let automations = self.own.iter().filter(|owned| owned.key.kind == ResourceKind::Automation);
        automations.map(|owned| owned.key.name.clone()).collect()
    }

    /// Returns the other projects that have registered the resource.
    pub(crate) fn other_owners(&self, id: Uuid) -> Vec<&str> {
        self.others.get(&id).into_iter().flatten().map(String::as_str).collect()
    }

    /// Returns the registered resources that are not declared. Resources for which `is_here` returns false are omitted,
    /// because a file that the command does not read may declare them.
    fn not_declared(
        &self,
        declared: &BTreeSet<ResourceKey>,
        is_here: impl Fn(&OwnedResource) -> bool,
    ) -> impl Iterator<Item = &OwnedResource> {
        self.own.iter().filter(move |owned| is_here(owned) && !declared.contains(&owned.key))
    }

    /// Returns the resources that are not declared and that another project has also registered. The project gives up
    /// its registration of these resources.
    pub(crate) fn released(
        &self,
        declared: &BTreeSet<ResourceKey>,
        is_here: impl Fn(&OwnedResource) -> bool,
    ) -> BTreeSet<ResourceKey> {
        let not_declared = self.not_declared(declared, is_here);
        let released = not_declared.filter(|owned| self.others.contains_key(&owned.id));
        released.map(|owned| owned.key.clone()).collect()
    }

    /// Returns the registered resources that exist and that are not declared.
    pub(crate) async fn undeclared(
        &self,
        client: &Client,
        declared: &BTreeSet<ResourceKey>,
        is_here: impl Fn(&OwnedResource) -> bool,
    ) -> Result<Vec<OwnedResource>, ApiError> {
        let undeclared: Vec<&OwnedResource> =
            self.not_declared(declared, is_here).filter(|owned| !owned.key.is_permanent()).collect();
        let live =
            requests::read(client, undeclared.iter().map(|owned| (&owned.key, Some(owned.id)))).await?;
        let exists = |owned: &&OwnedResource| live.get(&owned.key).is_some_and(|live| live.id == owned.id);
        Ok(undeclared.into_iter().filter(exists).cloned().collect())
    }

    /// Returns the resources that no other project has registered. The others are added to `kept`.
    pub(crate) fn only_registered_here(
        &self,
        resources: Vec<OwnedResource>,
        kept: &mut Vec<KeptResource>,
    ) -> Vec<OwnedResource> {
        let mut own = Vec::with_capacity(resources.len());
        for owned in resources {
            match KeptReason::registered(&self.other_owners(owned.id)) {
                Some(reason) => kept.push(KeptResource { key: owned.key, reason }),
                None => own.push(owned),
            }
        }
        own
    }

    /// Updates the project's record: adds the `registered` resources and drops those in `removed`. Resources that were
    /// created again under the same name replace the earlier ones.
    pub(crate) async fn record(
        &self,
        client: &Client,
        project: &ProjectId,
        registered: impl IntoIterator<Item = OwnedResource>,
        removed: &BTreeSet<ResourceKey>,
    ) -> Result<(), ApiError> {
        let registered: BTreeSet<OwnedResource> = registered.into_iter().collect();
        let is_replaced = |owned: &OwnedResource| registered.iter().any(|new| new.key == owned.key);
        let mut now: BTreeSet<OwnedResource> = self
            .own
            .iter()
            .filter(|owned| !removed.contains(&owned.key) && !is_replaced(owned))
            .cloned()
            .collect();
        now.extend(registered.iter().cloned());
        if now == self.own {
            return Ok(());
        }
        let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
        let records =
            self.distributed(project, &now, |number| project.resource_variable(number, allows_dashes));
        let is_changed =
            |(name, owned): &(&String, &BTreeSet<OwnedResource>)| self.variables.get(*name) != Some(owned);
        for (name, owned) in records.iter().filter(is_changed) {
            if owned.is_empty() {
                client.delete_variable(name).await?;
            } else {
                client.set_variable(name, &record(project, owned)).await?;
            }
        }
        Ok(())
    }

    /// Distributes resources over variables. Recorded resources remain in their variables, so that no record is lost if
    /// only some of the variables are written. Variables without resources are empty.
    fn distributed(
        &self,
        project: &ProjectId,
        resources: &BTreeSet<OwnedResource>,
        name: impl Fn(usize) -> String,
    ) -> BTreeMap<String, BTreeSet<OwnedResource>> {
        let mut now = self.variables.clone();
        now.values_mut().for_each(|owned| owned.retain(|owned| resources.contains(owned)));
        for new in resources.difference(&self.own) {
            let has_room = |owned: &BTreeSet<OwnedResource>| {
                let mut owned = owned.clone();
                owned.insert(new.clone());
                python::json_repr(&record(project, &owned)).len() <= MAX_LENGTH
            };
            let existing = now.iter().find(|(_, owned)| has_room(owned)).map(|(name, _)| name.clone());
            let variable = existing.unwrap_or_else(|| {
                let is_used = |number: &usize| now.contains_key(&name(*number));
                // One of the first `now.len() + 1` names is not used.
                name((0..now.len()).find(|number| !is_used(number)).unwrap_or(now.len()))
            });
            now.entry(variable).or_default().insert(new.clone());
        }
        now
    }
}

fn record(project: &ProjectId, resources: &BTreeSet<OwnedResource>) -> Json {
    json!(Record { project: project.as_str().to_owned(), resources: resources.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(kind: ResourceKind, name: &str, id: u128) -> OwnedResource {
        let (file, directory) = (None, None);
        OwnedResource { key: ResourceKey::new(kind, name), id: Uuid::from_u128(id), file, directory }
    }

    #[test]
    fn separates_the_records_of_projects() {
        let (project, pool) = (ProjectId::new("a").unwrap(), owned(ResourceKind::WorkPool, "p", 1));
        let variable = owned(ResourceKind::Variable, "v", 2);
        let value =
            |project: &str, resource: &OwnedResource| json!({"project": project, "resources": [resource]});
        assert_eq!(value("a", &pool)["resources"][0]["kind"], "work_pool");
        let records =
            [("1".to_owned(), value("a", &pool)), ("2".to_owned(), value("b", &variable))].into_iter();
        let ownership = ResourceOwnership::from_records(records, Some(&project)).unwrap();
        assert!(ownership.is_registered(&pool) && !ownership.is_registered(&variable));
        assert_eq!(ownership.other_owners(variable.id), ["b"]);
        for value in [json!("text"), json!({"project": "a"}), json!({"project": "a", "resources": [1]})] {
            let records = [("1".to_owned(), value)].into_iter();
            assert_eq!(ResourceOwnership::from_records(records, None).unwrap_err().variable, "1");
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
        let ownership = ResourceOwnership { own: own.into(), ..ResourceOwnership::default() };
        let names = |directory| -> Vec<&str> {
            let declared = BTreeSet::new();
            let is_here = |owned: &OwnedResource| owned.is_in(directory);
            let found: Vec<&OwnedResource> = ownership.not_declared(&declared, is_here).collect();
            found.into_iter().map(|owned| owned.key.name.as_str()).collect()
        };
        assert_eq!(names(Some("services/a")), ["a", "c"]);
        assert_eq!(names(Some("")), ["c"]);
        assert_eq!(names(None), ["c"]);
    }

    #[test]
    fn distributes_resources_over_variables_of_limited_length() {
        let project = ProjectId::new(&"x".repeat(80)).unwrap();
        let long = "n".repeat(200);
        let all: BTreeSet<_> =
            (0..100).map(|n| owned(ResourceKind::Variable, &format!("{long}{n}"), n)).collect();
        let name = |number: usize| format!("v{number}");
        let first = ResourceOwnership::default().distributed(&project, &all, name);
        assert!(first.len() > 5, "{}", first.len());
        for owned in first.values() {
            assert!(python::json_repr(&record(&project, owned)).len() <= MAX_LENGTH);
        }
        assert_eq!(first.values().flatten().cloned().collect::<BTreeSet<_>>(), all);
        // The others remain in their variables.
        let ownership =
            ResourceOwnership { own: all.clone(), variables: first.clone(), others: BTreeMap::new() };
        let mut changed = all.clone();
        changed.pop_first();
        changed.insert(owned(ResourceKind::Block, "secret/api", 1000));
        let second = ownership.distributed(&project, &changed, name);
        assert_eq!(second.values().flatten().cloned().collect::<BTreeSet<_>>(), changed);
        assert!(first.iter().filter(|(name, owned)| second.get(*name) != Some(owned)).count() <= 2);
    }
}
