//! Removing from the server what a file declares.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::{
    api::{ApiError, Capabilities, Client},
    build::render::Preview,
    deploy::{
        Failure,
        preparation::{self, Preparation},
        preview,
    },
    deployment::{DeployContext, Options, Snapshot},
    diagnostics::{Code, Severity},
    plan::{ownership::Membership, prune},
    resolve::ApiLookup,
    template::Resolver,
};

/// What would be removed.
pub(crate) struct Destruction<'a> {
    options: &'a Options,
    membership: Membership,
    /// The deployments that go: `flow/deployment` and id.
    pub(crate) removals: Vec<(String, Uuid)>,
    /// Those that stay because they are another project's, or not this one's.
    pub(crate) skipped: Vec<String>,
}

impl<'a> Destruction<'a> {
    /// Finds on the server what the options select in the file. A project that has an id removes only what it has
    /// registered; what another project has registered stays in any case.
    ///
    /// # Errors
    ///
    /// When the file is wrong, names nothing of it, or the server cannot be asked.
    pub(crate) async fn plan(ctx: &DeployContext<'a>, client: &Client) -> Result<Self, Failure> {
        let names = names(ctx, client).await?;
        let live = Snapshot::observe_deployments(client, &names).await?;
        let membership = Membership::read(client, ctx.options.project.as_ref()).await?;
        let found = names.iter().filter_map(|(flow, name)| {
            live.deployment(flow, name).map(|found| (format!("{flow}/{name}"), found.id))
        });
        let is_ours = |id: &Uuid| {
            let registered = ctx.options.project.is_none() || membership.own.contains(id);
            registered && !membership.of_others.contains(id)
        };
        let (removals, skipped): (Vec<_>, Vec<_>) = found.partition(|(_, id)| is_ours(id));
        let skipped = skipped.into_iter().map(|(name, _)| name).collect();
        Ok(Self { options: ctx.options, membership, removals, skipped })
    }

    /// Removes them one by one, with the automations that they own, until one cannot be removed.
    ///
    /// # Errors
    ///
    /// How many were removed before it, and why it could not be.
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

/// The `(flow, deployment)` names that the options select.
async fn names(ctx: &DeployContext<'_>, client: &Client) -> Result<BTreeSet<(String, String)>, Failure> {
    let loaded = preparation::load(ctx)?;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let prepared = preparation::prepare(&loaded.project, ctx, &resolver, &mut findings).await?;
    let mut diagnostics = findings.take();
    for diagnostic in &mut diagnostics {
        // A deploy may make a deployment of any name; what goes must be in the file.
        if diagnostic.code == Code::RENAMED_DEPLOYMENT {
            diagnostic.severity = Severity::Error;
        }
    }
    let warnings = preparation::stop_on(diagnostics, ctx)?;
    let preparation =
        Preparation { prepared, pools: BTreeMap::new(), capabilities: Capabilities::new(None), warnings };
    let (previews, _) =
        preview::previews(&loaded.project, &preparation, ctx, &resolver, &mut findings).await?;
    let name = |preview: &Preview| (preview.desired.flow_name.clone(), preview.desired.name.clone());
    Ok(previews.iter().map(|(_, preview)| name(preview)).collect())
}
