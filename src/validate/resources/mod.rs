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
use variables::VARIABLES;

use super::{PreparationError, PreparedProject};
use crate::{
    project::resources::{self, Stage},
    resolve,
    resource::{Declaration, Declared, DesiredResource, KnownTypes, Placeholders, ResourceKind, duplicates},
    template::Resolver,
    value::{Mapping, Value},
};

/// Renders and validates the declared resources, and adds them to their projects. Adds errors to the projects'
/// findings.
///
/// The variables of all projects are rendered first, because all resources may use them. Afterwards, the resolver uses
/// the declared values of variables and blocks, because they may not exist on the server.
///
/// # Errors
///
/// Fails if a request to the server fails.
pub(super) async fn declare(
    projects: &mut [PreparedProject<'_>],
    resolver: &Resolver<'_>,
    types: &KnownTypes,
) -> Result<(), PreparationError> {
    for PreparedProject { project, ctx, .. } in &*projects {
        if let Some(section) = &project.resources {
            learn_exposed_secrets(&Value::Mapping(section.clone()), ctx.redactor);
        }
    }
    let variables = variables::rendered(projects, resolver).await?;
    for (project, variables) in projects.iter_mut().zip(variables) {
        let mut resources = declared(project, variables, resolver, types).await?;
        for resource in &mut resources {
            resource.file = project.file.cloned();
        }
        project.resources = resources;
    }
    Ok(())
}

/// Renders and validates the resources that a project declares, and sets the project's declarations. `variables` are the
/// rendered variables of the project.
async fn declared(
    PreparedProject { project, ctx, findings, declarations, .. }: &mut PreparedProject<'_>,
    variables: Mapping,
    resolver: &Resolver<'_>,
    types: &KnownTypes,
) -> Result<Vec<DesiredResource>, PreparationError> {
    let Some(section) = &project.resources else { return Ok(Vec::new()) };
    let mut rendered = Mapping::new();
    for (key, part) in section {
        if key.as_str() == Some(VARIABLES) && part.is_mapping() {
            continue;
        }
        let pointer = resources::pointer().join(crate::python::to_text(key));
        let value = resolve::resources::rendered(part, &pointer, ctx, resolver, findings)
            .await
            .map_err(|error| PreparationError::resolve(error, project.place(&pointer)))?;
        rendered.insert(key.clone(), value);
    }
    if !variables.is_empty() {
        rendered.insert(VARIABLES.into(), variables.into());
    }
    let stage = if resolver.is_offline() { Stage::Loaded } else { Stage::Rendered };
    let declared = resources::read(&Value::Mapping(rendered), stage, findings);
    *declarations = Declaration::all(&declared, findings);
    for block in &declared.blocks {
        blocks::check(block, &types.blocks, ctx.redactor, findings);
    }
    let (environment, directory, redactor) = (ctx.environment, ctx.directory, ctx.redactor);
    let reads_secrets = !resolver.is_offline();
    // Placeholders without a value have already been reported.
    let placeholders = if resolver.is_offline() || findings.has_errors() {
        Placeholders::Unresolved
    } else {
        Placeholders::Replaced
    };
    let context = Declared { types, environment, directory, redactor, reads_secrets, placeholders };
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
    let declarations = projects.iter().enumerate().flat_map(|(index, project)| {
        project.declarations.iter().map(move |declaration| (index, declaration))
    });
    for (project, diagnostic) in duplicates(declarations) {
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
