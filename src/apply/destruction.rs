//! Deletes the deployments and resources that a project file declares.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    api::Client,
    build::{FurtherUse, Preview, previews},
    deployment::{DeployContext, Options, Snapshot},
    diagnostics::{Code, Severity},
    plan::{
        PlanError,
        ownership::Membership,
        prune::{self, Removed},
        resource_ownership::{OwnedResource, ResourceOwnership},
    },
    resolve::ApiLookup,
    resource::{RemovalError, ResourceKey, removal, requests},
    template::Resolver,
    validate::{Preparation, preparation},
};

/// Deployments and resources to delete.
pub(crate) struct Destruction<'a> {
    options: &'a Options,
    membership: Membership,
    ownership: ResourceOwnership,
    /// Full names and ids of the deployments to delete.
    pub(crate) removals: Vec<(String, Uuid)>,
    /// Resources to delete, in the order of their deletion.
    pub(crate) resources: Vec<OwnedResource>,
    /// Deployments and resources that are kept, because another project registered them or because this project did
    /// not.
    pub(crate) skipped: Skipped,
}

/// Declared objects that exist, but are not deleted.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// Full names of the deployments.
    pub(crate) deployments: Vec<String>,
    pub(crate) resources: Vec<ResourceKey>,
}

impl<'a> Destruction<'a> {
    /// Finds the selected deployments on the server. If all deployments are selected, also finds the declared resources.
    ///
    /// If a project id is set, only objects that the project has registered are deleted. Objects that another project
    /// has registered are always kept.
    ///
    /// # Errors
    ///
    /// Fails if the file is invalid, if no deployment is selected, if a request fails, or if a work pool is in use.
    pub(crate) async fn plan(ctx: &DeployContext<'a>, client: &Client) -> Result<Self, PlanError> {
        let Selected { names, resources } = selected(ctx, client).await?;
        let project = ctx.options.project.as_ref();
        let live = Snapshot::observe_deployments(client, &names).await?;
        let membership = Membership::read(client, project).await?;
        let found = names.iter().filter_map(|(flow, name)| {
            live.deployment(flow, name).map(|found| (format!("{flow}/{name}"), found.id))
        });
        let is_ours = |id: &Uuid| {
            let registered = project.is_none() || membership.own.contains_key(id);
            registered && !membership.others.contains_key(id)
        };
        let (removals, kept): (Vec<_>, Vec<_>) = found.partition(|(_, id)| is_ours(id));
        let skipped_deployments = kept.into_iter().map(|(name, _)| name).collect();
        let ownership = if resources.is_empty() {
            ResourceOwnership::default()
        } else {
            ResourceOwnership::read(client, project).await?
        };
        let live = requests::read(client, resources.iter().map(|key| (key, ownership.id(key)))).await?;
        let existing =
            live.into_iter().map(|(key, live)| OwnedResource { key, id: live.id, directory: None });
        let is_ours = |owned: &OwnedResource| {
            let registered = project.is_none() || ownership.is_registered(owned);
            registered && ownership.other_owners(owned.id).is_empty()
        };
        let existing = existing.filter(|owned| !owned.key.is_permanent());
        let (resources, kept): (Vec<_>, Vec<_>) = existing.partition(is_ours);
        let skipped = Skipped {
            deployments: skipped_deployments,
            resources: kept.into_iter().map(|owned| owned.key).collect(),
        };
        let resources = prune::in_order_of_deletion(resources);
        let leaving = removals.iter().map(|(_, id)| *id).collect();
        for resource in &resources {
            removal::check(client, &resource.key, &leaving).await?;
        }
        Ok(Self { options: ctx.options, membership, ownership, removals, resources, skipped })
    }

    /// Deletes the deployments and resources one after the other, including the automations that the deployments own.
    /// Stops at the first error.
    ///
    /// Automations are deleted before the deployments to which they refer, and all other resources after the
    /// deployments.
    ///
    /// # Errors
    ///
    /// Returns the error, and the number of objects that were deleted before it occurred.
    pub(crate) async fn run(&self, client: &Client) -> Result<(), (usize, RemovalError)> {
        let mut removed = Removed::default();
        let mut result = self.delete(client, &mut removed).await;
        if let Some(project) = &self.options.project {
            let mut left = self.membership.own.clone();
            left.retain(|id, _| !removed.deployments.contains(id));
            let recorded = self.membership.record(client, project, &left).await;
            result = result.and(recorded.map_err(RemovalError::from));
            // Another project keeps the skipped resources.
            let dropped = self.skipped.resources.iter().chain(&removed.resources).cloned().collect();
            let recorded = self.ownership.record(client, project, [], &dropped).await;
            result = result.and(recorded.map_err(RemovalError::from));
        }
        result.map_err(|error| (removed.deployments.len() + removed.resources.len(), error))
    }

    async fn delete(&self, client: &Client, removed: &mut Removed) -> Result<(), RemovalError> {
        let (first, last): (Vec<_>, Vec<_>) =
            self.resources.iter().partition(|owned| owned.key.kind.follows_deployments());
        for owned in first {
            removal::remove(client, &owned.key, owned.id).await?;
            removed.resources.insert(owned.key.clone());
        }
        for (_, id) in &self.removals {
            prune::remove(client, *id).await?;
            removed.deployments.insert(*id);
        }
        for owned in last {
            removal::remove(client, &owned.key, owned.id).await?;
            removed.resources.insert(owned.key.clone());
        }
        Ok(())
    }
}

/// Deployments and resources that the options select.
struct Selected {
    /// Names of the deployments as `(flow, deployment)` pairs.
    names: BTreeSet<(String, String)>,
    resources: Vec<ResourceKey>,
}

/// Reads and validates the files.
async fn selected(ctx: &DeployContext<'_>, client: &Client) -> Result<Selected, PlanError> {
    let loaded = preparation::load(ctx)?;
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut projects = preparation::prepare(&loaded, ctx, &resolver).await?;
    let mut diagnostics = preparation::take_findings(&mut projects, ctx);
    // A block can be deleted without its secrets.
    diagnostics.retain(|diagnostic| diagnostic.code != Code::SECRET_SOURCE);
    for diagnostic in &mut diagnostics {
        // A deploy can create a deployment with any name, but only declared deployments are deleted.
        if diagnostic.code == Code::RENAMED_DEPLOYMENT {
            diagnostic.severity = Severity::Error;
        }
    }
    let warnings = preparation::stop_on(diagnostics, ctx)?;
    let mut preparation = Preparation::offline(projects, warnings);
    let resources = preparation.take_resources().into_iter().map(|resource| resource.key).collect();
    let previews = previews(&mut preparation, FurtherUse::None, ctx, &resolver).await?;
    let name = |preview: &Preview| (preview.desired.flow_name.clone(), preview.desired.name.clone());
    Ok(Selected { names: previews.deployments.iter().map(name).collect(), resources })
}
