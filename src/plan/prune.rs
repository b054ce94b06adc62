//! Deletes deployments and resources that a project no longer declares.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Deployment, DeploymentName},
    deployment::{DeployContext, DesiredDeployment, LiveDeployment, Options, ProjectId, SharedValues},
    diagnostics::Diagnostic,
    git,
    names::{SHOWN, first_of},
    plan::{ChangedObject, KeptReason, KeptResource, owned_files::OwnedFiles},
    records::{OwnedResource, RecordError, Registered, Registrations, Removed},
    resource::{ResourceKey, ResourceKind, requests, usage},
};

/// The declared deployments and resources, which are not pruned.
#[derive(Debug, Default)]
pub(crate) struct DeclaredObjects<'a> {
    /// IDs of existing declared deployments, with their desired work queues.
    pub(crate) deployments: BTreeMap<Uuid, QueueName<'a>>,
    pub(crate) resources: BTreeSet<ResourceKey>,
}

/// A deployment's work pool and work queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueName<'a> {
    pool: &'a str,
    queue: &'a str,
}

impl<'a> QueueName<'a> {
    /// Returns a deployment's desired queue.
    pub(crate) fn of(desired: &'a DesiredDeployment) -> Self {
        let queue = desired.work_queue.as_deref().unwrap_or(ResourceKey::DEFAULT_QUEUE);
        Self { pool: &desired.work_pool, queue }
    }

    /// Returns whether a deployment in this queue uses a resource.
    fn uses(self, key: &ResourceKey) -> bool {
        match key.pool_of_queue() {
            Some(_) => {
                key.name.strip_prefix(self.pool).and_then(|rest| rest.strip_prefix('/')) == Some(self.queue)
            }
            None => key.name == self.pool,
        }
    }
}

/// A deployment to delete.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) deployment: LiveDeployment,
    /// Full name of the deployment, as `flow/deployment`.
    pub(crate) name: String,
}

impl Removal {
    pub(crate) fn id(&self) -> Uuid {
        self.deployment.id
    }
}

/// The error returned if more deployments and resources would be deleted than `--max-deletes` allows.
#[derive(Debug, thiserror::Error)]
#[error("more deployments{} would be deleted than --max-deletes allows ({max_deletes}): {}", if *.includes_resources { " and resources" } else { "" }, first_of(.names, SHOWN))]
pub(crate) struct TooManyDeletes {
    /// Deployment names, and resource kinds and names.
    pub(crate) names: Vec<String>,
    pub(crate) includes_resources: bool,
    pub(crate) max_deletes: usize,
}

impl TooManyDeletes {
    /// Checks that the number of deletions does not exceed `max_deletes`. `deployments` contains full names.
    ///
    /// # Errors
    ///
    /// Otherwise, returns [`TooManyDeletes`] with the names of the deployments and resources.
    pub(crate) fn check(
        deployments: impl Iterator<Item = String>,
        resources: impl Iterator<Item = ResourceKey>,
        max_deletes: usize,
    ) -> Result<(), Self> {
        let mut names: Vec<String> = deployments.collect();
        let count = names.len();
        names.extend(resources.map(|key| key.to_string()));
        if names.len() <= max_deletes {
            return Ok(());
        }
        let includes_resources = names.len() > count;
        Err(Self { names, includes_resources, max_deletes })
    }
}

/// A project's records, and the deployments and resources to delete.
pub(crate) struct Pruning<'a> {
    options: &'a Options,
    project: &'a ProjectId,
    registrations: Registrations,
    files: OwnedFiles,
    pub(crate) removals: Vec<Removal>,
    /// Resources to delete, in deletion order.
    pub(crate) resources: Vec<OwnedResource>,
    /// Undeclared resources that are not deleted.
    pub(crate) kept: Vec<KeptResource>,
    /// Undeclared resources that belong to another project.
    released: BTreeSet<ResourceKey>,
}

impl<'a> Pruning<'a> {
    /// Reads the project's records. Returns `None` without a project ID. Also returns `None` for a preview because
    /// previews have separate records.
    ///
    /// # Errors
    ///
    /// Fails if a request fails or if a record is unreadable.
    pub(crate) async fn read(client: &Client, ctx: &DeployContext<'a>) -> Result<Option<Self>, RecordError> {
        let options = ctx.options;
        let Some(project) = options.project.as_ref().filter(|_| options.preview.is_none()) else {
            return Ok(None);
        };
        let files = OwnedFiles::read(ctx);
        let registrations = Registrations::read(client, Some(project)).await?;
        let (removals, resources, kept, released) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
        Ok(Some(Self { options, project, registrations, files, removals, resources, kept, released }))
    }

