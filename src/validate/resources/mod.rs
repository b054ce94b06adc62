//! Reads and validates the resources that project files declare.

mod automations;
mod blocks;
mod exposed;
mod known_types;
mod pools;
mod variables;

use std::collections::BTreeMap;

pub(super) use automations::{deployment_runs, identities, metric_triggers, references};
use exposed::learn_exposed_secrets;
pub(super) use known_types::known_types;
pub(super) use pools::{declared_pools, pool_types};

use super::{PreparationError, PreparedProject};
use crate::{
    deployment::DeployContext,
    project::{
        Findings, Project,
        resources::{self, Stage},
    },
    resolve,
    resource::{Declared, DesiredResource, KnownTypes, ResourceKind, duplicates},
    template::Resolver,
    value::{Mapping, Value},
};

/// Renders and validates the resources that a project declares. Errors are added to `findings`.
///
/// The resolver uses the values of declared variables and blocks from now on, because they may not exist on the server.
///
/// # Errors
///
/// Fails if a request to the server fails.
pub(super) async fn declared(
    project: &Project,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    types: &KnownTypes,
    findings: &mut Findings<'_>,
) -> Result<Vec<DesiredResource>, PreparationError> {
    let Some(section) = &project.resources else { return Ok(Vec::new()) };
    learn_exposed_secrets(&Value::Mapping(section.clone()), ctx.redactor);
    let mut rendered = Mapping::new();
    // Other resources may use the declared variables.
    let (variables, others): (Vec<_>, Vec<_>) =
        section.iter().partition(|(key, _)| key.as_str() == Some("variables"));
    for (key, part) in variables.into_iter().chain(others) {
        let pointer = resources::pointer().join(crate::python::to_text(key));
        let value = match part.as_mapping().filter(|_| key.as_str() == Some("variables")) {
            Some(variables) => variables::rendered(variables, &pointer, ctx, resolver, findings).await,
            None => resolve::resources::rendered(part, &pointer, ctx, resolver, findings).await,
        };
        let value = value.map_err(|error| PreparationError::resolve(error, project.place(&pointer)))?;
        rendered.insert(key.clone(), value);
    }
    let stage = if resolver.is_offline() { Stage::Loaded } else { Stage::Rendered };
    let declared = resources::read(&Value::Mapping(rendered), stage, findings);
    for block in &declared.blocks {
        blocks::check(block, &types.blocks, ctx.redactor, findings);
    }
    let (environment, directory, redactor) = (ctx.environment, ctx.directory, ctx.redactor);
    let reads_secrets = !resolver.is_offline();
    let context = Declared { types, environment, directory, redactor, reads_secrets };
    let resources = context.resources(&declared, findings);
    for resource in resources.iter().filter(|resource| resource.key.kind == ResourceKind::Block) {
        blocks::declare(resource, resolver);
    }
    Ok(resources)
}

/// Returns the resources of all projects, each with the index of its project.
fn indexed<'a>(projects: &'a [PreparedProject<'_>]) -> impl Iterator<Item = (usize, &'a DesiredResource)> {
    let projects = projects.iter().enumerate();
    projects.flat_map(|(index, project)| project.resources.iter().map(move |resource| (index, resource)))
}

/// Validates the resources of all projects together with their deployments.
pub(super) fn together(projects: &mut [PreparedProject<'_>], is_offline: bool) {
    for (project, diagnostic) in duplicates(indexed(projects)) {
        projects[project].findings.push(diagnostic);
    }
    automations::cycles(projects);
    let pools = declared_pools(projects, &BTreeMap::new());
    for project in &mut *projects {
        pools::job_variables(&project.deployments, &pools, &mut project.findings);
    }
    deployment_runs(projects, &pools);
    if is_offline {
        automations::undeclared_offline(projects);
    }
}
