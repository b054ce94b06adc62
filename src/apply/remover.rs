//! Deletes deployments and resources, except objects that other projects have registered.

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    api::Client,
    deployment::ProjectId,
    plan::{KeptReason, prune},
    records::{RecordError, Registrations},
    resource::{ResourceKey, removal},
};

/// Result of deleting an object.
#[derive(Debug)]
pub(super) enum Deletion {
    Done,
    Kept(KeptReason),
}

/// A remover that deletes a project's objects.
#[derive(Debug)]
pub(super) struct Remover<'a> {
    pub(super) client: &'a Client,
    /// The project that may delete its own objects. If it is `None`, all recorded objects belong to other projects.
    project: Option<&'a ProjectId>,
    /// The records of all projects, read before the first deletion.
    registrations: OnceCell<Registrations>,
}

impl<'a> Remover<'a> {
    pub(super) fn new(client: &'a Client, project: Option<&'a ProjectId>) -> Self {
        Self { client, project, registrations: OnceCell::new() }
    }

    /// Deletes a deployment and the automations that it owns, unless another project has registered the deployment.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a project record is unreadable.
    pub(super) async fn deployment(&self, id: Uuid) -> Result<Deletion, RecordError> {
        let owners = self.registrations().await?.deployments.other_owners(id);
        if let Some(reason) = KeptReason::registered(&owners) {
            return Ok(Deletion::Kept(reason));
        }
        prune::remove(self.client, id).await?;
        Ok(Deletion::Done)
    }

    /// Deletes a resource, unless another project has registered it or it is in use.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a project record is unreadable.
    pub(super) async fn resource(&self, key: &ResourceKey, id: Uuid) -> Result<Deletion, RecordError> {
        let owners = self.registrations().await?.resources.other_owners(id);
        if let Some(reason) = KeptReason::registered(&owners) {
            return Ok(Deletion::Kept(reason));
        }
        let reason = removal::remove(self.client, key, id).await?;
        Ok(reason.map_or(Deletion::Done, |reason| Deletion::Kept(KeptReason::InUse(reason))))
    }

    async fn registrations(&self) -> Result<&Registrations, RecordError> {
        self.registrations.get_or_try_init(|| Registrations::read(self.client, self.project)).await
    }
}
