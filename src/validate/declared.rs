//! Declared resources of all project files, without deployments.

use std::collections::BTreeMap;

use super::{LoadedProject, PreparationError, PreparedProject, preparation, resources};
use crate::{
    api::{Client, WorkPool},
    deployment::{DeployContext, Options},
    diagnostics::Diagnostic,
    project::Findings,
    resource::{DesiredResource, KnownTypes},
    template::Resolver,
};

/// Returns the work pools that the project files declare, without deployments and without a server. Values that only the
/// server knows are missing.
///
/// # Errors
///
/// Fails if a file cannot be read or is invalid.
pub(crate) async fn work_pools(ctx: &DeployContext<'_>) -> Result<Vec<WorkPool>, PreparationError> {
    let loaded = preparation::load(ctx)?;
    let (resolver, types) = (Resolver::offline(ctx.redactor.clone()), KnownTypes::bundled());
    let mut projects = Vec::with_capacity(loaded.len());
    for loaded in &loaded {
        let (project, file) = (&loaded.project, loaded.file.as_ref());
        let ctx = ctx.in_project(&loaded.root, &loaded.settings);
        let mut findings = loaded.findings();
        let resources = resources::declared(project, &ctx, &resolver, &types, &mut findings).await?;
        let (deployments, ambiguous) = (Vec::new(), Vec::new());
        projects.push(PreparedProject { project, file, ctx, findings, deployments, resources, ambiguous });
    }
    preparation::stop_on_errors(&mut projects, ctx)?;
    Ok(resources::declared_pools(&projects, &BTreeMap::new()).into_values().collect())
}

/// Returns the declared resources of all projects, also if the command does not write them. Returns an empty list if one of
/// them is invalid. `resolver` must not be used for anything else, because it knows the values of the declared resources
/// afterwards.
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
    let mut declared = Vec::new();
    for LoadedProject { project, root, settings, .. } in loaded {
        let mut findings = Findings::new(project.document.as_ref());
        let ctx = ctx.in_project(root, settings);
        declared.extend(resources::declared(project, &ctx, resolver, &types, &mut findings).await?);
        if findings.take().iter().any(Diagnostic::is_error) {
            return Ok(Vec::new());
        }
    }
    Ok(declared)
}
