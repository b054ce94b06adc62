//! Creates the plan of a deploy without running steps or writing anything.

use std::collections::{BTreeSet, HashMap};

use crate::{
    api::{ApiError, Client, DeploymentName},
    build::{FurtherUse, UnbuiltDeployment, UnbuiltDeployments, render_unbuilt},
    deployment::{DeployContext, Snapshot},
    diagnostics::{Diagnostic, json},
    plan::{
        self, ChangedObject, ComparedResource, MovedQueue, Plan, PlanError, PlannedDeployment, PlannedKept,
        PlannedResource, PlannedStep,
        prune::{DeclaredObjects, Pruning, QueueName},
    },
    records::previews::require_copies,
    resource::{DesiredResource, Observed},
    secret::Redactor,
    steps::DistinctStep,
    template::{Resolver, pending},
    validate::{self, Preparation},
    value,
};

/// Desired state of the selected deployments and the declared resources. Values from step outputs are unknown.
///
/// The state does not borrow from the project files, so the files can be dropped before the server's state is
/// read.
pub(crate) struct DesiredState {
    unbuilt: UnbuiltDeployments,
    /// Declared resources, in write order.
    resources: Vec<DesiredResource>,
    /// Names of the declared automations.
    automations: BTreeSet<String>,
    /// Warnings already shown to the user.
    warnings: Vec<Diagnostic>,
}

impl DesiredState {
    /// Renders prepared deployments without step outputs.
    ///
    /// # Errors
    ///
    /// Fails if a deploy would fail before its first step.
    pub(crate) async fn render(
        preparation: &mut Preparation<'_>,
        further_use: FurtherUse,
        ctx: &DeployContext<'_>,
        resolver: &Resolver<'_>,
    ) -> Result<Self, PlanError> {
        let unbuilt = render_unbuilt(preparation, further_use, ctx, resolver).await?;
        let mut warnings = preparation.warnings.clone();
        warnings.extend(validate::report_project_findings(&mut preparation.projects, ctx)?);
        let automations = preparation.automation_names();
        let resources = match further_use {
            FurtherUse::Needed => preparation.resources.clone(),
            FurtherUse::None => std::mem::take(&mut preparation.resources),
        };
        Ok(Self { unbuilt, resources, automations, warnings })
    }

    fn names(&self) -> BTreeSet<DeploymentName> {
        self.unbuilt.deployments.iter().map(|unbuilt| unbuilt.desired.deployment_name()).collect()
    }

    /// Returns the declared deployments that exist, and the declared resources.
    fn declared<'s>(&'s self, live: &Snapshot) -> DeclaredObjects<'s> {
        let deployment = |unbuilt: &'s UnbuiltDeployment| {
            let desired = &unbuilt.desired;
            let live = live.deployment(&desired.deployment_name())?;
            Some((live.id, QueueName::of(desired)))
        };
        DeclaredObjects {
            deployments: self.unbuilt.deployments.iter().filter_map(deployment).collect(),
            resources: self.resources.iter().map(|resource| resource.key.clone()).collect(),
        }
    }
}

/// Compares the desired state with the server. Also returns the project's records if the options specify a project.
///
/// # Errors
///
/// Fails if a deploy would fail before its first step, or if a request fails.
pub(crate) async fn create<'a>(
    desired: DesiredState,
    ctx: &DeployContext<'a>,
    client: &Client,
) -> Result<(Plan, Option<Pruning<'a>>), PlanError> {
    ctx.progress.activity("Comparing with the server");
    let mut pruning = Pruning::read(client, ctx).await?;
    let mut automations = desired.automations.clone();
    automations.extend(pruning.iter().flat_map(Pruning::automation_names));
    let live = Snapshot::observe(client, &desired.names()).await?.excluding(automations);
    if let Some(pruning) = &mut pruning {
        pruning.select(client, &desired.declared(&live), ctx.directory).await?;
    }
    let DesiredState { unbuilt, resources, mut warnings, .. } = desired;
    let steps = planned_steps(&unbuilt, ctx.redactor);
    let removals = pruning.iter().flat_map(|pruning| &pruning.removals);
    let mut deployments: Vec<_> =
        removals.map(|removal| plan::describe_removal(removal, ctx.redactor)).collect();
    let mut copies = Vec::new();
    for unbuilt in without_repetitions(unbuilt.deployments) {
        let desired = &unbuilt.desired;
        let change = plan::compare(desired, &live, ctx.options.on_unchanged(), ctx.clock.now())
            .map_err(|error| PlanError::Update { name: desired.full_name(), error })?;
        if ctx.options.preview.is_some() {
            copies.push((desired.full_name(), live.deployment(&desired.deployment_name())));
        }
        let planned = plan::describe(&unbuilt, &change, &live, ctx.redactor);
        let selected_by = if ctx.options.why { unbuilt.reasons } else { Vec::new() };
        deployments.push(PlannedDeployment { selected_by, ..planned });
    }
    if let Some(preview) = &ctx.options.preview {
        require_copies(client, ctx.options.project.as_ref(), preview, copies.into_iter()).await?;
    }
    let compared = compare_resources(resources, ctx, client).await?;
    if let Some(pruning) = &pruning {
        warnings.extend(report_shared(pruning, &deployments, &compared.changes, ctx)?);
    }
    let mut resources = compared.described(ctx.redactor);
    let removals = pruning.iter().flat_map(|pruning| &pruning.resources);
    resources.extend(removals.map(plan::resources::describe_removal));
    let plan = Plan {
        schema: plan::SCHEMA,
        selection: ctx.options.into(),
        environment: ctx.options.environment_name().cloned(),
        api_url: client.url().to_owned(),
        deployments,
        resources,
        kept: pruning.iter().flat_map(|pruning| &pruning.kept).map(PlannedKept::from).collect(),
        steps,
        findings: warnings.iter().map(|warning| finding(warning, ctx.redactor)).collect(),
    };
    Ok((plan, pruning))
}

