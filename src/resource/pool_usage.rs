//! Finds the deployments and runs that use a work pool, which prevent its deletion.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    api::{ApiError, Client, DeploymentFilter, FlowRunFilter, StateType},
    deployment::flow_names_by_id,
    names::{SHOWN, first_of},
};

/// States of flow runs that are in progress.
const IN_PROGRESS: [StateType; 4] =
    [StateType::Pending, StateType::Running, StateType::Paused, StateType::Cancelling];

/// Returns the reason why a work pool must not be deleted, or `None` if nothing uses it. Deployments in `leaving` do not
/// count.
pub(super) async fn reason_to_keep(
    client: &Client,
    pool: &str,
    leaving: &BTreeSet<Uuid>,
) -> Result<Option<String>, ApiError> {
    let filter = DeploymentFilter { work_pools: vec![pool.to_owned()], ..DeploymentFilter::default() };
    let mut deployments = client.deployments(&filter).await?;
    deployments.retain(|deployment| !leaving.contains(&deployment.id));
    if !deployments.is_empty() {
        let flows = deployments.iter().map(|deployment| deployment.flow_id);
        let flows = flow_names_by_id(client, flows).await?;
        let name = |deployment: &crate::api::Deployment| {
            let flow = flows.get(&deployment.flow_id).map_or("?", String::as_str);
            format!("{flow}/{}", deployment.name)
        };
        let names: Vec<String> = deployments.iter().map(name).collect();
        return Ok(Some(format!("it is used by the deployments {}", first_of(&names, SHOWN))));
    }
    let filter = FlowRunFilter {
        work_pools: vec![pool.to_owned()],
        state_types: IN_PROGRESS.to_vec(),
        ..FlowRunFilter::default()
    };
    let runs = client.flow_runs(&filter, SHOWN + 1).await?;
    if runs.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    Ok(Some(format!("it has flow runs in progress: {}", first_of(&names, SHOWN))))
}
