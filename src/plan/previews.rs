//! Records the deployments of previews in Prefect variables. Only recorded deployments are deleted with a preview.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    api::{ApiError, Client, Feature},
    deployment::{LiveDeployment, PreviewName, ProjectId},
    python,
};

/// Maximum total size of the names stored in a variable, whose value the server limits to 5000 characters.
const NAMES_SIZE: usize = 4500;

/// Number of attempts to add names to a record that other deploys of the preview overwrite.
const ATTEMPTS: usize = 5;

/// Value of a variable that records deployments of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    created: Timestamp,
    updated: Timestamp,
    /// Full names (`flow/deployment`).
    deployments: BTreeSet<String>,
}

/// The reason why a preview cannot be deployed or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    #[error("a preview requires a project id")]
    NoProject,
    #[error("the record of preview '{}' in variable '{variable}' is damaged", preview.as_str())]
    DamagedRecord { preview: PreviewName, variable: String },
    #[error("deployment '{name}' already exists and does not have the tag '{}'", preview.tag())]
    NameTaken { name: String, preview: PreviewName },
    #[error("deployment '{name}' belongs to preview '{}' of project '{}'", preview.as_str(), project.as_str())]
    OtherProject { name: String, preview: PreviewName, project: ProjectId },
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A preview of a project that has been deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedPreview {
    pub(crate) name: PreviewName,
    /// Time of the first deploy.
    pub(crate) created: Timestamp,
    /// Time of the last deploy.
    pub(crate) updated: Timestamp,
    /// Full names of the deployments. They include deployments that an interrupted deploy did not write.
    pub(crate) deployments: BTreeSet<String>,
    /// Variables that contain the record, with the deployments that each variable lists.
    variables: BTreeMap<String, BTreeSet<String>>,
}

impl RecordedPreview {
    fn new(name: PreviewName, now: Timestamp) -> Self {
        let (deployments, variables) = (BTreeSet::new(), BTreeMap::new());
        Self { name, created: now, updated: now, deployments, variables }
    }

    /// Adds the content of a variable.
    fn add(&mut self, variable: String, record: Record) {
        self.created = self.created.min(record.created);
        self.updated = self.updated.max(record.updated);
        self.deployments.extend(record.deployments.iter().cloned());
        self.variables.insert(variable, record.deployments);
    }

    /// Deletes the record. The deployments must have been deleted before.
    pub(crate) async fn forget(&self, client: &Client) -> Result<(), ApiError> {
        self.remove(&self.deployments, client).await
    }

    /// Removes deployments from the record, and deletes the record if no deployment remains. The deployments must have been
    /// deleted before.
    pub(crate) async fn remove(&self, deleted: &BTreeSet<String>, client: &Client) -> Result<(), ApiError> {
        for (variable, deployments) in &self.variables {
            if deployments.is_subset(deleted) {
                client.delete_variable(variable).await?;
            } else if !deployments.is_disjoint(deleted) {
                let deployments = deployments.difference(deleted).cloned().collect();
                let record = Record { created: self.created, updated: self.updated, deployments };
                client.set_variable(variable, &json!(record)).await?;
            }
        }
        Ok(())
    }
}

/// The recorded previews of a project.
#[derive(Debug, Default)]
pub(crate) struct RecordedPreviews {
    /// Readable records, sorted by name.
    pub(crate) previews: Vec<RecordedPreview>,
    /// Previews with a damaged record, each with the variable.
    pub(crate) damaged: BTreeMap<PreviewName, String>,
    /// Full names of the deployments that other projects have recorded, each with the preview and the project.
    others: BTreeMap<String, (PreviewName, ProjectId)>,
}

impl RecordedPreviews {
    /// Reads the records of all previews of a project.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(crate) async fn read(client: &Client, project: &ProjectId) -> Result<Self, ApiError> {
        let mut previews: BTreeMap<PreviewName, RecordedPreview> = BTreeMap::new();
        let (mut damaged, mut others) = (BTreeMap::new(), BTreeMap::new());
        for variable in client.variables_like(ProjectId::VARIABLE_PREFIX).await? {
            let Some((owner, name)) = PreviewName::from_variable(&variable.name) else { continue };
            let record = serde_json::from_value::<Record>(variable.value);
            if owner != *project {
                let deployments = record.into_iter().flat_map(|record| record.deployments);
                others.extend(deployments.map(|deployment| (deployment, (name.clone(), owner.clone()))));
                continue;
            }
            let Ok(record) = record else {
                damaged.entry(name).or_insert(variable.name);
                continue;
            };
            let preview = previews.entry(name.clone());
            preview.or_insert_with(|| RecordedPreview::new(name, record.created)).add(variable.name, record);
        }
        previews.retain(|name, _| !damaged.contains_key(name));
        Ok(Self { previews: previews.into_values().collect(), damaged, others })
    }

    /// Returns a preview, or `None` if it is not recorded.
    ///
    /// # Errors
    ///
    /// Fails if the record of the preview is damaged.
    pub(crate) fn preview(&self, name: &PreviewName) -> Result<Option<&RecordedPreview>, PreviewError> {
        if let Some(variable) = self.damaged.get(name) {
            let (preview, variable) = (name.clone(), variable.clone());
            return Err(PreviewError::DamagedRecord { preview, variable });
        }
        Ok(self.previews.iter().find(|preview| preview.name == *name))
    }
}

