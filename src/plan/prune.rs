//! Deletes deployments that a project no longer declares.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    deployment::{LiveDeployment, Options, ProjectId, SharedValues},
    names::{SHOWN, first_of},
    plan::ownership::{Membership, OwnershipError},
};

/// A deployment to delete.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) deployment: LiveDeployment,
    /// `flow/deployment`.
    pub(crate) name: String,
}

impl Removal {
    pub(crate) fn id(&self) -> Uuid {
        self.deployment.id
    }
}

/// The error returned if more deployments would be deleted than `--max-deletes` allows.
#[derive(Debug, thiserror::Error)]
#[error("more deployments would be deleted than --max-deletes allows ({max_deletes}): {}", first_of(.names, SHOWN))]
pub(crate) struct TooManyDeletes {
    pub(crate) names: Vec<String>,
    pub(crate) max_deletes: usize,
}

/// The records of a project and the deployments to delete.
pub(crate) struct Pruning<'a> {
    project: &'a ProjectId,
    membership: Membership,
    pub(crate) removals: Vec<Removal>,
}

impl<'a> Pruning<'a> {
    /// Finds the deployments to prune. Returns `None` if the options do not contain a project id.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn plan(
        client: &Client,
        options: &'a Options,
        declared: &BTreeSet<Uuid>,
    ) -> Result<Option<Self>, OwnershipError> {
        let Some(project) = &options.project else { return Ok(None) };
        let membership = Membership::read(client, Some(project)).await?;
        let undeclared = if options.prune { membership.undeclared(declared) } else { BTreeSet::new() };
        let removals = existing(client, &undeclared).await?;
        Ok(Some(Self { project, membership, removals }))
    }

    /// Checks that the number of deployments to delete does not exceed `max_deletes`.
    ///
    /// # Errors
    ///
    /// Returns the names of the deployments if there are too many.
    pub(crate) fn within(&self, max_deletes: usize) -> Result<(), TooManyDeletes> {
        if self.removals.len() <= max_deletes {
            return Ok(());
        }
        let names = self.removals.iter().map(|removal| removal.name.clone()).collect();
        Err(TooManyDeletes { names, max_deletes })
    }

    /// Updates the project's record: adds the `registered` deployments and drops the `removed` deployments.
    pub(crate) async fn record(
        &self,
        client: &Client,
        registered: impl IntoIterator<Item = Uuid>,
        removed: &BTreeSet<Uuid>,
    ) -> Result<(), ApiError> {
        let mut now = self.membership.own.clone();
        now.extend(registered);
        now.retain(|id| !removed.contains(id));
        self.membership.record(client, self.project, &now).await
    }
}

/// Returns the deployments that still exist on the server, sorted by name.
pub(crate) async fn existing(client: &Client, ids: &BTreeSet<Uuid>) -> Result<Vec<Removal>, ApiError> {
    let deployments = client.deployments_by_id(ids.iter().copied()).await?;
    let flows: BTreeSet<Uuid> = deployments.iter().map(|deployment| deployment.flow_id).collect();
    let flows = client.flows_by_id(&Vec::from_iter(flows)).await?;
    let flows: BTreeMap<Uuid, String> = flows.into_iter().map(|flow| (flow.id, flow.name)).collect();
    let shared = SharedValues::default();
    let removals = |deployment| {
        let deployment = LiveDeployment::new(deployment, &shared);
        let flow = flows.get(&deployment.flow_id).map_or("?", String::as_str);
        Removal { name: format!("{flow}/{}", deployment.name), deployment }
    };
    let mut removals: Vec<Removal> = deployments.into_iter().map(removals).collect();
    removals.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(removals)
}

/// Deletes a deployment and the automations that it owns. The server does not delete these automations
/// together with the deployment.
pub(crate) async fn remove(client: &Client, id: Uuid) -> Result<(), ApiError> {
    client.delete_automations_owned_by(id).await?;
    client.delete_deployment(id).await?;
    Ok(())
}
