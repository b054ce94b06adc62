//! Deletes deployments and resources, except for those that other projects have registered.

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    deployment::ProjectId,
    plan::{KeptReason, prune},
    records::{RecordError, Registrations},
    resource::{RemovalError, ResourceKey, removal},
};

/// Result of a deletion.
#[derive(Debug)]
pub(super) enum Removal {
    Deleted,
    Kept(KeptReason),
}

/// Deletes a project's objects.
#[derive(Debug)]
pub(super) struct Remover<'a> {
    pub(super) client: &'a Client,
    /// The project that may delete its own objects. If it is `None`, all recorded objects belong to other projects.
    project: Option<&'a ProjectId>,
    /// The records of all projects. They are read before the first deletion.
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
    pub(super) async fn deployment(&self, id: Uuid) -> Result<Removal, ApiError> {
        let owners = self.registrations().await?.deployments.other_owners(id);
        if let Some(reason) = KeptReason::registered(&owners) {
            return Ok(Removal::Kept(reason));
        }
        prune::remove(self.client, id).await?;
        Ok(Removal::Deleted)
    }

    /// Deletes a resource, unless another project has registered it or it is in use.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a project record is unreadable.
    pub(super) async fn resource(&self, key: &ResourceKey, id: Uuid) -> Result<Removal, ApiError> {
        let owners = self.registrations().await?.resources.other_owners(id);
        if let Some(reason) = KeptReason::registered(&owners) {
            return Ok(Removal::Kept(reason));
        }
        match removal::remove(self.client, key, id).await {
            Ok(()) => Ok(Removal::Deleted),
            Err(RemovalError::InUse(in_use)) => Ok(Removal::Kept(KeptReason::InUse(in_use.reason))),
            Err(RemovalError::Api(error)) => Err(error),
        }
    }

    async fn registrations(&self) -> Result<&Registrations, ApiError> {
        let read = || async {
            Registrations::read(self.client, self.project).await.map_err(|error| match error {
                RecordError::Api(error) => error,
                error => ApiError::Setup(error.to_string()),
            })
        };
        self.registrations.get_or_try_init(read).await
    }
}