/// Returns the deployments in order. If multiple deployments have the same name, returns only the last one.
fn without_repetitions(deployments: Vec<UnbuiltDeployment>) -> impl Iterator<Item = UnbuiltDeployment> {
    let names = deployments.iter().map(|unbuilt| unbuilt.desired.full_name());
    let last: HashMap<String, usize> = names.enumerate().map(|(index, name)| (name, index)).collect();
    let last: BTreeSet<usize> = last.into_values().collect();
    deployments
        .into_iter()
        .enumerate()
        .filter(move |(index, _)| last.contains(index))
        .map(|(_, unbuilt)| unbuilt)
}

/// Reports changed objects that other projects have also registered. Returns the warnings.
fn report_shared(
    pruning: &Pruning<'_>,
    deployments: &[PlannedDeployment],
    resources: &[ComparedResource],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Diagnostic>, PlanError> {
    let deployments = deployments.iter().filter_map(ChangedObject::planned);
    let resources = resources.iter().filter_map(ChangedObject::resource);
    Ok(validate::report_findings(pruning.shared(deployments, resources), ctx)?)
}

/// The declared resources with their changes, and the queues whose priorities the server will change.
#[derive(Default)]
struct ComparedResources {
    changes: Vec<ComparedResource>,
    moved: Vec<MovedQueue>,
}

impl ComparedResources {
    /// Returns the plan entries of the resources.
    fn described(&self, redactor: &Redactor) -> Vec<PlannedResource> {
        let entry = |compared: &ComparedResource| {
            let moved = self.moved.iter().filter(|queue| queue.cause == compared.desired.key);
            plan::resources::describe(compared, moved.map(MovedQueue::note).collect(), redactor)
        };
        self.changes.iter().map(entry).collect()
    }
}

/// Compares the declared resources with the server.
async fn compare_resources(
    desired: Vec<DesiredResource>,
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<ComparedResources, ApiError> {
    if desired.is_empty() {
        return Ok(ComparedResources::default());
    }
    let mut observed = Observed::read(client, &desired).await?;
    let compared = desired.into_iter().map(|desired| {
        let change = plan::resources::compare(&desired, &mut observed, ctx.options.on_unchanged());
        ComparedResource { desired, change }
    });
    let changes: Vec<_> = compared.collect();
    let moved = plan::moved_queues(&changes, &observed);
    Ok(ComparedResources { changes, moved })
}

fn finding(diagnostic: &Diagnostic, redactor: &Redactor) -> serde_json::Value {
    let message = redactor.mask(&diagnostic.message);
    json::entry(&Diagnostic { message, ..diagnostic.clone() })
}

/// Returns the plan entries of the steps that would run, with secrets redacted.
pub(super) fn planned_steps(unbuilt: &UnbuiltDeployments, redactor: &Redactor) -> Vec<PlannedStep> {
    let planned = unbuilt.steps.iter().map(|step| {
        let DistinctStep { name, id, inputs, section, place, .. } = step;
        PlannedStep {
            name: name.clone(),
            id: id.clone(),
            section: *section,
            inputs: pending::show_json(&plan::redacted_value("inputs", &value::to_json(inputs), redactor)),
            place: place.as_ref().map(|place| format!("{}:{}", place.source.name(), place.start().line)),
            deployments: unbuilt.users(step),
        }
    });
    planned.collect()
}
