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
    resource::{Declared, DesiredResource, KnownTypes, ResourceKind, duplicates, order::DependencyOrder},
    template::Resolver,
    value::{Mapping, Value},
};

/// Returns the indexes of projects in the order in which their resources are rendered. A project follows the projects
/// whose variables it uses. Projects that use each other's variables keep their order.
pub(super) fn order_of_projects(projects: &[&Project]) -> Vec<usize> {
    if projects.len() < 2 {
        return (0..projects.len()).collect();
    }
    let section = |project: &&Project| Value::Mapping(project.resources.clone().unwrap_or_default());
    let sections: Vec<Value> = projects.iter().map(section).collect();
    let declares = |section: &Value, name: &str| {
        let variables = section.as_mapping().and_then(|section| section.get("variables"));
        variables.and_then(Value::as_mapping).is_some_and(|variables| variables.contains_key(name))
    };
    let dependencies = sections.iter().enumerate().map(|(index, section)| {
        let used = resolve::resources::variables_used(section);
        let others = sections.iter().enumerate().filter(|(other, _)| *other != index);
        let declaring = others.filter(|(_, other)| used.iter().any(|name| declares(other, name)));
        declaring.map(|(other, _)| other).collect()
    });
    let DependencyOrder { ordered, unordered, .. } = DependencyOrder::new(&dependencies.collect::<Vec<_>>());
    ordered.into_iter().chain(unordered).collect()
}

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
