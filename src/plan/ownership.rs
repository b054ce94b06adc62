//! Records which deployments a project has registered. `--prune` only deletes recorded deployments.
//!
//! Prefect variables store the IDs of the deployments, because the server cannot change the labels of an
//! existing deployment. If another tool recreates a deployment, the new ID is not recorded. A variable is
//! limited to 5000 characters, so large projects use multiple variables. Each variable contains the
//! deployments of one project file, so that a command only prunes deployments of the files that it reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::ProjectId,
    plan::owned_files::OwnedFiles,
    python,
};

/// Maximum number of deployment IDs stored in a variable.
const IDS_PER_VARIABLE: usize = 100;

/// Maximum length of a file path that leaves room for [`IDS_PER_VARIABLE`] IDs.
const PATH_LENGTH: usize = 600;

/// Number of characters of a deployment ID in a variable, including quotes and separators.
const ID_LENGTH: usize = 40;

/// Value of a variable that records deployments.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    project: String,
    /// Path of the project file that declares the deployments. `None` in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    deployments: BTreeSet<Uuid>,
}

/// Deployments in a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Stored {
    file: Option<String>,
    ids: BTreeSet<Uuid>,
}

impl Stored {
    /// Returns the number of IDs that can be added. A very long path reduces the number.
    fn room(&self) -> usize {
        let path = self.file.as_ref().map_or(0, |file| python::json_repr(&json!(file)).len());
        let excess = path.saturating_sub(PATH_LENGTH).div_ceil(ID_LENGTH);
        IDS_PER_VARIABLE.saturating_sub(excess).max(1).saturating_sub(self.ids.len())
    }
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

impl UnreadableRecord {
    pub(super) fn new(variable: &str, error: &serde_json::Error) -> Self {
        Self { variable: variable.to_owned(), reason: error.to_string() }
    }
}

/// The error returned if project records cannot be read.
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
    /// Deployments of the project, with the recorded paths of their files.
    pub(crate) own: BTreeMap<Uuid, Option<String>>,
    /// Deployments that other projects have registered, with the IDs of the projects. This includes
    /// deployments that the project has also registered.
    pub(crate) others: BTreeMap<Uuid, BTreeSet<String>>,
    /// Variables that contain the project's records, with the deployments that each variable lists.
    variables: BTreeMap<String, Stored>,
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

    /// Combines records. They are passed as the names and values of variables.
    fn from_records(
        records: impl Iterator<Item = (String, Json)>,
        project: Option<&ProjectId>,
    ) -> Result<Self, UnreadableRecord> {
        let mut membership = Self::default();
        for (name, value) in records {
            let record = serde_json::from_value::<Record>(value);
            let record = record.map_err(|error| UnreadableRecord::new(&name, &error))?;
            if project.is_some_and(|project| record.project == project.as_str()) {
                let Record { file, deployments: ids, .. } = record;
                membership.own.extend(ids.iter().map(|id| (*id, file.clone())));
                membership.variables.insert(name, Stored { file, ids });
            } else {
                for id in record.deployments {
                    membership.others.entry(id).or_default().insert(record.project.clone());
                }
            }
        }
        Ok(membership)
    }

    /// Returns the other projects that have registered the deployment.
    pub(crate) fn other_owners(&self, id: Uuid) -> Vec<&str> {
        self.others.get(&id).into_iter().flatten().map(String::as_str).collect()
    }

    /// Returns the deployments of `files` that only this project has registered and that are not in `declared`.
    pub(crate) fn undeclared(&self, declared: &BTreeSet<Uuid>, files: &OwnedFiles) -> BTreeSet<Uuid> {
        let own = self.own.iter().filter(|(_, file)| files.own(file.as_ref())).map(|(id, _)| id);
        own.filter(|id| !declared.contains(id) && !self.others.contains_key(id)).copied().collect()
    }

