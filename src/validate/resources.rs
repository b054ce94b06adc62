//! Reads and validates the resources that project files declare.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{PreparationError, PreparedProject, work_pools::job_variables};
use crate::{
    api::{ApiError, Client, WorkPool},
    deployment::{DeployContext, ResolvedDeployment, StepSections},
    diagnostics::{Code, Diagnostic, did_you_mean},
    pointer::Pointer,
    project::{
        Findings, Key, PoolKey, Project, literals,
        resources::{self, Stage},
    },
    resolve,
    resource::{
        Declared, DesiredResource, PoolTypes, ReferenceKind, References, ResourceKey, ResourceKind,
        ResourceReference, duplicates,
        order::{DependencyOrder, describe_cycle},
    },
    secret::Secret,
    template::{ResolveError, Resolver},
    value::{self, Mapping, Value},
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
    types: &PoolTypes,
    findings: &mut Findings<'_>,
) -> Result<Vec<DesiredResource>, PreparationError> {
    let Some(section) = &project.resources else { return Ok(Vec::new()) };
    learn_exposed_secrets(section, ctx);
    let mut rendered = Mapping::new();
    // Other resources may use the declared variables.
    let (variables, others): (Vec<_>, Vec<_>) =
        section.iter().partition(|(key, _)| key.as_str() == Some("variables"));
    for (key, part) in variables.into_iter().chain(others) {
        let pointer = resources::pointer().join(crate::python::to_text(key));
        let value = match part.as_mapping().filter(|_| key.as_str() == Some("variables")) {
            Some(variables) => declared_variables(variables, &pointer, ctx, resolver, findings).await,
            None => resolve::resources::rendered(part, &pointer, ctx, resolver, findings).await,
        };
        let value = value.map_err(|error| PreparationError::resolve(error, project.place(&pointer)))?;
        rendered.insert(key.clone(), value);
    }
    let stage = if resolver.is_offline() { Stage::Loaded } else { Stage::Rendered };
    let declared = resources::read(&Value::Mapping(rendered), stage, findings);
    let (environment, directory, redactor) = (ctx.environment, ctx.directory, ctx.redactor);
    let reads_secrets = !resolver.is_offline();
    let context = Declared { types, environment, directory, redactor, reads_secrets };
    let resources = context.resources(&declared, findings);
    for resource in resources.iter().filter(|resource| resource.key.kind == ResourceKind::Block) {
        declare_block(resource, resolver);
    }
    Ok(resources)
}

/// Renders the declared variables, each after the variables to which it refers, and adds them to the resolver. A variable
/// that refers to itself is an error.
async fn declared_variables(
    variables: &Mapping,
    pointer: &Pointer,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Value, ResolveError> {
    let entries: Vec<(&Value, &Value)> = variables.iter().collect();
    let position = |name: &str| entries.iter().position(|(key, _)| key.as_str() == Some(name));
    let dependencies = entries.iter().map(|(_, value)| {
        let names = resolve::resources::variables_used(value);
        names.iter().filter_map(|name| position(name)).collect()
    });
    let DependencyOrder { ordered, unordered, cycles } =
        DependencyOrder::new(&dependencies.collect::<Vec<_>>());
    let mut rendered = Mapping::new();
    for index in ordered {
        let (key, value) = entries[index];
        let pointer = pointer.join(crate::python::to_text(key));
        let value = resolve::resources::rendered(value, &pointer, ctx, resolver, findings).await?;
        key.as_str().into_iter().for_each(|name| resolver.declare_variable(name, value.clone()));
        rendered.insert(key.clone(), value);
    }
    rendered.extend(unordered.into_iter().map(|index| (entries[index].0.clone(), entries[index].1.clone())));
    for cycle in cycles {
        let names: Vec<&str> = cycle.iter().filter_map(|index| entries[*index].0.as_str()).collect();
        let Some((first, others)) = names.split_first() else { continue };
        let message = describe_cycle(ResourceKind::Variable, first, others);
        let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message);
        findings.at_value(&pointer.join(*first), diagnostic.help("remove one of the references"));
    }
    Ok(Value::Mapping(rendered))
}

/// Adds a declared block to the resolver.
fn declare_block(resource: &DesiredResource, resolver: &Resolver<'_>) {
    let Some((kind, name)) = resource.key.name.split_once('/') else { return };
    let data = resource.fields.get("data").map(value::from_json).unwrap_or_default();
    let mut data = data.as_mapping().cloned().unwrap_or_default();
    data.extend(
        resource.secrets.iter().map(|(field, secret)| (field.as_str().into(), secret.expose().into())),
    );
    resolver.declare_block(kind, name, data.into());
}

