//! API requests for flow runs, their states and their logs.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, error::optional, page::Identified, request::Request};

/// A flow run that exists on the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct FlowRun {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) flow_id: Option<Uuid>,
    pub(crate) parameters: JsonObject,
    pub(crate) job_variables: Option<JsonObject>,
    pub(crate) expected_start_time: Option<Timestamp>,
    pub(crate) state: Option<RunState>,
    /// The complete JSON object that the server returned, including the fields above.
    pub(crate) raw: JsonObject,
}

impl TryFrom<JsonObject> for FlowRun {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Uuid,
            name: String,
            flow_id: Option<Uuid>,
            parameters: Option<JsonObject>,
            job_variables: Option<JsonObject>,
            expected_start_time: Option<Timestamp>,
            state: Option<RunState>,
        }
        let fields = Fields::deserialize(&raw)?;
        Ok(Self {
            id: fields.id,
            name: fields.name,
            flow_id: fields.flow_id,
            parameters: fields.parameters.unwrap_or_default(),
            job_variables: fields.job_variables,
            expected_start_time: fields.expected_start_time,
            state: fields.state,
            raw,
        })
    }
}

impl Identified for FlowRun {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A filter for flow runs. Empty conditions match every run.
#[derive(Debug, Clone, Default)]
pub(crate) struct FlowRunFilter {
    pub(crate) names: Vec<String>,
    pub(crate) flow_names: Vec<String>,
    pub(crate) deployments: Vec<Uuid>,
    pub(crate) work_pools: Vec<String>,
    pub(crate) work_queues: Vec<String>,
    pub(crate) state_names: Vec<String>,
    pub(crate) state_types: Vec<StateType>,
    /// Matches only runs that are scheduled to start before this time.
    pub(crate) scheduled_before: Option<Timestamp>,
}

impl FlowRunFilter {
    fn body(&self) -> JsonObject {
        let any = |values: Value| json!({"any_": values});
        let mut state = JsonObject::new();
        if !self.state_names.is_empty() {
            state.insert("name".to_owned(), any(json!(self.state_names)));
        }
        if !self.state_types.is_empty() {
            state.insert("type".to_owned(), any(json!(self.state_types)));
        }
        let mut runs = JsonObject::new();
        if !self.names.is_empty() {
            runs.insert("name".to_owned(), any(json!(self.names)));
        }
        if !self.deployments.is_empty() {
            runs.insert("deployment_id".to_owned(), any(json!(self.deployments)));
        }
        if !state.is_empty() {
            runs.insert("state".to_owned(), Value::Object(state));
        }
        if let Some(before) = self.scheduled_before {
            runs.insert("next_scheduled_start_time".to_owned(), json!({"before_": before}));
        }
        let mut body = JsonObject::new();
        if !runs.is_empty() {
            body.insert("flow_runs".to_owned(), Value::Object(runs));
        }
        let by_name = [
            ("flows", &self.flow_names),
            ("work_pools", &self.work_pools),
            ("work_pool_queues", &self.work_queues),
        ];
        for (key, names) in by_name {
            if !names.is_empty() {
                body.insert(key.to_owned(), json!({"name": {"any_": names}}));
            }
        }
        body.insert("sort".to_owned(), json!("EXPECTED_START_TIME_DESC"));
        body
    }
}

/// The server's response to a proposed state change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct StateAnswer {
    /// The server's decision: `ACCEPT`, `REJECT`, `ABORT` or `WAIT`.
    status: String,
    /// The run's state after the decision.
    #[serde(default)]
    state: Option<RunState>,
    #[serde(default)]
    details: Value,
}

impl StateAnswer {
    /// Checks whether the run is cancelled or is being cancelled. For a run that has not started, the server
    /// sets the state `Cancelled` immediately and reports the proposed state `Cancelling` as rejected.
    pub(crate) fn is_cancellation(&self) -> bool {
        let is_ending = |kind| matches!(kind, StateType::Cancelling | StateType::Cancelled);
        self.status == "ACCEPT"
            || (self.status == "REJECT" && self.state.as_ref().is_some_and(|state| is_ending(state.kind)))
    }

    /// Returns the server's reason for rejecting the state change.
    pub(crate) fn reason(&self) -> &str {
        self.details.get("reason").and_then(Value::as_str).unwrap_or("the server gave no reason")
    }
}

/// A current or past state of a flow run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RunState {
    pub(crate) id: Uuid,
    #[serde(rename = "type")]
    pub(crate) kind: StateType,
    /// Name of the state, which can be more specific than the state's type. For example, `Late` is the name of a
    /// scheduled state whose start time has passed.
    pub(crate) name: Option<String>,
    pub(crate) timestamp: Timestamp,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

impl RunState {
    /// Returns the state's name as Prefect displays it.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.kind.name())
    }
}

/// Type of a flow run state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StateType {
    Scheduled,
    Pending,
    Running,
    Paused,
    Cancelling,
    Completed,
    Failed,
    Crashed,
    Cancelled,
}

impl StateType {
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Crashed | Self::Cancelled)
    }

    /// Returns the default name for states of this type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Cancelling => "Cancelling",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Crashed => "Crashed",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A log entry of a flow run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) id: Uuid,
    /// Name of the Python logger that wrote the entry.
    pub(crate) name: String,
    /// Severity level as in Python's `logging` module: 20 is INFO, 40 is ERROR.
    pub(crate) level: i64,
    pub(crate) message: String,
    pub(crate) timestamp: Timestamp,
    #[serde(default)]
    pub(crate) flow_run_id: Option<Uuid>,
    #[serde(default)]
    pub(crate) task_run_id: Option<Uuid>,
    #[serde(default)]
    created: Option<Timestamp>,
    #[serde(default)]
    updated: Option<Timestamp>,
}

