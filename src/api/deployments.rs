//! API requests for deployments and their schedules.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ApiError, Client, Feature, JsonObject,
    compatibility::Body,
    error::optional,
    page::{Identified, in_batches},
    request::Request,
};

/// The name of a deployment. A deployment's own name is only unique among the deployments of its flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeploymentName {
    pub(crate) flow: String,
    pub(crate) deployment: String,
}

impl DeploymentName {
    pub(crate) fn new(flow: impl Into<String>, deployment: impl Into<String>) -> Self {
        Self { flow: flow.into(), deployment: deployment.into() }
    }
}

impl fmt::Display for DeploymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.flow, self.deployment)
    }
}

/// A deployment that exists on the server.
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
    /// The complete JSON object that the server returned, including the fields above.
    pub(crate) raw: JsonObject,
}

/// A deployment schedule, as stored on the server.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct DeploymentSchedule {
    pub(crate) id: Uuid,
    /// The interval, cron or RRULE definition of the schedule.
    pub(crate) schedule: JsonObject,
    #[serde(default = "active_by_default")]
    pub(crate) active: bool,
    #[serde(default)]
    pub(crate) max_scheduled_runs: Option<u64>,
    #[serde(default)]
    pub(crate) parameters: JsonObject,
    #[serde(default)]
    pub(crate) slug: Option<String>,
    /// Creation time in the server's format.
    #[serde(default, skip_serializing)]
    pub(crate) created: Option<String>,
}

fn active_by_default() -> bool {
    true
}

impl DeploymentSchedule {
    /// Returns the body of a schedule update. The body always includes the schedule's parameters, because the
    /// server removes all parameters that an update omits.
    pub(crate) fn with_parameters(&self, changes: &JsonObject) -> JsonObject {
        let mut body = changes.clone();
        body.entry("parameters").or_insert_with(|| self.parameters.clone().into());
        body
    }
}

impl Deployment {
    /// Returns the parameter schema, or `None` if a very old client created the deployment without a schema.
    pub(crate) fn parameter_schema(&self) -> Option<&JsonObject> {
        self.raw.get("parameter_openapi_schema")?.as_object()
    }

    /// Returns the flow's entrypoint, or `None` if the deployment does not specify one.
    pub(crate) fn entrypoint(&self) -> Option<&str> {
        self.raw.get("entrypoint")?.as_str()
    }

    /// Returns the pull steps.
    pub(crate) fn pull_steps(&self) -> &[Value] {
        self.raw.get("pull_steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the maximum number of concurrent runs, or `None` for no limit. Newer servers report the number in a
    /// nested object.
    pub(crate) fn concurrency_limit(&self) -> Option<&Value> {
        let nested = self.raw.get("global_concurrency_limit").and_then(|limit| limit.get("limit"));
        nested.or(self.raw.get("concurrency_limit")).filter(|limit| !limit.is_null())
    }

    /// Returns the concurrency limit's options, or `None` if no option is set.
    pub(crate) fn concurrency_options(&self) -> Option<&JsonObject> {
        self.raw.get("concurrency_options")?.as_object()
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
            raw,
        })
    }
}

impl Identified for Deployment {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A filter for deployments. Empty conditions match every deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeploymentFilter {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) names: Vec<String>,
    pub(crate) flow_names: Vec<String>,
    /// Substring of the deployment name, matched case-insensitively.
    pub(crate) name_has: Option<String>,
    /// Substring of the flow name, matched case-insensitively.
    pub(crate) flow_name_has: Option<String>,
    /// Names of work pools.
    pub(crate) work_pools: Vec<String>,
}