/// Registers secrets that are written in the file by mistake, so that messages do not show them.
fn learn_exposed_secrets(section: &Mapping, ctx: &DeployContext<'_>) {
    let blocks = section.get("blocks").and_then(Value::as_sequence);
    for block in blocks.into_iter().flatten() {
        let is_secret = block.get("type").and_then(Value::as_str) == Some("secret");
        let nested = block.get("values").filter(|_| is_secret).and_then(|values| values.get("value"));
        for exposed in [block.get("value"), nested].into_iter().flatten().filter_map(Value::as_str) {
            ctx.redactor.learn(&Secret::new(exposed));
        }
    }
}

/// Reports automations that refer to themselves, directly or through other automations.
fn cyclic_automations(projects: &mut [PreparedProject<'_>]) {
    let resources: Vec<DesiredResource> =
        projects.iter().flat_map(|project| project.resources.iter().cloned()).collect();
    let cycles = DependencyOrder::of_resources(&resources).cycles;
    let Some(project) = projects.first_mut() else { return };
    for cycle in cycles {
        let Some((first, others)) = cycle.split_first() else { continue };
        let DesiredResource { key, place, .. } = &resources[*first];
        let others: Vec<&str> = others.iter().map(|index| resources[*index].key.name.as_str()).collect();
        let message = describe_cycle(key.kind, &key.name, &others);
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).at(place.clone());
        project.findings.push(diagnostic.help("remove one of the references"));
    }
}

/// Validates the resources of all projects together with their deployments.
pub(super) fn together(projects: &mut [PreparedProject<'_>], is_offline: bool) {
    let found = duplicates(projects.iter().flat_map(|project| &project.resources));
    if let Some(project) = projects.first_mut() {
        found.into_iter().for_each(|diagnostic| project.findings.push(diagnostic));
    }
    cyclic_automations(projects);
    let pools = declared_pools(projects, &BTreeMap::new());
    for project in &mut *projects {
        declared_job_variables(&project.deployments, &pools, &mut project.findings);
    }
    if is_offline {
        for (index, (reference, place), similar) in undeclared(projects) {
            if reference.kind == ReferenceKind::Deployment {
                let message = format!("deployment '{}' is not declared", reference.name);
                let help = similar.map_or_else(
                    || "the deployment must exist on the server".to_owned(),
                    |name| format!("did you mean '{name}'?"),
                );
                let diagnostic = Diagnostic::warning(Code::AUTOMATION, message).at(place).help(help);
                projects[index].findings.push(diagnostic);
            }
        }
    }
}

/// Validates the references to objects that are not declared, which must exist on the server.
pub(super) async fn references(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let undeclared = undeclared(projects);
    let wanted = undeclared.iter().map(|(_, (reference, _), _)| reference.clone());
    let live = References::read(client, wanted).await?;
    for (index, (reference, place), similar) in undeclared {
        if live.contains(&reference) {
            continue;
        }
        let kind = reference.kind.label();
        let message = format!("{kind} '{}' is neither declared nor on the server", reference.name);
        let diagnostic = Diagnostic::error(Code::AUTOMATION, message).at(place);
        let help = similar.map(|name| format!("did you mean '{name}'?"));
        projects[index].findings.push(Diagnostic { help, ..diagnostic });
    }
    Ok(())
}

/// Reports declared blocks whose type does not exist on the server.
pub(super) async fn block_types(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let is_block = |resource: &&DesiredResource| resource.key.kind == ResourceKind::Block;
    if !projects.iter().flat_map(|project| &project.resources).any(|resource| is_block(&resource)) {
        return Ok(());
    }
    let types = client.block_types().await?;
    let known: BTreeSet<&str> =
        types.iter().filter_map(|kind| kind.raw.get("slug").and_then(serde_json::Value::as_str)).collect();
    for PreparedProject { resources, findings, .. } in projects {
        for resource in resources.iter().filter(is_block) {
            let kind = resource.key.name.split_once('/').map_or("", |(kind, _)| kind);
            if known.contains(kind) {
                continue;
            }
            let message = format!("{}: the server has no block type '{kind}'", resource.key);
            let help = did_you_mean(kind, known.iter().copied()).map_or_else(
                || "correct the type, or register it with `prefect block register`".to_owned(),
                |similar| format!("did you mean '{similar}'?"),
            );
            let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message);
            findings.push(diagnostic.at(resource.place.clone()).help(help));
        }
    }
    Ok(())
}

