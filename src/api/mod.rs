//! Client for the REST API of a Prefect server or of Prefect Cloud.
//!
//! [`Client`] sends requests with credentials, CSRF tokens and retries. Each resource type has its own file, which
//! contains its model and its requests. Models keep the complete JSON object in `raw`, so that fields unknown to
//! prefectl can still be displayed and compared.

mod answer;
mod auth;
mod automations;
mod block_documents;
mod capabilities;
mod certificates;
mod client;
mod compatibility;
mod concurrency_limits;
mod csrf;
mod deployments;
mod error;
mod error_body;
mod flow_runs;
mod flows;
mod limiter;
mod links;
mod named;
mod options;
mod page;
mod proxy;
mod request;
mod retry;
mod server;
mod slas;
mod throttle;
mod tls_advice;
mod transport;
mod variables;
mod work_pools;
mod workspaces;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use auth::{API_VERSION, Credentials};
pub(crate) use automations::{AUTOMATION_FIELDS, Automation};
pub(crate) use capabilities::{Capabilities, Feature, TESTED_RELEASE};
pub(crate) use client::{Client, Log, Notify};
pub(crate) use deployments::{Deployment, DeploymentFilter, DeploymentName, DeploymentSchedule};
pub(crate) use error::ApiError;
pub(crate) use flow_runs::{
    CANCELLED_AT_ONCE, FlowRun, FlowRunFilter, LogLine, NewFlowRun, RunState, StateType,
};

pub(crate) use links::Links;
pub(crate) use named::NamedObject;
pub(crate) use options::ClientOptions;
pub(crate) use page::Identified;
pub(crate) use proxy::Proxies;
pub(crate) use retry::{RetryNotice, RetryPolicy};

pub(crate) use transport::TransportOptions;
pub(crate) use variables::Variable;
pub(crate) use work_pools::{WorkPool, WorkerType, variables_schema};
pub(crate) use workspaces::Workspace;

/// A JSON object in a request or response body.
pub(crate) type JsonObject = serde_json::Map<String, serde_json::Value>;