    /// Writes the project's record if it has changed.
    pub(crate) async fn record(
        &self,
        client: &Client,
        project: &ProjectId,
        deployments: &BTreeMap<Uuid, Option<String>>,
    ) -> Result<(), ApiError> {
        if *deployments == self.own {
            return Ok(());
        }
        let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
        let now = self.distributed(deployments, |number| project.variable(number, allows_dashes));
        let is_changed = |(name, stored): &(&String, &Stored)| self.variables.get(*name) != Some(stored);
        let mut changed: Vec<_> = now.iter().filter(is_changed).collect();
        // A deployment that moves to another variable is recorded there before it is removed.
        changed.sort_by_key(|(name, stored)| {
            self.variables.get(*name).is_some_and(|before| stored.ids.len() < before.ids.len())
        });
        for (name, Stored { file, ids }) in changed {
            if ids.is_empty() {
                client.delete_variable(name).await?;
            } else {
                let (project, file) = (project.as_str().to_owned(), file.clone());
                let record = Record { project, file, deployments: ids.clone() };
                client.set_variable(name, &json!(record)).await?;
            }
        }
        Ok(())
    }

    /// Distributes deployments over variables. Recorded deployments remain in their variables, so that no
    /// record is lost if only some of the variables are written. Variables without deployments are empty.
    fn distributed(
        &self,
        deployments: &BTreeMap<Uuid, Option<String>>,
        name: impl Fn(usize) -> String,
    ) -> BTreeMap<String, Stored> {
        let mut now = self.variables.clone();
        for stored in now.values_mut() {
            stored.ids.retain(|id| deployments.get(id) == Some(&stored.file));
        }
        let recorded: BTreeSet<Uuid> = now.values().flat_map(|stored| stored.ids.iter().copied()).collect();
        let mut new: BTreeMap<&Option<String>, Vec<Uuid>> = BTreeMap::new();
        for (id, file) in deployments.iter().filter(|(id, _)| !recorded.contains(id)) {
            new.entry(file).or_default().push(*id);
        }
        let mut number = 0;
        for (file, ids) in new {
            let mut ids = ids.into_iter().peekable();
            // A variable that has become empty can be used for any file.
            for stored in now.values_mut().filter(|stored| stored.file == *file || stored.ids.is_empty()) {
                if ids.peek().is_none() {
                    break;
                }
                stored.file.clone_from(file);
                let room = stored.room();
                stored.ids.extend(ids.by_ref().take(room));
            }
            while ids.peek().is_some() {
                while now.contains_key(&name(number)) {
                    number += 1;
                }
                let mut stored = Stored { file: file.clone(), ids: BTreeSet::new() };
                let room = stored.room();
                stored.ids.extend(ids.by_ref().take(room));
                now.insert(name(number), stored);
            }
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

    use super::*;
    use crate::api::testing;

    #[test]
    fn full_variable_fits_the_size_limit_of_the_server() {
        let deployments = (0..IDS_PER_VARIABLE).map(|_| Uuid::new_v4()).collect();
        let value =
            json!(Record { project: "x".repeat(80), file: Some("x".repeat(PATH_LENGTH - 2)), deployments });
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
        assert_eq!(
            (membership.own, membership.others),
            ([(own, None)].into(), [(other, ["b".to_owned()].into())].into())
        );
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
            own: [(declared, None), (gone, None), (shared, None)].into(),
            others: [(shared, BTreeSet::new())].into(),
            variables: BTreeMap::new(),
        };
        let files = OwnedFiles::single();
        assert_eq!(membership.undeclared(&[declared].into(), &files), [gone].into());
        let other = Some("other/prefect.yaml".to_owned());
        let membership = Membership { own: [(declared, None), (gone, other)].into(), ..membership };
        assert_eq!(membership.undeclared(&[declared].into(), &files), BTreeSet::new());
    }

    #[test]
    fn distributes_deployments_by_file() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let old = Stored { file: None, ids: [a, b].into() };
        let own = [(a, None), (b, None)].into();
        let variables = [("p".to_owned(), old)].into();
        let membership = Membership { own, others: BTreeMap::new(), variables };
        let file = Some("a/prefect.yaml".to_owned());
        let name = |number: usize| ["p", "p--1", "p--2"][number].to_owned();
        let ids = |now: BTreeMap<String, Stored>| -> Vec<(String, Option<String>, Vec<Uuid>)> {
            now.into_iter()
                .map(|(name, stored)| (name, stored.file, stored.ids.into_iter().collect()))
                .collect()
        };
        // One of the deployments is registered again, and then both.
        let now = membership.distributed(&[(a, file.clone()), (b, None)].into(), name);
        assert_eq!(ids(now), [("p".into(), None, vec![b]), ("p--1".into(), file.clone(), vec![a])]);
        let now = membership.distributed(&[(a, file.clone()), (b, file.clone())].into(), name);
        assert_eq!(ids(now), [("p".into(), file, vec![a, b])]);
    }

