//! The projects that have registered an object.

use uuid::Uuid;

use crate::{
    api::Client,
    deployment::ProjectId,
    plan::{
        KeptReason,
        ownership::{Membership, OwnershipError},
        resource_ownership::ResourceOwnership,
    },
};

/// The deployments and resources that projects have registered.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    membership: Membership,
    resources: ResourceOwnership,
}

impl Registrations {
    /// Reads the records of all projects. `project` is the project that may delete its own objects, if any.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, OwnershipError> {
        let (membership, resources) =
            tokio::try_join!(Membership::read(client, project), ResourceOwnership::read(client, project))?;
        Ok(Self { membership, resources })
    }

    /// Returns the reason to keep a deployment. Returns `None` if no other project has registered it.
    pub(crate) fn reason_to_keep_deployment(&self, id: Uuid) -> Option<KeptReason> {
        KeptReason::registered(&self.membership.other_owners(id))
    }

    /// Returns the reason to keep a resource. Returns `None` if no other project has registered it.
    pub(crate) fn reason_to_keep_resource(&self, id: Uuid) -> Option<KeptReason> {
        KeptReason::registered(&self.resources.other_owners(id))
    }
}