/// Checks that the deployments of a preview only overwrite copies of the same preview of the same project. Each deployment
/// has a full name and a live deployment, which is `None` if it does not exist. Without a project, the records are not
/// read.
///
/// # Errors
///
/// Fails if a live deployment does not have the tag of the preview, if another project has recorded it, or if the records
/// cannot be read or that of the preview is damaged.
pub(crate) async fn require_copies<'a>(
    client: &Client,
    project: Option<&ProjectId>,
    preview: &PreviewName,
    deployments: impl Iterator<Item = (String, Option<&'a LiveDeployment>)>,
) -> Result<(), PreviewError> {
    let tag = preview.tag();
    let mut existing = Vec::new();
    for (name, live) in deployments {
        let Some(live) = live else { continue };
        if !live.has_tag(&tag) {
            return Err(PreviewError::NameTaken { name, preview: preview.clone() });
        }
        existing.push(name);
    }
    let Some(project) = project else { return Ok(()) };
    let recorded = RecordedPreviews::read(client, &project.without_environment()).await?;
    recorded.preview(preview)?;
    for name in existing {
        if let Some((preview, project)) = recorded.others.get(&name) {
            let (preview, project) = (preview.clone(), project.clone());
            return Err(PreviewError::OtherProject { name, preview, project });
        }
    }
    Ok(())
}

/// Adds full names of deployments to the record of a preview, and sets the time of the last deploy.
///
/// # Errors
///
/// Fails if a request fails or if the record is damaged.
pub(crate) async fn record(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deployments: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), PreviewError> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let recorded = RecordedPreviews::read(client, project).await?;
    let known = recorded.preview(name)?.cloned();
    let known = known.unwrap_or_else(|| RecordedPreview::new(name.clone(), now));
    let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
    let mut variables = known.variables.clone();
    let mut numbers = 0..;
    let mut current = variables.keys().next_back().cloned();
    for deployment in deployments.difference(&known.deployments) {
        let has_room = |names: &BTreeSet<String>| {
            names.iter().map(|name| size(name)).sum::<usize>() + size(deployment) <= NAMES_SIZE
        };
        if !current.as_ref().and_then(|current| variables.get(current)).is_some_and(has_room) {
            let mut unused = numbers.by_ref().map(|number| name.variable(project, number, allows_dashes));
            current = unused.find(|variable| !variables.contains_key(variable));
        }
        let Some(current) = &current else { break };
        variables.entry(current.clone()).or_default().insert(deployment.clone());
    }
    for (variable, deployments) in variables {
        let record = Record { created: known.created, updated: now, deployments };
        client.set_variable(&variable, &json!(record)).await?;
    }
    Ok(())
}

/// Removes deployments from the record of a preview, and deletes the record if no deployment remains.
///
/// # Errors
///
/// Fails if a request fails or if the record is damaged.
pub(crate) async fn remove(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deleted: &BTreeSet<String>,
) -> Result<(), PreviewError> {
    let recorded = RecordedPreviews::read(client, project).await?;
    if let Some(preview) = recorded.preview(name)? {
        preview.remove(deleted, client).await?;
    }
    Ok(())
}

/// Returns the size of a name in the value of a variable, including the separator.
fn size(name: &str) -> usize {
    python::json_repr(&json!(name)).chars().count() + 2
}