    /// Returns the names of the automations registered as resources, which are not deployment triggers.
    pub(crate) fn automation_names(&self) -> BTreeSet<String> {
        self.registrations.resources.automation_names()
    }

    /// Finds the deployments and resources to prune. Does nothing without `--prune`. `directory` is the command's
    /// directory.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(crate) async fn select(
        &mut self,
        client: &Client,
        declared: &DeclaredObjects<'_>,
        directory: &Path,
    ) -> Result<(), ApiError> {
        if !self.options.prune {
            return Ok(());
        }
        let Registrations { deployments, resources } = &self.registrations;
        let files = &self.files;
        let declared_ids = declared.deployments.keys().copied().collect();
        let undeclared = deployments.undeclared(&declared_ids, |file| files.own(file));
        self.removals = existing(client, &undeclared).await?;
        if self.options.includes_resources() {
            let directory = directory_in_repository(directory);
            let is_here = |owned: &OwnedResource| match &owned.file {
                Some(file) => files.own(Some(file)),
                // The record is from an earlier release. Another file of the project may declare the resource.
                None => self.options.files.are_complete() && owned.is_in(directory.as_deref()),
            };
            let undeclared = resources.undeclared(&declared.resources, is_here);
            let owners = |owned: &OwnedResource| resources.other_owners(owned.id);
            let released = undeclared.iter().filter(|owned| !owners(owned).is_empty());
            self.released = released.map(|owned| owned.key.clone()).collect();
            let mut kept = Vec::new();
            let mut candidates = Vec::new();
            for owned in existing_resources(client, undeclared).await? {
                match KeptReason::registered(&owners(&owned)) {
                    Some(reason) => kept.push(KeptResource { key: owned.key, reason }),
                    None => candidates.push(owned),
                }
            }
            let leaving = |key: &ResourceKey| leaving(key, &self.removals, declared);
            self.resources = deletable(client, candidates, leaving, &mut kept).await?;
            self.kept = kept;
        }
        Ok(())
    }

    /// Returns a warning for each changed object that other projects have also registered.
    pub(crate) fn shared(
        &self,
        deployments: impl Iterator<Item = ChangedObject>,
        resources: impl Iterator<Item = ChangedObject>,
    ) -> Vec<Diagnostic> {
        let registered = &self.registrations;
        let deployments = deployments.map(|object| (registered.deployments.other_owners(object.id), object));
        let resources = resources.map(|object| (registered.resources.other_owners(object.id), object));
        let shared = deployments.chain(resources).filter(|(owners, _)| !owners.is_empty());
        shared.map(|(owners, object)| object.warning(&owners)).collect()
    }

    /// Returns the recorded path of a project file. `name` is the command's name for the file.
    pub(crate) fn path(&self, name: Option<&Arc<str>>) -> Option<String> {
        self.files.path(name)
    }

    /// Checks that the number of deletions does not exceed `max_deletes`.
    ///
    /// # Errors
    ///
    /// Otherwise, returns [`TooManyDeletes`] with the names of the deployments and resources.
    pub(crate) fn within(&self, max_deletes: usize) -> Result<(), TooManyDeletes> {
        let deployments = self.removals.iter().map(|removal| removal.name.clone());
        let resources = self.resources.iter().map(|resource| resource.key.clone());
        TooManyDeletes::check(deployments, resources, max_deletes)
    }

    /// Adds `registered` to the project's records and deletes `removed` from them.
    ///
    /// # Errors
    ///
    /// Fails if a request fails, if a record is unreadable, or if other commands keep changing the records.
    pub(crate) async fn record(
        &self,
        client: &Client,
        registered: &Registered,
        mut removed: Removed,
    ) -> Result<(), RecordError> {
        removed.resources.extend(self.released.iter().cloned());
        self.registrations.update(client, self.project, registered, &removed).await
    }
}

/// Returns a directory's path relative to its Git repository, or `None` outside a repository.
fn directory_in_repository(directory: &Path) -> Option<String> {
    let (root, directory) = (git::work_tree(directory)?.canonicalize().ok()?, directory.canonicalize().ok()?);
    Some(directory.strip_prefix(root).ok()?.to_string_lossy().into_owned())
}