impl DeploymentFilter {
    /// Creates a filter for names. The filter also matches other combinations of the given flow names and deployment
    /// names.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a DeploymentName>) -> Self {
        let (flows, names): (BTreeSet<&String>, BTreeSet<&String>) =
            names.into_iter().map(|name| (&name.flow, &name.deployment)).unzip();
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
        let pools = names_filter(&self.work_pools, None);
        body.extend(pools.map(|(key, names)| ("work_pools".to_owned(), json!({key: names}))));
        // Names are not unique (every flow may have a `default` deployment), so pages sorted by name could
        // overlap.
        body.insert("sort".to_owned(), json!("CREATED_DESC"));
        body
    }
}

/// Returns the filter condition for exact names or a name substring, or `None` if neither is given.
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

/// Deployment fields that servers before Prefect 3.2 accept on creation but not in updates.
const FLOW_FIELDS: [&str; 2] = ["pull_steps", "parameter_openapi_schema"];

/// Deployment fields that servers before Prefect 3.2 accept on creation, except for the schedules.
const CREATED_FIELDS: [&str; 19] = [
    "name",
    "flow_id",
    "paused",
    "concurrency_limit",
    "concurrency_options",
    "enforce_parameter_schema",
    "parameter_openapi_schema",
    "parameters",
    "tags",
    "pull_steps",
    "work_queue_name",
    "work_pool_name",
    "storage_document_id",
    "infrastructure_document_id",
    "description",
    "path",
    "version",
    "entrypoint",
    "job_variables",
];

/// Compares a deployment field with a new value. Treats a missing list, a null value and an empty list as equal.
fn is_same(live: Option<&Value>, value: &Value) -> bool {
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    live == Some(value) || (live.is_none_or(is_empty) && is_empty(value))
}

