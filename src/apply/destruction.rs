//! Deletes the deployments that a project file declares.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    build::{Preview, previews},
    deployment::{DeployContext, Options, Snapshot},
    diagnostics::{Code, Severity},
    plan::{PlanError, ownership::Membership, prune},
    resolve::ApiLookup,
    template::Resolver,
    validate::{Preparation, preparation},
};

/// Deployments to delete.
pub(crate) struct Destruction<'a> {
    options: &'a Options,
    membership: Membership,
    /// Full names and ids of the deployments to delete.
    pub(crate) removals: Vec<(String, Uuid)>,
    /// Full names of the deployments that are kept, because another project registered them or because this
    /// project did not.
    pub(crate) skipped: Vec<String>,
}

impl<'a> Destruction<'a> {
    /// Finds the selected deployments on the server.
    ///
    /// If a project id is set, only deployments that the project has registered are deleted. Deployments that
    /// another project has registered are always kept.
    ///
    /// # Errors
    ///
    /// Fails if the file is invalid, if no deployment is selected, or if a request fails.
    pub(crate) async fn plan(ctx: &DeployContext<'a>, client: &Client) -> Result<Self, PlanError> {
        let names = names(ctx, client).await?;
        let live = Snapshot::observe_deployments(client, &names).await?;
        let membership = Membership::read(client, ctx.options.project.as_ref()).await?;
        let found = names.iter().filter_map(|(flow, name)| {
            live.deployment(flow, name).map(|found| (format!("{flow}/{name}"), found.id))
        });
        let is_ours = |id: &Uuid| {
            let registered = ctx.options.project.is_none() || membership.own.contains(id);
            registered && !membership.others.contains(id)
        };
        let (removals, skipped): (Vec<_>, Vec<_>) = found.partition(|(_, id)| is_ours(id));
        let skipped = skipped.into_iter().map(|(name, _)| name).collect();
        Ok(Self { options: ctx.options, membership, removals, skipped })
    }

    /// Deletes the deployments one after the other, including the automations that they own. Stops at the
    /// first error.
    ///
    /// # Errors
    ///
    /// Returns the error, and the number of deployments that were deleted before it occurred.
    pub(crate) async fn run(&self, client: &Client) -> Result<(), (usize, ApiError)> {
        let mut removed = BTreeSet::new();
        let mut result = Ok(());
        for (at, (_, id)) in self.removals.iter().enumerate() {
            if let Err(error) = prune::remove(client, *id).await {
                result = Err((at, error));
                break;
            }
            removed.insert(*id);
        }
        if let Some(project) = &self.options.project {
            let left = self.membership.own.difference(&removed).copied().collect();
            let recorded = self.membership.record(client, project, &left).await;
            result = result.and(recorded.map_err(|error| (removed.len(), error)));
        }
        result
    }
}

/// Returns the names of the selected deployments as `(flow, deployment)` pairs.
async fn names(ctx: &DeployContext<'_>, client: &Client) -> Result<BTreeSet<(String, String)>, PlanError> {
    let loaded = preparation::load(ctx)?;
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut projects = preparation::prepare(&loaded, ctx, &resolver).await?;
    let mut diagnostics = preparation::take_findings(&mut projects, ctx);
    for diagnostic in &mut diagnostics {
        // A deploy can create a deployment with any name, but only declared deployments are deleted.
        if diagnostic.code == Code::RENAMED_DEPLOYMENT {
            diagnostic.severity = Severity::Error;
        }
    }
    let warnings = preparation::stop_on(diagnostics, ctx)?;
    let mut preparation = Preparation::offline(projects, warnings);
    let previews = previews(&mut preparation, ctx, &resolver).await?;
    let name = |preview: &Preview| (preview.desired.flow_name.clone(), preview.desired.name.clone());
    Ok(previews.deployments.iter().map(name).collect())
}
