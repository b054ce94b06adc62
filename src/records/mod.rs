//! Records of registered deployments and resources, and of preview deployments. `--prune`, `destroy` and `preview
//! delete` only delete recorded objects.
//!
//! Prefect variables store the records because the server cannot change an existing deployment's labels. A single
//! request reads all records.

mod deployments;
mod error;
pub(crate) mod previews;
mod project_records;
mod resources;
mod shards;

pub(crate) use error::RecordError;
pub(crate) use resources::{OwnedResource, registered_ids};

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::{
    deployments::DeploymentRecord, error::UnreadableRecord, project_records::ProjectRecords,
    resources::ResourceRecord, shards::Edit,
};
use crate::{
    api::{Client, Feature, Variable},
    deployment::ProjectId,
    resource::ResourceKey,
};

/// The deployments and resources that projects have registered.
#[derive(Debug)]
pub(crate) struct Registrations {
    pub(crate) deployments: ProjectRecords<DeploymentRecord>,
    pub(crate) resources: ProjectRecords<ResourceRecord>,
}

/// Objects that a project registers.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    /// Deployment IDs, with the recorded paths of their files.
    pub(crate) deployments: BTreeMap<Uuid, Option<String>>,
    pub(crate) resources: Vec<OwnedResource>,
}

/// Objects that a project no longer registers.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) deployments: BTreeSet<Uuid>,
    pub(crate) resources: BTreeSet<ResourceKey>,
}

impl Registrations {
    /// Reads all projects' records. If `project` is `None`, all recorded objects belong to other projects.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, project: Option<&ProjectId>) -> Result<Self, RecordError> {
        Ok(Self::new(&shards::read(client).await?, project)?)
    }

    fn new(variables: &[Variable], project: Option<&ProjectId>) -> Result<Self, UnreadableRecord> {
        Ok(Self {
            deployments: ProjectRecords::new(variables, project)?,
            resources: ProjectRecords::new(variables, project)?,
        })
    }

    /// Adds objects to the project's records and removes objects from them. Sends no requests if the records do not
    /// change.
    ///
    /// # Errors
    ///
    /// Fails if a request fails, if a record is unreadable, or if other commands keep changing the records.
    pub(crate) async fn update(
        &self,
        client: &Client,
        project: &ProjectId,
        registered: &Registered,
        removed: &Removed,
    ) -> Result<(), RecordError> {
        let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
        let edits = |Self { deployments, resources }: &Self| -> Vec<Edit> {
            let name = |number| project.variable(number, allows_dashes);
            let deployments = deployments.edits(project, &registered.deployments, &removed.deployments, name);
            let name = |number| project.resource_variable(number, allows_dashes);
            let resources = resources.edits(project, &registered.resources, &removed.resources, name);
            [deployments, resources].concat()
        };
        if edits(self).is_empty() {
            return Ok(());
        }
        shards::update(client, |variables| Ok(edits(&Self::new(&variables, Some(project))?))).await
    }
}

#[cfg(test)]
mod tests;
