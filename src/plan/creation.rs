//! Creates the plan of a deploy without running steps or writing anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{ApiError, Client},
    build::{self, Preview, Previews},
    deployment::{DeployContext, Snapshot},
    diagnostics::{Diagnostic, json},
    plan::{
        self, ChangedObject, Plan, PlanError, PlannedDeployment, PlannedResource, PlannedStep,
        ResourceChange,
        previews::require_copies,
        prune::{DeclaredObjects, Pruning},
    },
    resource::{DesiredResource, Observed},
    secret::Redactor,
    steps::PreviewedStep,
    template::{Resolver, pending},
    validate::{Preparation, preparation},
    value,
};

/// Compares prepared deployments with the server.
///
/// # Errors
///
/// Fails if a deploy would fail before its first step, or if a request fails.
pub(crate) async fn create(
    preparation: &mut Preparation<'_>,
    ctx: &DeployContext<'_>,
    client: &Client,
    resolver: &Resolver<'_>,
) -> Result<Plan, PlanError> {
    let previews = build::previews(preparation, ctx, resolver).await?;
    let mut warnings = preparation.warnings.clone();
    warnings.extend(preparation::stop_on_errors(&mut preparation.projects, ctx)?);
    let names: BTreeSet<(String, String)> = previews
        .deployments
        .iter()
        .map(|preview| (preview.desired.flow_name.clone(), preview.desired.name.clone()))
        .collect();
    ctx.progress.activity("Comparing with the server");
    let mut pruning = Pruning::read(client, ctx).await?;
    let mut automations = preparation.automation_names();
    automations.extend(pruning.iter().flat_map(Pruning::automation_names));
    let live = Snapshot::observe(client, &names).await?.excluding(automations);
    if let Some(pruning) = &mut pruning {
        pruning.select(client, &declared(&previews, &live, preparation), ctx.directory).await?;
    }
    let removals = pruning.iter().flat_map(|pruning| &pruning.removals);
    let mut deployments: Vec<_> =
        removals.map(|removal| plan::describe_removal(removal, ctx.redactor)).collect();
    // Of several deployments with the same name, the last one wins.
    let names = previews.deployments.iter().map(|preview| preview.desired.full_name());
    let last: BTreeMap<String, usize> = names.enumerate().map(|(index, name)| (name, index)).collect();
    let mut copies = Vec::new();
    for (index, preview) in previews.deployments.iter().enumerate() {
        let desired = &preview.desired;
        if last.get(&desired.full_name()) != Some(&index) {
            continue;
        }
        let change = plan::compare(desired, &live, ctx.options.force, ctx.clock.now())
            .map_err(|error| PlanError::Schedules { name: desired.full_name(), error })?;
        copies.push((desired.full_name(), change.live()));
        let planned = plan::describe(preview, &change, &live, ctx.redactor);
        let selected_by = if ctx.options.why { preview.reasons.clone() } else { Vec::new() };
        deployments.push(PlannedDeployment { selected_by, ..planned });
    }
    if let Some(preview) = &ctx.options.preview {
        require_copies(client, ctx.options.project.as_ref(), preview, copies.into_iter()).await?;
    }
    let compared = resources(preparation, ctx, client).await?;
    if let Some(pruning) = &pruning {
        warnings.extend(report_shared(pruning, &deployments, &compared, ctx)?);
    }
    let described =
        compared.iter().map(|(desired, change)| plan::resources::describe(desired, change, ctx.redactor));
    let mut resources: Vec<PlannedResource> = described.collect();
    let removals = pruning.iter().flat_map(|pruning| &pruning.resources);
    resources.extend(removals.map(plan::resources::describe_removal));
    Ok(Plan {
        schema: plan::SCHEMA,
        selection: ctx.options.into(),
        environment: ctx.options.env_name.clone(),
        api_url: client.url().to_owned(),
        deployments,
        resources,
        steps: planned_steps(&previews, ctx.redactor),
        findings: warnings.iter().map(|warning| finding(warning, ctx.redactor)).collect(),
    })
}

/// Reports changed objects that other projects have also registered. Returns the warnings.
fn report_shared(
    pruning: &Pruning<'_>,
    deployments: &[PlannedDeployment],
    resources: &[(DesiredResource, ResourceChange)],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PlanError> {
    let deployments = deployments.iter().filter_map(ChangedObject::planned);
    let resources = resources.iter().filter_map(|(desired, change)| ChangedObject::resource(desired, change));
    Ok(preparation::stop_on(pruning.shared(deployments, resources), ctx)?)
}

/// Returns the declared deployments that exist, and the declared resources.
fn declared<'a>(
    previews: &'a Previews,
    live: &Snapshot,
    preparation: &Preparation<'_>,
) -> DeclaredObjects<'a> {
    let deployment = |preview: &'a Preview| {
        let desired = &preview.desired;
        let live = live.deployment(&desired.flow_name, &desired.name)?;
        Some((live.id, desired.work_pool.as_str()))
    };
    DeclaredObjects {
        deployments: previews.deployments.iter().filter_map(deployment).collect(),
        resources: preparation.resources().into_iter().map(|resource| resource.key).collect(),
    }
}

/// Compares the declared resources with the server.
async fn resources(
    preparation: &Preparation<'_>,
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<Vec<(DesiredResource, ResourceChange)>, ApiError> {
    let desired = preparation.resources();
    if desired.is_empty() {
        return Ok(Vec::new());
    }
    let observed = Observed::read(client, &desired).await?;
    let compared = desired.into_iter().map(|desired| {
        let change = plan::resources::compare(&desired, &observed, ctx.options.force);
        (desired, change)
    });
    Ok(compared.collect())
}

fn finding(diagnostic: &Diagnostic, redactor: &Redactor) -> serde_json::Value {
    let message = redactor.mask(&diagnostic.message);
    json::entry(&Diagnostic { message, ..diagnostic.clone() })
}

/// Returns the plan entries of the steps that would run, with secrets redacted.
pub(super) fn planned_steps(previews: &Previews, redactor: &Redactor) -> Vec<PlannedStep> {
    let planned = previews.steps.iter().map(|used| {
        let PreviewedStep { name, id, inputs, listed } = &used.step;
        PlannedStep {
            name: name.clone(),
            id: id.clone(),
            section: used.section,
            inputs: pending::show_json(&plan::redacted_value("inputs", &value::to_json(inputs), redactor)),
            place: listed
                .place
                .as_ref()
                .map(|place| format!("{}:{}", place.source.name(), place.start().line)),
            deployments: previews.users(used),
        }
    });
    planned.collect()
}
