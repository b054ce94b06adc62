//! Declared resources of all project files, without deployments.

use std::collections::BTreeMap;

use super::{
    LoadedProject, PreparationError, PreparedProject, load_projects, report_project_findings, resources,
};
use crate::{
    api::{Client, WorkPool},
    deployment::{DeployContext, Options},
    resource::{DesiredResource, KnownTypes},
    template::Resolver,
};

/// Returns the work pools that the project files declare, without deployments and without a server. Values that only
/// the server knows are missing.
///
/// # Errors
///
/// Fails if a file cannot be read or is invalid.
pub(crate) async fn work_pools(ctx: &DeployContext<'_>) -> Result<Vec<WorkPool>, PreparationError> {
    let loaded = load_projects(ctx)?;
    let (resolver, types) = (Resolver::offline(ctx.redactor.clone()), KnownTypes::bundled());
    let mut projects: Vec<PreparedProject<'_>> =
        loaded.iter().map(|loaded| PreparedProject::new(loaded, ctx)).collect();
    resources::declare(&mut projects, &resolver, &types).await?;
    report_project_findings(&mut projects, ctx)?;
    Ok(resources::declared_pools(&projects, &BTreeMap::new()).into_values().collect())
}

/// Returns all projects' declared resources, even if the command does not write them. Returns an empty list if a
/// resource is invalid. The caller must not reuse `resolver`, because it then contains the declared resources' values.
///
/// # Errors
///
/// Fails if a request fails or a template cannot be resolved.
pub(crate) async fn all_resources(
    loaded: &[LoadedProject],
    ctx: &DeployContext<'_>,
    client: &Client,
    resolver: &Resolver<'_>,
) -> Result<Vec<DesiredResource>, PreparationError> {
    if loaded.iter().all(|loaded| !loaded.project.declares_resources()) {
        return Ok(Vec::new());
    }
    let options = Options {
        all: true,
        resources: true,
        preview: None,
        entrypoint: None,
        names: Vec::new(),
        selectors: Vec::new(),
        ..ctx.options.clone()
    };
    let ctx = DeployContext { options: &options, selection: None, ..*ctx };
    let types = resources::known_types(loaded, &ctx, client).await?;
    let mut projects: Vec<PreparedProject<'_>> =
        loaded.iter().map(|loaded| PreparedProject::new(loaded, &ctx)).collect();
    resources::declare(&mut projects, resolver, &types).await?;
    if projects.iter_mut().flat_map(|project| project.findings.take()).any(|finding| finding.is_error()) {
        return Ok(Vec::new());
    }
    Ok(projects.into_iter().flat_map(|project| project.resources).collect())
}