impl Identified for LogLine {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A flow run to be created for a deployment.
#[derive(Debug, Clone)]
pub(crate) struct NewFlowRun {
    pub(crate) scheduled_time: Timestamp,
    /// Name of the run. `None` lets the server generate one.
    pub(crate) name: Option<String>,
    /// Parameters that override the deployment's default parameters.
    pub(crate) parameters: JsonObject,
    pub(crate) tags: Vec<String>,
    pub(crate) job_variables: JsonObject,
    /// Key that identifies the request, so that sending it twice creates only one run.
    pub(crate) idempotency_key: String,
}

impl NewFlowRun {
    fn body(&self) -> Value {
        json!({
            "state": {
                "type": "SCHEDULED",
                "name": "Scheduled",
                "message": null,
                "state_details": {"scheduled_time": self.scheduled_time, "traceparent": null},
                "data": null,
            },
            "name": self.name,
            "parameters": self.parameters,
            "context": {},
            "tags": self.tags,
            "idempotency_key": self.idempotency_key,
            "parent_task_run_id": null,
            "job_variables": self.job_variables,
        })
    }
}

/// Maximum number of runs per bulk cancellation request.
pub(crate) const CANCELLED_AT_ONCE: usize = 50;

fn cancelling() -> Value {
    json!({"type": "CANCELLING", "name": "Cancelling"})
}

impl Client {
    pub(crate) async fn create_flow_run(
        &self,
        deployment: Uuid,
        run: &NewFlowRun,
    ) -> Result<FlowRun, ApiError> {
        let path = ["deployments", &deployment.to_string(), "create_flow_run"];
        self.json(Request::post(&path, run.body())).await
    }

    pub(crate) async fn flow_run(&self, id: Uuid) -> Result<Option<FlowRun>, ApiError> {
        optional(self.json(Request::get(&["flow_runs", &id.to_string()])).await)
    }

    /// Returns up to `most` runs that match the filter, with the latest start times first.
    pub(crate) async fn flow_runs(
        &self,
        filter: &FlowRunFilter,
        most: usize,
    ) -> Result<Vec<FlowRun>, ApiError> {
        self.filter_up_to(&["flow_runs", "filter"], filter.body(), most).await
    }

    /// Requests the cancellation of a run. Returns `None` if the run does not exist.
    pub(crate) async fn cancel_flow_run(&self, id: Uuid) -> Result<Option<StateAnswer>, ApiError> {
        let body = json!({"state": cancelling(), "force": false});
        optional(self.json(Request::post(&["flow_runs", &id.to_string(), "set_state"], body)).await)
    }

    /// Requests the cancellation of up to [`CANCELLED_AT_ONCE`] runs with a single request.
    ///
    /// Returns `None` if the server does not support bulk cancellation. The result omits runs that do not exist.
    pub(crate) async fn cancel_flow_runs(
        &self,
        ids: &[Uuid],
    ) -> Result<Option<Vec<(Uuid, StateAnswer)>>, ApiError> {
        #[derive(Deserialize)]
        struct Answers {
            results: Vec<Answer>,
        }
        #[derive(Deserialize)]
        struct Answer {
            flow_run_id: Uuid,
            #[serde(flatten)]
            answer: StateAnswer,
        }
        let body = json!({
            "flow_runs": {"id": {"any_": ids}},
            "state": cancelling(),
            "force": false,
            "limit": CANCELLED_AT_ONCE,
        });
        match self.json::<Answers>(Request::post(&["flow_runs", "bulk_set_state"], body)).await {
            Ok(Answers { results }) => {
                Ok(Some(results.into_iter().map(|result| (result.flow_run_id, result.answer)).collect()))
            }
            Err(ApiError::NoSuchRoute { .. } | ApiError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns all states of a run in chronological order. The last state is the current state.
    pub(crate) async fn flow_run_states(&self, id: Uuid) -> Result<Vec<RunState>, ApiError> {
        let request = Request::get(&["flow_run_states", ""]).query("flow_run_id", id.to_string());
        let mut states: Vec<RunState> = self.json(request).await?;
        states.sort_by_key(|state| state.timestamp);
        Ok(states)
    }

    /// Returns the log entries of a run that were written after the given time, oldest first.
    pub(crate) async fn flow_run_logs(
        &self,
        id: Uuid,
        from: Option<Timestamp>,
    ) -> Result<Vec<LogLine>, ApiError> {
        let mut filter = json!({"flow_run_id": {"any_": [id]}});
        if let Some(from) = from {
            filter["timestamp"] = json!({"after_": from});
        }
        self.logs(filter, "TIMESTAMP_ASC", usize::MAX).await
    }

    /// Returns the last `most` log entries of a run, newest first.
    pub(crate) async fn newest_flow_run_logs(&self, id: Uuid, most: usize) -> Result<Vec<LogLine>, ApiError> {
        self.logs(json!({"flow_run_id": {"any_": [id]}}), "TIMESTAMP_DESC", most).await
    }

    /// Returns the first `most` log entries of a run, oldest first.
    pub(crate) async fn oldest_flow_run_logs(&self, id: Uuid, most: usize) -> Result<Vec<LogLine>, ApiError> {
        self.logs(json!({"flow_run_id": {"any_": [id]}}), "TIMESTAMP_ASC", most).await
    }

    async fn logs(&self, filter: Value, sort: &str, most: usize) -> Result<Vec<LogLine>, ApiError> {
        let body = [("logs".to_owned(), filter), ("sort".to_owned(), json!(sort))];
        self.filter_up_to(&["logs", "filter"], body.into_iter().collect(), most).await
    }
}
