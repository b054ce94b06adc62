//! Deployments and their schedules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ApiError, Client, JsonObject,
    error::optional,
    page::{Identified, in_batches},
    request::Request,
};

/// A deployment as the server has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct Deployment {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) flow_id: Uuid,
    pub(crate) paused: bool,
    pub(crate) work_pool_name: Option<String>,
    pub(crate) work_queue_name: Option<String>,
    pub(crate) parameters: JsonObject,
    pub(crate) job_variables: JsonObject,
    pub(crate) tags: Vec<String>,
    pub(crate) schedules: Vec<DeploymentSchedule>,
    /// When a field of it was last written; schedules do not count.
    pub(crate) updated: Option<Timestamp>,
    /// All that the server sent, these fields included.
    pub(crate) raw: JsonObject,
}

/// A schedule of a deployment.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct DeploymentSchedule {
    pub(crate) id: Uuid,
    /// An interval, a cron or an rrule object.
    pub(crate) schedule: JsonObject,
    #[serde(default = "yes")]
    pub(crate) active: bool,
    #[serde(default)]
    pub(crate) max_scheduled_runs: Option<u64>,
    #[serde(default)]
    pub(crate) parameters: JsonObject,
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

fn yes() -> bool {
    true
}

impl DeploymentSchedule {
    /// What a request says to change only these fields: the server empties the parameters when it is not told them.
    pub(crate) fn with_parameters(&self, changes: &JsonObject) -> JsonObject {
        let mut body = changes.clone();
        body.entry("parameters").or_insert_with(|| self.parameters.clone().into());
        body
    }
}

impl Deployment {
    /// What its parameters may be; deployments made by very old clients do not say.
    pub(crate) fn parameter_schema(&self) -> Option<&JsonObject> {
        self.raw.get("parameter_openapi_schema")?.as_object()
    }
}

impl TryFrom<JsonObject> for Deployment {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Uuid,
            name: String,
            flow_id: Uuid,
            #[serde(default)]
            paused: bool,
            work_pool_name: Option<String>,
            work_queue_name: Option<String>,
            parameters: Option<JsonObject>,
            job_variables: Option<JsonObject>,
            tags: Option<Vec<String>>,
            schedules: Option<Vec<DeploymentSchedule>>,
            updated: Option<Timestamp>,
        }
        let fields = Fields::deserialize(&raw)?;
        Ok(Self {
            id: fields.id,
            name: fields.name,
            flow_id: fields.flow_id,
            paused: fields.paused,
            work_pool_name: fields.work_pool_name,
            work_queue_name: fields.work_queue_name,
            parameters: fields.parameters.unwrap_or_default(),
            job_variables: fields.job_variables.unwrap_or_default(),
            tags: fields.tags.unwrap_or_default(),
            schedules: fields.schedules.unwrap_or_default(),
            updated: fields.updated,
            raw,
        })
    }
}

impl Identified for Deployment {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Which deployments to read. Conditions that are not empty must all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeploymentFilter {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) names: Vec<String>,
    pub(crate) flow_names: Vec<String>,
    /// What the name has in it, in capitals or not.
    pub(crate) name_has: Option<String>,
    /// What the name of the flow has in it.
    pub(crate) flow_name_has: Option<String>,
}

impl DeploymentFilter {
    /// For these `(flow, deployment)` names; each name matches with each of the flows.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a (String, String)>) -> Self {
        let (flows, names): (BTreeSet<&String>, BTreeSet<&String>) =
            names.into_iter().map(|(flow, name)| (flow, name)).unzip();
        Self {
            names: names.into_iter().cloned().collect(),
            flow_names: flows.into_iter().cloned().collect(),
            ..Self::default()
        }
    }

    fn body(&self) -> JsonObject {
        let mut deployments = JsonObject::new();
        if !self.ids.is_empty() {
            deployments.insert("id".to_owned(), json!({"any_": self.ids}));
        }
        deployments.extend(names_filter(&self.names, self.name_has.as_deref()));
        let mut body = JsonObject::new();
        if !deployments.is_empty() {
            body.insert("deployments".to_owned(), Value::Object(deployments));
        }
        let flows = names_filter(&self.flow_names, self.flow_name_has.as_deref());
        body.extend(flows.map(|(key, names)| ("flows".to_owned(), json!({key: names}))));
        // By name would be ambiguous (`default` of every flow), and pages could overlap.
        body.insert("sort".to_owned(), json!("CREATED_DESC"));
        body
    }
}

