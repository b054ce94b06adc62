//! Project previews and their deployments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    error::Contended,
    shards::{self, Record, Shards},
};
use crate::{
    api::{ApiError, Client, Feature, Variable},
    deployment::{LiveDeployment, PreviewName, ProjectId},
};

/// Value of a variable that records preview deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PreviewRecord {
    created: Timestamp,
    updated: Timestamp,
    /// Full names (`flow/deployment`).
    deployments: BTreeSet<String>,
}

impl Record for PreviewRecord {
    type Item = String;

    fn items(&self) -> &BTreeSet<String> {
        &self.deployments
    }

    fn with_items(&self, deployments: BTreeSet<String>) -> Self {
        Self { deployments, ..*self }
    }

    fn accepts(&self, _: &Self) -> bool {
        true
    }
}

/// The error returned if a preview cannot be deployed or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    #[error("a preview requires a project ID")]
    NoProject,
    #[error("the record of preview '{}' in variable '{variable}' is damaged", preview.as_str())]
    DamagedRecord { preview: PreviewName, variable: String },
    #[error("deployment '{name}' already exists and does not have the tag '{}'", preview.tag())]
    NameTaken { name: String, preview: PreviewName },
    #[error("deployment '{name}' belongs to preview '{}' of project '{}'", preview.as_str(), project.as_str())]
    OtherProject { name: String, preview: PreviewName, project: ProjectId },
    #[error(transparent)]
    Contended(#[from] Contended),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A preview of a project that has been deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedPreview {
    project: ProjectId,
    pub(crate) name: PreviewName,
    /// Time of the first deploy.
    pub(crate) created: Timestamp,
    /// Time of the last deploy.
    pub(crate) updated: Timestamp,
    /// Full deployment names, including deployments that an interrupted deploy did not write.
    pub(crate) deployments: BTreeSet<String>,
    records: Shards<PreviewRecord>,
}

impl RecordedPreview {
    /// Combines the records of a preview. Returns `None` if there are no records.
    fn new(project: &ProjectId, name: PreviewName, records: Shards<PreviewRecord>) -> Option<Self> {
        Some(Self {
            project: project.clone(),
            name,
            created: records.records().map(|record| record.created).min()?,
            updated: records.records().map(|record| record.updated).max()?,
            deployments: records.items().cloned().collect(),
            records,
        })
    }

    /// Deletes the record. The deployments must already be deleted.
    ///
    /// # Errors
    ///
    /// Fails if a request fails, if the record is damaged, or if other commands keep changing the record.
    pub(crate) async fn forget(&self, client: &Client) -> Result<(), PreviewError> {
        remove(client, &self.project, &self.name, &self.deployments).await
    }
}

/// The recorded previews of a project.
#[derive(Debug, Default)]
pub(crate) struct RecordedPreviews {
    /// Readable records, sorted by name.
    pub(crate) previews: Vec<RecordedPreview>,
    /// Previews with a damaged record, each with the variable name.
    pub(crate) damaged: BTreeMap<PreviewName, String>,
    /// Full names of deployments recorded by other projects, each with the preview and project.
    others: BTreeMap<String, (PreviewName, ProjectId)>,
}

