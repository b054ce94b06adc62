//! Validates deployments against the server.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    PreparedDeployment, PreparedProject,
    capabilities::unsupported_fields,
    resources,
    schedules::only_on_cloud,
    work_pools::{null_job_variables, work_pools},
};
use futures_util::future::join_all;

use crate::{
    api::{ApiError, Capabilities, Client, WorkPool},
    deployment::DesiredDeployment,
};

/// Validates deployments against the work pools and features of the server. Returns the work pools, keyed by name, and
/// the capabilities of the server.
pub(crate) async fn check_with_server(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
    allow_unsupported: bool,
) -> Result<(BTreeMap<String, WorkPool>, Capabilities), ApiError> {
    if !client.is_cloud() {
        for PreparedProject { deployments, findings, .. } in &mut *projects {
            deployments.iter().for_each(|prepared| only_on_cloud(&prepared.resolved, findings));
        }
        resources::metric_triggers(projects);
    }
    let deployments = projects.iter().flat_map(|project| &project.deployments);
    let declared = resources::declared_pools(projects, &BTreeMap::new());
    let names: BTreeSet<String> = deployments
        .filter_map(|prepared| prepared.resolved.work_pool())
        .map(str::to_owned)
        .chain(declared.into_keys())
        .collect();
    let pools =
        async || if names.is_empty() { Ok(BTreeMap::new()) } else { pools_by_name(client, &names).await };
    let (pools, capabilities) = tokio::join!(pools(), client.capabilities());
    let (capabilities, mut pools) = (capabilities?, pools?);
    resources::pool_types(projects, &pools);
    pools.extend(resources::declared_pools(projects, &pools));
    resources::references(projects, client).await?;
    resources::deployment_runs(projects, &pools);
    resources::identities(projects, client).await?;
    let known = if pools.len() < names.len() { work_pool_names(client).await? } else { Vec::new() };
    let declared: BTreeSet<String> =
        projects.iter().flat_map(|project| project.project.work_pool_names()).map(str::to_owned).collect();
    for PreparedProject { deployments, findings, .. } in projects {
        let resolved = deployments.iter().map(|prepared| &prepared.resolved);
        work_pools(resolved, &pools, &known, &declared, findings);
        for PreparedDeployment { resolved: deployment, .. } in deployments {
            unsupported_fields(deployment, capabilities, allow_unsupported, findings);
            null_job_variables(deployment, &pools, capabilities, findings);
        }
    }
    Ok((pools, capabilities.clone()))
}

/// Returns the work pools in `names` that exist on the server.
async fn pools_by_name(
    client: &Client,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, WorkPool>, ApiError> {
    let names: Vec<String> = names.iter().cloned().collect();
    let pools = client.work_pools_by_name(&names).await?;
    Ok(pools.into_iter().map(|pool| (pool.name.clone(), pool)).collect())
}

/// Returns the names of all work pools on the server.
async fn work_pool_names(client: &Client) -> Result<Vec<String>, ApiError> {
    Ok(client.work_pools().await?.into_iter().map(|pool| pool.name).collect())
}

/// Returns the names of the work pools that require a worker but have no online worker. Omits work pools
/// whose workers cannot be listed.
pub(crate) async fn idle_pools(
    desired: &[DesiredDeployment],
    pools: &BTreeMap<String, WorkPool>,
    client: &Client,
) -> Vec<String> {
    let used: BTreeSet<&str> = desired.iter().map(|deployment| deployment.work_pool.as_str()).collect();
    let used = used.into_iter().filter_map(|name| pools.get(name));
    let idle = used.map(async |pool| client.is_idle(pool).await.then(|| pool.name.clone()));
    join_all(idle).await.into_iter().flatten().collect()
}
