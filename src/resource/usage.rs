//! Finds the deployments, flow runs and workers that prevent the deletion of a work pool or work queue.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{ResourceKey, ResourceKind};
use crate::{
    api::{ApiError, Client, Deployment, DeploymentFilter, FlowRunFilter, StateType},
    deployment::flow_names_by_id,
    names::{SHOWN, first_of},
};

/// States of flow runs in progress.
const IN_PROGRESS: [StateType; 4] =
    [StateType::Pending, StateType::Running, StateType::Paused, StateType::Cancelling];

/// Returns the reason why a resource must not be deleted, or `None` if the resource is not in use. Only checks work
/// pools and work queues. Ignores deployments in `leaving`.
pub(crate) async fn reason_to_keep(
    client: &Client,
    key: &ResourceKey,
    leaving: &BTreeSet<Uuid>,
) -> Result<Option<String>, ApiError> {
    let (pool, queue) = match key.kind {
        ResourceKind::WorkPool => (key.name.as_str(), None),
        ResourceKind::WorkQueue => {
            let (pool, queue) = key.parts();
            (pool, Some(queue))
        }
        _ => return Ok(None),
    };
    if let Some(names) = deployments(client, pool, queue, leaving).await? {
        return Ok(Some(format!("deployments still use it: {names}")));
    }
    if let Some(names) = runs_in_progress(client, pool, queue).await? {
        return Ok(Some(format!("it has flow runs in progress: {names}")));
    }
    if queue.is_some() {
        return Ok(None);
    }
    let workers = match client.online_workers(pool).await {
        Err(ApiError::NotFound { .. }) => Vec::new(),
        workers => workers?,
    };
    let names: Vec<&str> = workers.iter().map(|worker| worker.name.as_str()).collect();
    Ok((!names.is_empty()).then(|| format!("it has workers online: {}", first_of(&names, SHOWN))))
}

/// Returns the names of the deployments that use a work pool or one of its queues, or `None` if no deployment does.
async fn deployments(
    client: &Client,
    pool: &str,
    queue: Option<&str>,
    leaving: &BTreeSet<Uuid>,
) -> Result<Option<String>, ApiError> {
    let filter = DeploymentFilter { work_pools: vec![pool.to_owned()], ..DeploymentFilter::default() };
    let mut deployments = client.deployments(&filter).await?;
    deployments.retain(|deployment| {
        let is_in_queue = queue.is_none_or(|queue| deployment.work_queue_name.as_deref() == Some(queue));
        is_in_queue && !leaving.contains(&deployment.id)
    });
    if deployments.is_empty() {
        return Ok(None);
    }
    let flows = flow_names_by_id(client, deployments.iter().map(|deployment| deployment.flow_id)).await?;
    let name = |deployment: &Deployment| {
        let flow = flows.get(&deployment.flow_id).map_or("?", String::as_str);
        format!("{flow}/{}", deployment.name)
    };
    let names: Vec<String> = deployments.iter().map(name).collect();
    Ok(Some(first_of(&names, SHOWN)))
}

/// Returns the names of the flow runs in progress in a work pool or one of its queues, or `None` if no run is in
/// progress.
async fn runs_in_progress(
    client: &Client,
    pool: &str,
    queue: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let filter = FlowRunFilter {
        work_pools: vec![pool.to_owned()],
        work_queues: queue.into_iter().map(str::to_owned).collect(),
        state_types: IN_PROGRESS.to_vec(),
        ..FlowRunFilter::default()
    };
    let runs = client.flow_runs(&filter, SHOWN + 1).await?;
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    Ok((!names.is_empty()).then(|| first_of(&names, SHOWN)))
}