/// Returns the request body that recreates the deployment `live` with `changes` applied. The body keeps the existing
/// schedules unless `changes` contains schedules.
fn replacement(live: &Deployment, changes: JsonObject) -> JsonObject {
    let schedule = |schedule: &DeploymentSchedule| {
        json!({
            "schedule": schedule.schedule,
            "active": schedule.active,
            "max_scheduled_runs": schedule.max_scheduled_runs,
            "parameters": schedule.parameters,
            "slug": schedule.slug,
        })
    };
    let live_field = |name: &&str| Some(((*name).to_owned(), live.raw.get(*name)?.clone()));
    let mut body: JsonObject = CREATED_FIELDS.iter().filter_map(live_field).collect();
    body.insert("schedules".to_owned(), live.schedules.iter().map(schedule).collect());
    body.extend(changes);
    body
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

    /// Returns all deployments that match the filter, newest first.
    pub(crate) async fn deployments(&self, filter: &DeploymentFilter) -> Result<Vec<Deployment>, ApiError> {
        self.filter(&["deployments", "filter"], filter.body()).await
    }

    /// Returns all deployments with the given names. The result may include other deployments of the same flows.
    ///
    /// `keep` converts each deployment to a smaller value as soon as it is read, because complete deployments use a
    /// lot of memory.
    pub(crate) async fn deployments_named<T: Identified>(
        &self,
        names: &BTreeSet<DeploymentName>,
        keep: impl Fn(Deployment) -> T,
    ) -> Result<Vec<T>, ApiError> {
        let read = async |names| {
            let found = self.deployments(&DeploymentFilter::named(names)).await?;
            Ok(found.into_iter().map(&keep).collect())
        };
        in_batches(names, read).await
    }

    /// Returns the deployments with the given IDs. Skips IDs without a deployment.
    pub(crate) async fn deployments_by_id(
        &self,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Vec<Deployment>, ApiError> {
        let read =
            async |ids| self.deployments(&DeploymentFilter { ids, ..DeploymentFilter::default() }).await;
        in_batches(ids, read).await
    }

    /// Returns the `most` newest deployments that match the filter.
    pub(crate) async fn newest_deployments(
        &self,
        filter: &DeploymentFilter,
        most: usize,
    ) -> Result<Vec<Deployment>, ApiError> {
        self.filter_up_to(&["deployments", "filter"], filter.body(), most).await
    }

    /// Deletes a deployment and its scheduled runs, but not its automations. Returns `false` if the
    /// deployment did not exist.
    pub(crate) async fn delete_deployment(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["deployments", &id.to_string()])).await)?.is_some())
    }

    /// Creates a deployment. If the flow already has a deployment with this name, the server updates it and
    /// deletes its schedules.
    pub(crate) async fn create_deployment(&self, body: &JsonObject) -> Result<Deployment, ApiError> {
        let body = self.accepted_deployment(Body::NewDeployment, body).await?;
        self.json(Request::post(&["deployments", ""], body)).await
    }

    /// Updates the deployment fields given in `body`. As a side effect, the server deletes the deployment's scheduled
    /// runs.
    ///
    /// Servers before Prefect 3.2 cannot update the pull steps or the parameter schema. For these changes, this
    /// function recreates the deployment. The deployment keeps its ID, but its schedules get new IDs.
    pub(crate) async fn update_deployment(&self, id: Uuid, body: &JsonObject) -> Result<(), ApiError> {
        let mut body = self.accepted_deployment(Body::DeploymentUpdate, body).await?;
        if FLOW_FIELDS.iter().any(|name| body.contains_key(*name)) && self.replaces_deployments().await? {
            let live = self.deployment(id).await?;
            let differs = |live: &Deployment| {
                FLOW_FIELDS
                    .iter()
                    .any(|name| body.get(*name).is_some_and(|value| !is_same(live.raw.get(*name), value)))
            };
            match live {
                Some(live) if differs(&live) => {
                    let body =
                        self.accepted_deployment(Body::NewDeployment, &replacement(&live, body)).await?;
                    return self.done(Request::post(&["deployments", ""], body)).await;
                }
                _ => FLOW_FIELDS.iter().for_each(|name| drop(body.shift_remove(*name))),
            }
        }
        self.done(Request::patch(&["deployments", &id.to_string()], body)).await
    }

    /// Checks whether an update may recreate the deployment, which changes its schedule IDs. If so, callers must update
    /// individual schedules first.
    pub(crate) async fn replaces_deployments(&self) -> Result<bool, ApiError> {
        Ok(!self.capabilities().await?.supports(Feature::PatchFlowFields))
    }

    /// Removes unsupported fields from a deployment and its schedules.
    async fn accepted_deployment(&self, kind: Body, body: &JsonObject) -> Result<JsonObject, ApiError> {
        let mut body = self.accepted(kind, body.clone()).await?;
        if let Some(Value::Array(schedules)) = body.get_mut("schedules") {
            for schedule in schedules.iter_mut().filter_map(Value::as_object_mut) {
                *schedule = self.accepted(Body::NewSchedule, std::mem::take(schedule)).await?;
            }
        }
        Ok(body)
    }

    pub(crate) async fn create_schedules(
        &self,
        deployment: Uuid,
        schedules: &[Value],
    ) -> Result<Vec<DeploymentSchedule>, ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules"];
        let mut bodies = Vec::new();
        for schedule in schedules.iter().filter_map(Value::as_object) {
            bodies.push(Value::Object(self.accepted(Body::NewSchedule, schedule.clone()).await?));
        }
        self.json(Request::post(&path, bodies).once()).await
    }

    /// Updates the schedule fields given in `changes`.
    pub(crate) async fn update_schedule(
        &self,
        deployment: Uuid,
        schedule: &DeploymentSchedule,
        changes: &JsonObject,
    ) -> Result<(), ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules", &schedule.id.to_string()];
        let body = self.accepted(Body::ScheduleUpdate, schedule.with_parameters(changes)).await?;
        self.done(Request::patch(&path, body)).await
    }

    /// Deletes a schedule. Returns `false` if the schedule did not exist.
    pub(crate) async fn delete_schedule(&self, deployment: Uuid, schedule: Uuid) -> Result<bool, ApiError> {
        let path = ["deployments", &deployment.to_string(), "schedules", &schedule.to_string()];
        Ok(optional(self.done(Request::delete(&path)).await)?.is_some())
    }
}
