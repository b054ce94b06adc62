//! Runs the stages of a deploy in order: load, target, resolve, validate, build, plan, apply and report.
//!
//! Nothing is written to the server until all checks have passed.

mod destruction;
mod error;
mod origins;
mod preview;
mod register;
mod resources;
mod rollback;
mod schedules;
mod wizard;

pub(crate) use self::{
    destruction::plan_destruction,
    error::DeployError,
    origins::{ExplainedDeployment, ExplainedValue, Location, ValueOrigin, explain},
    register::resumed,
    rollback::{Rollback, RollbackReport},
    wizard::{ask, choose, saved},
};

use self::register::Registration;
use std::collections::BTreeSet;

use crate::{
    api::Client,
    apply::Report,
    build::{
        BuildError, FurtherUse, StoredDeployment, UnbuiltDeployments, pulled_code, render, render_unbuilt,
        steps,
    },
    deployment::{DeployContext, DesiredDeployment, pull_steps},
    plan::{
        self, Action, DesiredState, Plan, PlanError, PlannedResource, RenderedRequests,
        prune::{Pruning, TooManyDeletes},
    },
    progress::DeploymentEvent,
    resolve::ApiLookup,
    resource::{AmbiguousResource, DesiredResource, ResourceKey},
    template::Resolver,
    validate::{self, Preparation, PreparedProject},
};

/// Deploys the selected deployments. `report` describes all completed actions, even after an error.
///
/// # Errors
///
/// Fails if the deploy ends before anything is written. The report contains errors that occur during writes.
pub(crate) async fn deploy(
    ctx: &DeployContext<'_>,
    client: &Client,
    saved_plan: Option<&Plan>,
    report: &mut Report,
) -> Result<(), DeployError> {
    ctx.progress.activity("Reading the project");
    let loaded = validate::load_projects(ctx)?;
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    // The futures of the stages are large.
    let mut preparation = Box::pin(validate::prepare_with_server(&loaded, ctx, client, &resolver)).await?;
    preview::report_unwritten_resources(&loaded, ctx, client).await;
    // With `--strict`, an object of another project must cause an error before the steps run.
    let must_not_overwrite = ctx.options.strict && ctx.options.project.is_some();
    let is_planned = saved_plan.is_some() || ctx.options.prune || must_not_overwrite;
    let mut pruning = if is_planned {
        let desired = DesiredState::render(&mut preparation, FurtherUse::Needed, ctx, &resolver).await?;
        // The future is large.
        let (now, pruning) = Box::pin(plan::create(desired, ctx, client)).await?;
        require_current_plan(&now, saved_plan, &preparation.resources, ctx)?;
        pruning
    } else {
        preview::require_copies(&preparation, ctx, client).await?;
        // An unreadable record must cause an error before the steps run.
        let pruning = Pruning::read(client, ctx).await?;
        schedules::require_slugs(&preparation, client).await?;
        pruning
    };
    let on_this_machine: BTreeSet<String> = preparation
        .notes()
        .filter(|note| matches!(note, pull_steps::Note::ThisMachine(_)))
        .map(pull_steps::Note::text)
        .collect();
    for note in &on_this_machine {
        ctx.progress.status(note);
    }
    for prepared in preparation.deployments() {
        ctx.progress.deployment(&prepared.resolved.full_name(), DeploymentEvent::Waiting);
    }
    report.stages.end("check");

    let outputs = steps::run(&preparation.projects, ctx, &resolver, &mut report.steps).await;
    report.stages.end("steps");
    let further_use = if ctx.options.verify_pull { FurtherUse::Needed } else { FurtherUse::None };
    let desired = render::render_all(&mut preparation, &outputs?, further_use);
    validate::report_project_findings(&mut preparation.projects, ctx)?;
    if ctx.options.verify_pull {
        verify_pulled_code(&preparation.projects, &desired, &resolver).await?;
        report.stages.end("verify_pull");
    }
    if !report.steps.is_empty() {
        // Other deploys may have changed the records while the steps ran.
        pruning = Pruning::read(client, ctx).await?;
    }
    let automations = preparation.automation_names();
    let Preparation { pools, resources, .. } = preparation;
    // Frees memory before the state of the server is read.
    drop(loaded);
    let desired: Vec<DesiredDeployment> = desired.into_iter().flatten().collect();
    let registration =
        Registration { desired: &desired, resources, automations, pools: &pools, pruning, is_planned };
    Box::pin(register::register(registration, ctx, client, report)).await
}

