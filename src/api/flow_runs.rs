//! Flow runs, their states and their logs.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, page::Identified, request::Request};

/// A flow run as the server has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct FlowRun {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) deployment_id: Option<Uuid>,
    #[serde(default)]
    pub(crate) parameters: JsonObject,
    #[serde(default)]
    pub(crate) job_variables: Option<JsonObject>,
    #[serde(default)]
    pub(crate) expected_start_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) state: Option<RunState>,
}

/// A state that a run is or was in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RunState {
    pub(crate) id: Uuid,
    #[serde(rename = "type")]
    pub(crate) kind: StateType,
    /// `Late` and `AwaitingRetry` are names of scheduled states.
    pub(crate) name: Option<String>,
    pub(crate) timestamp: Timestamp,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

impl RunState {
    /// The name that Prefect shows.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.kind.name())
    }
}

/// The kinds of states.
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

    /// The name of a state of this type that has no other.
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

/// A line that a run logged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) id: Uuid,
    /// The logger.
    pub(crate) name: String,
    /// As Python's `logging` counts: 20 is INFO, 40 is ERROR.
    pub(crate) level: i64,
    pub(crate) message: String,
    pub(crate) timestamp: Timestamp,
    #[serde(default)]
    pub(crate) task_run_id: Option<Uuid>,
}

impl Identified for LogLine {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// What a new run of a deployment is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewFlowRun {
    pub(crate) scheduled_time: Timestamp,
    /// A server that makes one up if there is none.
    pub(crate) name: Option<String>,
    /// Laid over the deployment's own.
    pub(crate) parameters: JsonObject,
    pub(crate) tags: Vec<String>,
    pub(crate) job_variables: JsonObject,
    /// Two requests with the same key make one run.
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
            "labels": {},
        })
    }
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

    /// Every state the run was in, in order; the last one is its state now.
    pub(crate) async fn flow_run_states(&self, id: Uuid) -> Result<Vec<RunState>, ApiError> {
        let request = Request::get(&["flow_run_states", ""]).query("flow_run_id", id.to_string());
        let mut states: Vec<RunState> = self.json(request).await?;
        states.sort_by_key(|state| state.timestamp);
        Ok(states)
    }

    /// The lines that a run logged, the oldest first, from a time on.
    pub(crate) async fn flow_run_logs(
        &self,
        id: Uuid,
        from: Option<Timestamp>,
    ) -> Result<Vec<LogLine>, ApiError> {
        let mut filter = json!({"flow_run_id": {"any_": [id]}});
        if let Some(from) = from {
            filter["timestamp"] = json!({"after_": from});
        }
        let body = [("logs".to_owned(), filter), ("sort".to_owned(), json!("TIMESTAMP_ASC"))];
        self.filter(&["logs", "filter"], body.into_iter().collect()).await
    }
}