/// The condition on names, if there is one.
fn names_filter(names: &[String], part: Option<&str>) -> Option<(String, Value)> {
    let mut conditions = JsonObject::new();
    if !names.is_empty() {
        conditions.insert("any_".to_owned(), json!(names));
    }
    if let Some(part) = part {
        conditions.insert("like_".to_owned(), json!(part));
    }
    (!conditions.is_empty()).then(|| ("name".to_owned(), Value::Object(conditions)))
}

impl Client {
    pub(crate) async fn deployment(&self, id: Uuid) -> Result<Option<Deployment>, ApiError> {
        optional(self.json(Request::get(&["deployments", &id.to_string()])).await)
    }

    pub(crate) async fn deployment_by_name(
        &self,
        flow: &str,
        name: &str,
    ) -> Result<Option<Deployment>, ApiError> {
        optional(self.json(Request::get(&["deployments", "name", flow, name])).await)
    }

    /// All deployments that match, newest first.
    pub(crate) async fn deployments(&self, filter: &DeploymentFilter) -> Result<Vec<Deployment>, ApiError> {
        self.filter(&["deployments", "filter"], filter.body()).await
    }

    /// All deployments with these `(flow, deployment)` names, and perhaps others of these flows. What `keep` makes of
    /// them is kept while the others are read: a deployment as the server sends it is large.
    pub(crate) async fn deployments_named<T: Identified>(
        &self,
        names: &BTreeSet<(String, String)>,
        keep: impl Fn(Deployment) -> T,
    ) -> Result<Vec<T>, ApiError> {
        let read = async |names| {
            let found = self.deployments(&DeploymentFilter::named(names)).await?;
            Ok(found.into_iter().map(&keep).collect())
        };
        in_batches(names, read).await
    }

    /// All deployments with these ids.
    pub(crate) async fn deployments_by_id(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Vec<Deployment>, ApiError> {
        let read =
            async |ids| self.deployments(&DeploymentFilter { ids, ..DeploymentFilter::default() }).await;
        in_batches(ids, read).await
    }

    /// No more than `most` of those that match, the newest.
    pub(crate) async fn newest_deployments(
        &self,
        filter: &DeploymentFilter,
        most: usize,
    ) -> Result<Vec<Deployment>, ApiError> {
        self.filter_up_to(&["deployments", "filter"], filter.body(), most).await
    }

    /// The one that was written last of those that match.
    pub(crate) async fn last_updated_deployment(
        &self,
        filter: &DeploymentFilter,
    ) -> Result<Option<Deployment>, ApiError> {
        let mut body = filter.body();
        body.insert("sort".to_owned(), json!("UPDATED_DESC"));
        body.insert("limit".to_owned(), json!(1));
        let found: Vec<Deployment> = self.json(Request::post(&["deployments", "filter"], body)).await?;
        Ok(found.into_iter().next())
    }

    /// Whether there was such a deployment. Its scheduled runs go with it; automations have to be deleted by themselves.
    pub(crate) async fn delete_deployment(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["deployments", &id.to_string()])).await)?.is_some())
    }

    /// Creates a deployment. One of the same flow and name is changed instead, and loses its schedules.
    pub(crate) async fn create_deployment(&self, body: &JsonObject) -> Result<Deployment, ApiError> {
        self.json(Request::post(&["deployments", ""], body.clone())).await
    }

    /// Changes the fields in `body`. The server removes the deployment's future scheduled runs.
    pub(crate) async fn update_deployment(&self, id: Uuid, body: &JsonObject) -> Result<(), ApiError> {
        self.done(Request::patch(&["deployments", &id.to_string()], body.clone())).await
    }

    pub(crate) async fn create_schedules(
        &self,
        deployment: Uuid,
        schedules: &[Value],
    ) -> Result<Vec<DeploymentSchedule>, ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules"];
        self.json(Request::post(&path, schedules).once()).await
    }

    /// Changes these fields of a schedule.
    pub(crate) async fn update_schedule(
        &self,
        deployment: Uuid,
        schedule: &DeploymentSchedule,
        changes: &JsonObject,
    ) -> Result<(), ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules", &schedule.id.to_string()];
        self.done(Request::patch(&path, schedule.with_parameters(changes))).await
    }

    /// Whether there was such a schedule.
    pub(crate) async fn delete_schedule(&self, deployment: Uuid, schedule: Uuid) -> Result<bool, ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules", &schedule.to_string()];
        Ok(optional(self.done(Request::delete(&path)).await)?.is_some())
    }
}