/// Adds names to the record again if another deploy of the preview has overwritten the record.
///
/// # Errors
///
/// Fails if a request fails or if the record is damaged.
pub(crate) async fn ensure_recorded(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deployments: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), PreviewError> {
    for _ in 0..ATTEMPTS {
        let recorded = RecordedPreviews::read(client, project).await?;
        if recorded.preview(name)?.is_some_and(|preview| preview.deployments.is_superset(deployments)) {
            break;
        }
        record(client, project, name, deployments, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

    use super::*;
    use crate::api::testing;

    /// A server that stores variables.
    #[derive(Default)]
    struct Variables(std::sync::Mutex<BTreeMap<String, serde_json::Value>>);

    impl Respond for &'static Variables {
        fn respond(&self, request: &Request) -> ResponseTemplate {
            let mut variables = self.0.lock().unwrap();
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let name = request.url.path().rsplit('/').next().unwrap().to_owned();
            match (request.method.as_str(), name.as_str()) {
                ("GET", "version") => ResponseTemplate::new(200).set_body_json("3.9.1"),
                ("POST", "filter") => {
                    let skipped = usize::try_from(body["offset"].as_u64().unwrap_or_default()).unwrap();
                    let variable = |(name, value): (&String, &serde_json::Value)| json!({"id": Uuid::new_v4(), "name": name, "value": value});
                    ResponseTemplate::new(200)
                        .set_body_json(variables.iter().skip(skipped).map(variable).collect::<Vec<_>>())
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
    async fn records_deployments_of_previews() {
        let variables: &'static Variables = Box::leak(Box::default());
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(variables).mount(&server).await;
        let (client, _) = testing::client(testing::options(&server.uri()));
        let [first, second]: [PreviewName; 2] = ["pr-1", "pr-10"].map(|name| name.parse().unwrap());
        let [project, other] = ["a", "b"].map(|id| ProjectId::new(id).unwrap());
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let names = |count: usize| -> BTreeSet<String> {
            (0..count).map(|number| format!("{}/{number:03}", "f".repeat(40))).collect()
        };
        record(&client, &project, &first, &names(150), time(1)).await.unwrap();
        record(&client, &other, &first, &names(1), time(1)).await.unwrap();
        record(&client, &project, &first, &names(250), time(2)).await.unwrap();
        record(&client, &project, &second, &names(1), time(3)).await.unwrap();
        record(&client, &project, &second, &names(0), time(4)).await.unwrap();
        let read = async |project| RecordedPreviews::read(&client, project).await.unwrap();
        let found = read(&project).await.previews;
        let summary: Vec<_> = found
            .iter()
            .map(|preview| {
                (preview.name.as_str(), preview.created, preview.updated, preview.deployments.len())
            })
            .collect();
        assert_eq!(summary, [("pr-1", time(1), time(2), 250), ("pr-10", time(3), time(4), 1)]);
        assert_eq!(read(&other).await.previews[0].deployments, names(1));
        for value in variables.0.lock().unwrap().values() {
            assert!(python::json_repr(value).chars().count() < 5000);
        }
        // Another deploy has overwritten the record.
        client.delete_variable("prefectl-preview-a--pr-1").await.unwrap();
        assert_ne!(read(&project).await.previews[0].deployments, names(250));
        ensure_recorded(&client, &project, &first, &names(250), time(2)).await.unwrap();
        assert_eq!(read(&project).await.previews[0].deployments, names(250));
        remove(&client, &project, &first, &names(249)).await.unwrap();
        let left: BTreeSet<String> = names(250).difference(&names(249)).cloned().collect();
        assert_eq!(read(&project).await.previews[0].deployments, left);
        read(&project).await.previews[0].forget(&client).await.unwrap();
        assert_eq!(read(&project).await.previews, found[1..]);
        assert_eq!(read(&other).await.previews.len(), 1);
    }

    #[tokio::test]
    async fn damaged_record_affects_only_its_preview() {
        let variables: &'static Variables = Box::leak(Box::default());
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(variables).mount(&server).await;
        let (client, _) = testing::client(testing::options(&server.uri()));
        let project = ProjectId::new("a").unwrap();
        let [good, damaged]: [PreviewName; 2] = ["good", "damaged"].map(|name| name.parse().unwrap());
        for value in [json!("hello"), json!(null), json!([]), json!({}), json!({"deployments": 1})] {
            client.set_variable("prefectl-preview-a--damaged", &value).await.unwrap();
            client.set_variable("prefectl-preview-b--good", &value).await.unwrap();
            let error = record(&client, &project, &damaged, &BTreeSet::new(), Timestamp::UNIX_EPOCH).await;
            assert!(matches!(error, Err(PreviewError::DamagedRecord { .. })), "{value}");
            let names = BTreeSet::from(["f/d".to_owned()]);
            record(&client, &project, &good, &names, Timestamp::UNIX_EPOCH).await.unwrap();
            let recorded = RecordedPreviews::read(&client, &project).await.unwrap();
            assert_eq!(recorded.preview(&good).unwrap().unwrap().deployments, names);
            assert!(recorded.preview(&damaged).is_err());
        }
    }
}