impl RecordedPreviews {
    /// Reads all of a project's preview records.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(crate) async fn read(client: &Client, project: &ProjectId) -> Result<Self, ApiError> {
        Ok(Self::new(shards::read(client).await?, project))
    }

    fn new(variables: Vec<Variable>, project: &ProjectId) -> Self {
        let mut records: BTreeMap<PreviewName, Shards<PreviewRecord>> = BTreeMap::new();
        let (mut damaged, mut others) = (BTreeMap::new(), BTreeMap::new());
        for Variable { id, name: variable, value } in variables {
            let Some((owner, name)) = PreviewName::from_variable(&variable) else { continue };
            let record = serde_json::from_value::<PreviewRecord>(value);
            if owner != *project {
                let deployments = record.into_iter().flat_map(|record| record.deployments);
                others.extend(deployments.map(|deployment| (deployment, (name.clone(), owner.clone()))));
            } else if let Ok(record) = record {
                records.entry(name).or_insert_with(Shards::new).insert(variable, id, record);
            } else {
                damaged.entry(name).or_insert(variable);
            }
        }
        records.retain(|name, _| !damaged.contains_key(name));
        let previews = records.into_iter();
        let previews = previews.filter_map(|(name, records)| RecordedPreview::new(project, name, records));
        Self { previews: previews.collect(), damaged, others }
    }

    /// Returns a preview, or `None` if the preview is not recorded.
    ///
    /// # Errors
    ///
    /// Fails if the preview's record is damaged.
    pub(crate) fn preview(&self, name: &PreviewName) -> Result<Option<&RecordedPreview>, PreviewError> {
        if let Some(variable) = self.damaged.get(name) {
            let (preview, variable) = (name.clone(), variable.clone());
            return Err(PreviewError::DamagedRecord { preview, variable });
        }
        Ok(self.previews.iter().find(|preview| preview.name == *name))
    }

    /// Checks that no other project has recorded the deployments.
    fn require_own(&self, deployments: &BTreeSet<String>) -> Result<(), PreviewError> {
        for name in deployments {
            if let Some((preview, project)) = self.others.get(name) {
                let (name, preview, project) = (name.clone(), preview.clone(), project.clone());
                return Err(PreviewError::OtherProject { name, preview, project });
            }
        }
        Ok(())
    }
}

/// Returns the full names of a preview's existing deployments. `deployments` pairs each full name with the live
/// deployment, or with `None` if the deployment does not exist.
///
/// # Errors
///
/// Fails if a live deployment does not have the preview's tag.
pub(crate) fn existing_copies<'a>(
    preview: &PreviewName,
    deployments: impl Iterator<Item = (String, Option<&'a LiveDeployment>)>,
) -> Result<BTreeSet<String>, PreviewError> {
    let tag = preview.tag();
    let existing = deployments.filter_map(|(name, live)| Some((name, live?)));
    let copy = |(name, live): (String, &LiveDeployment)| {
        if live.has_tag(&tag) {
            Ok(name)
        } else {
            Err(PreviewError::NameTaken { name, preview: preview.clone() })
        }
    };
    existing.map(copy).collect()
}

/// Checks that a preview's deployments only overwrite copies from the same preview and project. `deployments` pairs
/// each full name with the live deployment, or with `None` if the deployment does not exist. Without a project, the
/// records are not read.
///
/// # Errors
///
/// Fails if a live deployment does not have the preview's tag, if another project has recorded the deployment, if the
/// records cannot be read, or if the preview's record is damaged.
pub(crate) async fn require_copies<'a>(
    client: &Client,
    project: Option<&ProjectId>,
    preview: &PreviewName,
    deployments: impl Iterator<Item = (String, Option<&'a LiveDeployment>)>,
) -> Result<(), PreviewError> {
    let existing = existing_copies(preview, deployments)?;
    let Some(project) = project else { return Ok(()) };
    let recorded = RecordedPreviews::read(client, &project.without_environment()).await?;
    recorded.preview(preview)?;
    recorded.require_own(&existing)
}

/// Adds full deployment names to a preview's record and sets the last deploy time. `existing` contains the deployments
/// that already exist.
///
/// # Errors
///
/// Fails if a request fails, if the record is damaged, if another project has recorded an existing deployment, or if
/// other commands keep changing the record.
pub(crate) async fn record(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deployments: &BTreeSet<String>,
    existing: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), PreviewError> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
    let none = Shards::new();
    let edits = |variables| {
        let recorded = RecordedPreviews::new(variables, project);
        let known = recorded.preview(name)?;
        recorded.require_own(existing)?;
        let created = known.map_or(now, |known| known.created);
        let records = known.map_or(&none, |known| &known.records);
        let touch =
            |record: &PreviewRecord| PreviewRecord { updated: record.updated.max(now), ..record.clone() };
        let mut revision = records.revised(touch);
        let new = PreviewRecord { created, updated: now, deployments: deployments.clone() };
        revision.add(&new, |number| name.variable(project, number, allows_dashes));
        Ok(revision.edits())
    };
    shards::update(client, edits).await
}