    /// A fake server that stores variables and rejects values that are too long.
    #[derive(Default)]
    struct Variables(Mutex<BTreeMap<String, Json>>);

    impl Respond for &'static Variables {
        fn respond(&self, request: &Request) -> ResponseTemplate {
            let mut variables = self.0.lock().unwrap();
            let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
            let name = request.url.path().rsplit('/').next().unwrap().to_owned();
            if python::json_repr(&body["value"]).len() > 5000 {
                return ResponseTemplate::new(422);
            }
            match (request.method.as_str(), name.as_str()) {
                ("GET", "version") => ResponseTemplate::new(200).set_body_json("3.9.1"),
                ("POST", "filter") => {
                    let variable = |(name, value): (&String, &Json)| json!({"id": Uuid::new_v4(), "name": name, "value": value});
                    let offset = body["offset"].as_u64().unwrap_or_default();
                    let found: Vec<Json> =
                        variables.iter().skip(usize::try_from(offset).unwrap()).map(variable).collect();
                    ResponseTemplate::new(200).set_body_json(found)
                }
                ("POST", "") => {
                    variables.insert(body["name"].as_str().unwrap().to_owned(), body["value"].clone());
                    ResponseTemplate::new(201).set_body_json(json!({}))
                }
                ("PATCH", name) if variables.contains_key(name) => {
                    variables.insert(name.to_owned(), body["value"].clone());
                    ResponseTemplate::new(204)
                }
                ("DELETE", name) if variables.remove(name).is_some() => ResponseTemplate::new(204),
                _ => ResponseTemplate::new(404).set_body_json(json!({"detail": "Variable not found"})),
            }
        }
    }

    #[tokio::test]
    async fn records_thousands_of_deployments() {
        let project = ProjectId::new(&"x".repeat(80)).unwrap();
        for count in [500, 5000] {
            let variables: &'static Variables = Box::leak(Box::default());
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(variables).mount(&server).await;
            let (client, _) = testing::client(testing::options(&server.uri()));
            let read = async || Membership::read(&client, Some(&project)).await.unwrap();
            let all: BTreeMap<Uuid, Option<String>> = (0..count).map(|_| (Uuid::new_v4(), None)).collect();
            read().await.record(&client, &project, &all).await.unwrap();
            assert_eq!(read().await.own, all);
            assert_eq!(variables.0.lock().unwrap().len(), count / 100);
            // Others stay in their variables.
            let before = variables.0.lock().unwrap().clone();
            let mut changed = all.clone();
            changed.pop_first();
            changed.insert(Uuid::new_v4(), None);
            read().await.record(&client, &project, &changed).await.unwrap();
            assert_eq!(read().await.own, changed);
            let after = variables.0.lock().unwrap().clone();
            assert_eq!(before.iter().filter(|(name, value)| after.get(*name) != Some(value)).count(), 1);
            read().await.record(&client, &project, &BTreeMap::new()).await.unwrap();
            assert_eq!(*variables.0.lock().unwrap(), BTreeMap::new());
        }
    }
}