/// Returns the deletable resources that still exist on the server.
async fn existing_resources(
    client: &Client,
    mut resources: Vec<&OwnedResource>,
) -> Result<Vec<OwnedResource>, ApiError> {
    resources.retain(|owned| !owned.key.is_permanent());
    let live = requests::read(client, resources.iter().map(|owned| (&owned.key, Some(owned.id)))).await?;
    let exists = |owned: &&OwnedResource| live.get(&owned.key).is_some_and(|live| live.id == owned.id);
    Ok(resources.into_iter().filter(exists).cloned().collect())
}

/// Returns the deletable resources in deletion order: kinds in reverse order. Adds resources in use to
/// `kept`. `leaving` returns the deployments that will stop using a resource.
///
/// A queue is deleted or kept together with its work pool.
pub(crate) async fn deletable(
    client: &Client,
    candidates: Vec<OwnedResource>,
    leaving: impl Fn(&ResourceKey) -> BTreeSet<Uuid>,
    kept: &mut Vec<KeptResource>,
) -> Result<Vec<OwnedResource>, ApiError> {
    let is_pool = |owned: &&OwnedResource| owned.key.kind == ResourceKind::WorkPool;
    let pools: BTreeSet<String> =
        candidates.iter().filter(is_pool).map(|owned| owned.key.name.clone()).collect();
    let has_pool = |owned: &OwnedResource, pools: &BTreeSet<String>| {
        owned.key.pool_of_queue().is_some_and(|pool| pools.contains(pool))
    };
    let (queues, others): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|owned| has_pool(owned, &pools));
    let mut resources = Vec::with_capacity(others.len() + queues.len());
    for owned in in_order_of_deletion(others) {
        match usage::reason_to_keep(client, &owned.key, &leaving(&owned.key)).await? {
            Some(reason) => kept.push(KeptResource { key: owned.key, reason: KeptReason::InUse(reason) }),
            None => resources.push(owned),
        }
    }
    let pools: BTreeSet<String> =
        resources.iter().filter(is_pool).map(|owned| owned.key.name.clone()).collect();
    resources.extend(queues.into_iter().filter(|owned| has_pool(owned, &pools)));
    Ok(in_order_of_deletion(resources))
}

/// Sorts resources into deletion order.
fn in_order_of_deletion(mut resources: Vec<OwnedResource>) -> Vec<OwnedResource> {
    resources.sort_unstable_by(|a, b| b.key.kind.cmp(&a.key.kind).then_with(|| a.key.cmp(&b.key)));
    resources
}

/// Returns the deployments that will stop using a resource: deployments to delete, and deployments moving to another
/// work pool or queue.
fn leaving(key: &ResourceKey, removals: &[Removal], declared: &DeclaredObjects<'_>) -> BTreeSet<Uuid> {
    let moved = declared.deployments.iter().filter(|(_, queue)| !queue.uses(key));
    removals.iter().map(Removal::id).chain(moved.map(|(id, _)| *id)).collect()
}

/// Returns the deployments that still exist on the server, sorted by name.
pub(crate) async fn existing(client: &Client, ids: &BTreeSet<Uuid>) -> Result<Vec<Removal>, ApiError> {
    let deployments = client.deployments_by_id(ids.iter().copied()).await?;
    with_flows(client, deployments).await
}

/// Returns the deployments with the given full names that exist on the server, sorted by name.
pub(crate) async fn existing_named(
    client: &Client,
    names: &BTreeSet<String>,
) -> Result<Vec<Removal>, ApiError> {
    let parts = names.iter().filter_map(|name| name.split_once('/'));
    let parts = parts.map(|(flow, name)| DeploymentName::new(flow, name)).collect();
    let deployments = client.deployments_named(&parts, |deployment| deployment).await?;
    let mut found = with_flows(client, deployments).await?;
    found.retain(|deployment| names.contains(&deployment.name));
    Ok(found)
}

/// Adds flow names to deployments and sorts the deployments by name.
async fn with_flows(client: &Client, deployments: Vec<Deployment>) -> Result<Vec<Removal>, ApiError> {
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
    removals.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(removals)
}

/// Deletes a deployment and its automations. The server does not delete the automations with the deployment.
pub(crate) async fn remove(client: &Client, id: Uuid) -> Result<(), ApiError> {
    client.delete_automations_owned_by(id).await?;
    client.delete_deployment(id).await?;
    Ok(())
}