type Undeclared = (usize, (ResourceReference, Option<crate::diagnostics::Place>), Option<String>);

/// Returns the references to objects that no project declares, with the index of the project and a similar name.
fn undeclared(projects: &[PreparedProject<'_>]) -> Vec<Undeclared> {
    let deployments: BTreeSet<String> = projects
        .iter()
        .flat_map(|project| &project.deployments)
        .map(|(deployment, _)| deployment.full_name())
        .collect();
    let keys: BTreeSet<&ResourceKey> =
        projects.iter().flat_map(|project| &project.resources).map(|resource| &resource.key).collect();
    let is_declared = |reference: &ResourceReference| match reference.kind.resource() {
        None => deployments.contains(&reference.name),
        Some(kind) => keys.contains(&ResourceKey::new(kind, reference.name.clone())),
    };
    let mut found = Vec::new();
    for (index, project) in projects.iter().enumerate() {
        let references = project.resources.iter().flat_map(|resource| &resource.references);
        for (reference, place) in references.filter(|(reference, _)| !is_declared(reference)) {
            let similar = did_you_mean(&reference.name, deployments.iter().map(String::as_str))
                .filter(|_| reference.kind == ReferenceKind::Deployment);
            found.push((index, (reference.clone(), place.clone()), similar.map(str::to_owned)));
        }
    }
    found
}

/// Returns the declared work pools in the state that they will have.
pub(super) fn declared_pools(
    projects: &[PreparedProject<'_>],
    live: &BTreeMap<String, WorkPool>,
) -> BTreeMap<String, WorkPool> {
    let resources = projects.iter().flat_map(|project| &project.resources);
    let pools = resources.filter(|resource| resource.key.kind == ResourceKind::WorkPool);
    let pool = |resource: &DesiredResource| {
        let name = resource.key.name.clone();
        let text = |field: &str| resource.fields.get(field).and_then(serde_json::Value::as_str);
        let template = resource.fields.get("base_job_template").and_then(serde_json::Value::as_object);
        let base = live.get(&name).cloned().unwrap_or_else(|| WorkPool {
            id: Uuid::nil(),
            name: name.clone(),
            kind: text("type").unwrap_or_default().to_owned(),
            description: None,
            base_job_template: serde_json::Map::new(),
            is_paused: false,
            concurrency_limit: None,
            status: None,
            raw: serde_json::Map::new(),
        });
        let base_job_template = template.cloned().unwrap_or_else(|| base.base_job_template.clone());
        (name, WorkPool { base_job_template, ..base })
    };
    pools.map(pool).collect()
}

/// Reports declared work pools whose type differs from that on the server.
pub(super) fn pool_types(projects: &mut [PreparedProject<'_>], live: &BTreeMap<String, WorkPool>) {
    for PreparedProject { resources, findings, .. } in projects {
        for resource in resources.iter().filter(|resource| resource.key.kind == ResourceKind::WorkPool) {
            let declared = resource.fields.get("type").and_then(serde_json::Value::as_str);
            let (Some(pool), Some(declared)) = (live.get(&resource.key.name), declared) else { continue };
            if pool.kind != declared {
                let message = format!(
                    "{} has the type '{}' on the server, which cannot be changed to '{declared}'",
                    resource.key, pool.kind
                );
                let diagnostic = Diagnostic::error(Code::DECLARED_POOL_TYPE, message);
                let help = "correct the type, or declare the work pool under another name";
                findings.push(diagnostic.at(resource.place.clone()).help(help));
            }
        }
    }
}

/// Validates job variables against the declared work pools, which may not exist yet.
fn declared_job_variables(
    deployments: &[(ResolvedDeployment, StepSections)],
    pools: &BTreeMap<String, WorkPool>,
    findings: &mut Findings<'_>,
) {
    for (deployment, _) in deployments {
        let Some(pool) = deployment.work_pool().and_then(|name| pools.get(name)) else { continue };
        if let Some(given) = deployment.fields.job_variables().literal() {
            let at = deployment.pointer_to(Key::WorkPool).join(PoolKey::JobVariables);
            job_variables(&value::to_json(&literals(given).into()), pool, &at, findings);
        }
    }
}