/// Removes deployments from a preview's record. Deletes the record if no deployments remain. The deployments must
/// already be deleted.
///
/// # Errors
///
/// Fails if a request fails, if the record is damaged, or if other commands keep changing the record.
pub(crate) async fn remove(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deleted: &BTreeSet<String>,
) -> Result<(), PreviewError> {
    let edits = |variables| {
        let recorded = RecordedPreviews::new(variables, project);
        let Some(known) = recorded.preview(name)? else { return Ok(Vec::new()) };
        Ok(known.records.revised(|record| record.with_items(&record.deployments - deleted)).edits())
    };
    shards::update(client, edits).await
}

/// Adds names to the record again if another command has removed them in the meantime.
///
/// # Errors
///
/// Fails under the same conditions as [`record`].
pub(crate) async fn ensure_recorded(
    client: &Client,
    project: &ProjectId,
    name: &PreviewName,
    deployments: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), PreviewError> {
    let recorded = RecordedPreviews::read(client, project).await?;
    if recorded.preview(name)?.is_some_and(|preview| preview.deployments.is_superset(deployments)) {
        return Ok(());
    }
    record(client, project, name, deployments, &BTreeSet::new(), now).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::testing::VariableServer;

    async fn add(
        client: &Client,
        project: &ProjectId,
        name: &PreviewName,
        deployments: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), PreviewError> {
        record(client, project, name, deployments, &BTreeSet::new(), now).await
    }

    #[tokio::test]
    async fn records_deployments_of_previews() {
        let variables = VariableServer::default();
        let (_server, client) = variables.start().await;
        let [first, second]: [PreviewName; 2] = ["pr-1", "pr-10"].map(|name| name.parse().unwrap());
        let [project, other] = ["a", "b"].map(|id| ProjectId::new(id).unwrap());
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let names = |count: usize| -> BTreeSet<String> {
            (0..count).map(|number| format!("{}/{number:03}", "f".repeat(40))).collect()
        };
        add(&client, &project, &first, &names(150), time(1)).await.unwrap();
        add(&client, &other, &first, &names(1), time(1)).await.unwrap();
        add(&client, &project, &first, &names(250), time(2)).await.unwrap();
        add(&client, &project, &second, &names(1), time(3)).await.unwrap();
        add(&client, &project, &second, &names(0), time(4)).await.unwrap();
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
        assert!(variables.values().len() > 4, "a variable has a limited size");
        // Another command has deleted one of the variables.
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
        let variables = VariableServer::default();
        let (_server, client) = variables.start().await;
        let project = ProjectId::new("a").unwrap();
        let [good, damaged]: [PreviewName; 2] = ["good", "damaged"].map(|name| name.parse().unwrap());
        for value in [json!("hello"), json!(null), json!([]), json!({}), json!({"deployments": 1})] {
            client.set_variable("prefectl-preview-a--damaged", &value).await.unwrap();
            client.set_variable("prefectl-preview-b--good", &value).await.unwrap();
            let error = add(&client, &project, &damaged, &BTreeSet::new(), Timestamp::UNIX_EPOCH).await;
            assert!(matches!(error, Err(PreviewError::DamagedRecord { .. })), "{value}");
            let names = BTreeSet::from(["f/d".to_owned()]);
            add(&client, &project, &good, &names, Timestamp::UNIX_EPOCH).await.unwrap();
            let recorded = RecordedPreviews::read(&client, &project).await.unwrap();
            assert_eq!(recorded.preview(&good).unwrap().unwrap().deployments, names);
            assert!(recorded.preview(&damaged).is_err());
        }
    }
}
