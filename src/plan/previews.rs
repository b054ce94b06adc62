//! Records the deployments of previews in Prefect variables. Only recorded deployments are deleted with a preview.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::ownership::{OwnershipError, UnreadableRecord};
use crate::{
    api::{ApiError, Client, Feature},
    deployment::{PreviewName, ProjectId},
};

/// Maximum number of deployment ids stored in a variable, whose size the server limits to 5000 characters.
const IDS_PER_VARIABLE: usize = 100;

/// Value of a variable that records deployments of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    preview: PreviewName,
    created: Timestamp,
    updated: Timestamp,
    deployments: BTreeSet<Uuid>,
}

/// A preview that has been deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedPreview {
    pub(crate) name: PreviewName,
    /// Time of the first deploy.
    pub(crate) created: Timestamp,
    /// Time of the last deploy.
    pub(crate) updated: Timestamp,
    pub(crate) deployments: BTreeSet<Uuid>,
    /// Variables that contain the record, with the deployments that each variable lists.
    variables: BTreeMap<String, BTreeSet<Uuid>>,
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
        self.deployments.extend(&record.deployments);
        self.variables.insert(variable, record.deployments);
    }

    /// Deletes the record. The deployments must have been deleted before.
    pub(crate) async fn forget(&self, client: &Client) -> Result<(), ApiError> {
        for variable in self.variables.keys() {
            client.delete_variable(variable).await?;
        }
        Ok(())
    }
}

/// Reads the records of all previews, sorted by name.
///
/// # Errors
///
/// Fails if a request fails or if a record is unreadable.
pub(crate) async fn recorded(client: &Client) -> Result<Vec<RecordedPreview>, OwnershipError> {
    let variables = client.variables_like(ProjectId::VARIABLE_PREFIX).await?;
    let variables = variables.into_iter().filter(|variable| PreviewName::is_record_name(&variable.name));
    let mut previews: BTreeMap<PreviewName, RecordedPreview> = BTreeMap::new();
    for variable in variables {
        let record: Record = serde_json::from_value(variable.value)
            .map_err(|error| UnreadableRecord::new(&variable.name, &error))?;
        let name = record.preview.clone();
        let preview = previews.entry(name.clone());
        preview.or_insert_with(|| RecordedPreview::new(name, record.created)).add(variable.name, record);
    }
    Ok(previews.into_values().collect())
}

/// Adds deployments to the record of a preview, and sets the time of the last deploy.
///
/// # Errors
///
/// Fails if a request fails or if a record is unreadable.
pub(crate) async fn record(
    client: &Client,
    name: &PreviewName,
    deployments: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<(), OwnershipError> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let known = recorded(client).await?.into_iter().find(|preview| preview.name == *name);
    let known = known.unwrap_or_else(|| RecordedPreview::new(name.clone(), now));
    let mut new = deployments.into_iter().filter(|id| !known.deployments.contains(id));
    let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
    let mut variables = known.variables.clone();
    for ids in variables.values_mut() {
        let room = IDS_PER_VARIABLE.saturating_sub(ids.len());
        ids.extend(new.by_ref().take(room));
    }
    let unused = (0..).map(|number| name.variable(number, allows_dashes));
    let mut unused = unused.filter(|variable| !known.variables.contains_key(variable));
    loop {
        let ids: BTreeSet<Uuid> = new.by_ref().take(IDS_PER_VARIABLE).collect();
        let Some(variable) = unused.next().filter(|_| !ids.is_empty()) else { break };
        variables.insert(variable, ids);
    }
    for (variable, deployments) in variables {
        let record = Record { preview: name.clone(), created: known.created, updated: now, deployments };
        client.set_variable(&variable, &json!(record)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let ids: Vec<Uuid> = (0..250).map(Uuid::from_u128).collect();
        record(&client, &first, ids[..150].iter().copied(), time(1)).await.unwrap();
        record(&client, &first, ids[..].iter().copied(), time(2)).await.unwrap();
        record(&client, &second, ids[..1].iter().copied(), time(3)).await.unwrap();
        record(&client, &second, [], time(4)).await.unwrap();
        let found = recorded(&client).await.unwrap();
        let summary: Vec<_> = found
            .iter()
            .map(|preview| {
                (preview.name.as_str(), preview.created, preview.updated, preview.deployments.len())
            })
            .collect();
        assert_eq!(summary, [("pr-1", time(1), time(2), 250), ("pr-10", time(3), time(4), 1)]);
        let names: Vec<String> = variables.0.lock().unwrap().keys().cloned().collect();
        assert_eq!(
            names,
            [
                "prefectl-preview-pr-1",
                "prefectl-preview-pr-1--1",
                "prefectl-preview-pr-1--2",
                "prefectl-preview-pr-10"
            ]
        );
        found[0].forget(&client).await.unwrap();
        assert_eq!(recorded(&client).await.unwrap(), found[1..]);
        client.set_variable("prefectl-preview-x", &json!({"deployments": 1})).await.unwrap();
        assert!(matches!(recorded(&client).await, Err(OwnershipError::Unreadable(_))));
    }
}