/// Verifies that the pull steps of all deployments fetch their flows.
async fn verify_pulled_code(
    projects: &[PreparedProject<'_>],
    desired: &[Vec<DesiredDeployment>],
    resolver: &Resolver<'_>,
) -> Result<(), BuildError> {
    for (PreparedProject { project, ctx, deployments, .. }, desired) in projects.iter().zip(desired) {
        let stored = deployments.iter().zip(desired);
        let stored: Vec<StoredDeployment> = stored
            .map(|(prepared, desired)| StoredDeployment::of_rendered(desired, &prepared.sections))
            .collect();
        pulled_code::verify(&stored, ctx, resolver)
            .await
            .map_err(|error| BuildError::pull(error, project))?;
    }
    Ok(())
}

/// Compares the selected deployments with the server.
///
/// # Errors
///
/// Fails if a deploy would fail before its first step.
pub(crate) async fn plan(ctx: &DeployContext<'_>, client: &Client) -> Result<Plan, PlanError> {
    Ok(compare(ctx, client).await?.0)
}

/// Compares the selected deployments and the declared resources with the server, like [`plan()`]. Also returns the
/// resources that cannot be compared. The options must specify that the command only compares.
///
/// # Errors
///
/// Fails if the files are invalid or a request fails.
pub(crate) async fn compare(
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(Plan, Vec<AmbiguousResource>), PlanError> {
    // The futures are large.
    let (desired, ambiguous) = Box::pin(desired_state(ctx, client)).await?;
    let (plan, _) = Box::pin(plan::create(desired, ctx, client)).await?;
    Ok((plan, ambiguous))
}

/// Reads, validates and renders the selected deployments without running their steps. Also returns the resources that
/// cannot be compared. Drops the project files before it returns, because the server's state also uses a lot of
/// memory.
async fn desired_state(
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<(DesiredState, Vec<AmbiguousResource>), PlanError> {
    ctx.progress.activity("Reading the project");
    let loaded = validate::load_projects(ctx)?;
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut preparation = validate::prepare_with_server(&loaded, ctx, client, &resolver).await?;
    preview::report_unwritten_resources(&loaded, ctx, client).await;
    let desired = DesiredState::render(&mut preparation, FurtherUse::None, ctx, &resolver).await?;
    Ok((desired, preparation.take_ambiguous()))
}

/// Renders the requests for the selected deployments and the declared resources. References to blocks, variables and
/// other values from the server are not resolved.
///
/// # Errors
///
/// Fails if the validation without a server finds errors.
pub(crate) async fn requests(ctx: &DeployContext<'_>) -> Result<RenderedRequests, BuildError> {
    let (unbuilt, resources) = offline_state(ctx).await?;
    Ok(RenderedRequests::new(unbuilt, &resources, ctx))
}

/// Reads, validates and renders the selected deployments without a server. Drops the project files before it returns,
/// like [`desired_state`].
async fn offline_state(
    ctx: &DeployContext<'_>,
) -> Result<(UnbuiltDeployments, Vec<DesiredResource>), BuildError> {
    let loaded = validate::load_projects(ctx)?;
    let resolver = Resolver::offline(ctx.redactor.clone());
    let mut projects = validate::prepare(&loaded, ctx, &resolver).await?;
    let warnings = validate::report_project_findings(&mut projects, ctx)?;
    let mut preparation = Preparation::offline(projects, warnings);
    let unbuilt = render_unbuilt(&mut preparation, FurtherUse::None, ctx, &resolver).await?;
    validate::report_project_findings(&mut preparation.projects, ctx)?;
    Ok((unbuilt, preparation.resources))
}

/// Checks that a saved plan is still up to date, and that the number of deletions does not exceed the limit.
fn require_current_plan(
    now: &Plan,
    saved: Option<&Plan>,
    resources: &[DesiredResource],
    ctx: &DeployContext<'_>,
) -> Result<(), DeployError> {
    let stale = saved.map(|plan| {
        let mut stale = plan.stale(&now.masked(ctx.redactor));
        stale.extend(plan.stale_secrets(resources));
        stale
    });
    let stale = stale.unwrap_or_default();
    if !stale.is_empty() {
        return Err(DeployError::StalePlan(stale));
    }
    let deployments = now.deployments.iter().filter(|deployment| deployment.action == Action::Delete);
    let resources = now.resources.iter().filter(|resource| resource.action == Action::Delete);
    let key = |resource: &PlannedResource| ResourceKey::new(resource.kind, resource.name.clone());
    let names = deployments.map(|deployment| deployment.name.clone());
    Ok(TooManyDeletes::check(names, resources.map(key), ctx.options.max_deletes)?)
}
