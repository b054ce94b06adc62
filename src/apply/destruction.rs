//! Deletes declared deployments and resources.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    api::{Client, DeploymentName},
    apply::remover::{Deletion, Remover},
    deployment::{Options, ProjectId, Snapshot},
    error::Incomplete,
    plan::{KeptReason, KeptResource, prune},
    records::{OwnedResource, RecordError, Registered, Registrations, Removed},
    resource::{Phase, ResourceKey, requests},
};

/// Deployments and resources to delete.
pub(crate) struct Destruction<'a> {
    options: &'a Options,
    registrations: Registrations,
    /// Full names and IDs of the deployments to delete.
    pub(crate) removals: Vec<(String, Uuid)>,
    /// Resources to delete, in deletion order.
    pub(crate) resources: Vec<OwnedResource>,
    pub(crate) kept: KeptObjects,
}

/// Declared objects that exist, but are not deleted.
#[derive(Debug, Default)]
pub(crate) struct KeptObjects {
    /// Full names of the deployments, with the reasons.
    pub(crate) deployments: Vec<(String, KeptReason)>,
    pub(crate) resources: Vec<KeptResource>,
}

/// Result of deleting objects.
#[derive(Debug, Default)]
pub(crate) struct Destroyed {
    removed: Removed,
    /// Objects that were not deleted, because they have been registered or used in the meantime.
    pub(crate) kept: KeptObjects,
}

impl<'a> Destruction<'a> {
    /// Finds deployments and resources on the server.
    ///
    /// If a project ID is set, selects only objects that the project has registered. Always keeps objects that
    /// another project has registered.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a project record is unreadable.
    pub(crate) async fn find(
        names: &BTreeSet<DeploymentName>,
        resources: &[ResourceKey],
        options: &'a Options,
        client: &Client,
    ) -> Result<Self, RecordError> {
        let project = options.project.as_ref();
        let live = Snapshot::observe_deployments(client, names).await?;
        let registrations = Registrations::read(client, project).await?;
        let registered = &registrations.deployments;
        let found = names.iter().filter_map(|name| Some((name.to_string(), live.deployment(name)?.id)));
        let mut kept = KeptObjects::default();
        let mut removals = Vec::new();
        for (name, id) in found {
            let is_registered = project.is_none() || registered.is_registered(id);
            match reason_to_keep(is_registered, &registered.other_owners(id)) {
                Some(reason) => kept.deployments.push((name, reason)),
                None => removals.push((name, id)),
            }
        }
        let registered = &registrations.resources;
        let live = requests::read(client, resources.iter().map(|key| (key, registered.id(key)))).await?;
        let mut candidates = Vec::new();
        for (key, live) in live.into_iter().filter(|(key, _)| !key.is_permanent()) {
            let is_registered = project.is_none() || registered.is_registered(&key, live.id);
            match reason_to_keep(is_registered, &registered.other_owners(live.id)) {
                Some(reason) => kept.resources.push(KeptResource { key, reason }),
                None => candidates.push(OwnedResource { key, id: live.id, file: None, directory: None }),
            }
        }
        let leaving: BTreeSet<Uuid> = removals.iter().map(|(_, id)| *id).collect();
        let resources =
            prune::deletable(client, candidates, |_| leaving.clone(), &mut kept.resources).await?;
        Ok(Self { options, registrations, removals, resources, kept })
    }

    /// Returns the names and IDs of the deleted deployments.
    pub(crate) fn deleted(&self, destroyed: &Destroyed) -> Vec<&(String, Uuid)> {
        self.removals.iter().filter(|(_, id)| destroyed.removed.deployments.contains(id)).collect()
    }

    /// Returns the deleted resources.
    pub(crate) fn deleted_resources(&self, destroyed: &Destroyed) -> Vec<&OwnedResource> {
        self.resources.iter().filter(|owned| destroyed.removed.resources.contains(&owned.key)).collect()
    }

    /// Deletes the deployments and resources sequentially, including the automations that the deployments own. Stops
    /// at the first error.
    ///
    /// Deletes automations before the deployments that they refer to, and all other resources after the
    /// deployments.
    ///
    /// # Errors
    ///
    /// Fails at the first object that cannot be deleted, or if the project's records cannot be updated.
    pub(crate) async fn run(&self, client: &Client) -> Result<Destroyed, Incomplete<RecordError>> {
        let mut destroyed = Destroyed::default();
        let project = self.options.project.as_ref();
        let mut result = self.delete(&Remover::new(client, project), &mut destroyed).await;
        if let Some(project) = project {
            result = result.and(self.record(client, project, &destroyed).await);
        }
        let (done, count) = (destroyed.count(), self.removals.len() + self.resources.len());
        match result {
            Ok(()) => Ok(destroyed),
            Err(error) => Err(Incomplete { done, count, error }),
        }
    }

    async fn delete(&self, remover: &Remover<'_>, destroyed: &mut Destroyed) -> Result<(), RecordError> {
        let (first, last): (Vec<_>, Vec<_>) =
            self.resources.iter().partition(|owned| owned.key.kind.phase() == Phase::AfterDeployments);
        for owned in first {
            destroyed.resource(remover, owned).await?;
        }
        for (name, id) in &self.removals {
            match remover.deployment(*id).await? {
                Deletion::Done => drop(destroyed.removed.deployments.insert(*id)),
                Deletion::Kept(reason) => destroyed.kept.deployments.push((name.clone(), reason)),
            }
        }
        for owned in last {
            destroyed.resource(remover, owned).await?;
        }
        Ok(())
    }

    /// Removes the deleted objects from the project's records. Also removes resources that were kept because
    /// another project has registered them.
    async fn record(
        &self,
        client: &Client,
        project: &ProjectId,
        destroyed: &Destroyed,
    ) -> Result<(), RecordError> {
        let kept = self.kept.resources.iter().chain(&destroyed.kept.resources);
        let released = kept.filter(|kept| !kept.is_in_use()).map(|kept| &kept.key);
        let removed = Removed {
            deployments: destroyed.removed.deployments.clone(),
            resources: destroyed.removed.resources.iter().chain(released).cloned().collect(),
        };
        self.registrations.update(client, project, &Registered::default(), &removed).await
    }
}

impl Destroyed {
    /// Returns the number of deleted objects.
    pub(crate) fn count(&self) -> usize {
        self.removed.deployments.len() + self.removed.resources.len()
    }

    async fn resource(&mut self, remover: &Remover<'_>, owned: &OwnedResource) -> Result<(), RecordError> {
        let key = owned.key.clone();
        match remover.resource(&key, owned.id).await? {
            Deletion::Done => drop(self.removed.resources.insert(key)),
            Deletion::Kept(reason) => self.kept.resources.push(KeptResource { key, reason }),
        }
        Ok(())
    }
}

/// Returns the reason to keep an object, or `None` if the project may delete it.
fn reason_to_keep(is_registered: bool, other_owners: &[&str]) -> Option<KeptReason> {
    KeptReason::registered(other_owners).or((!is_registered).then_some(KeptReason::NotRegistered))
}
