//! Creates the plan of a deploy without running steps or writing anything.

use std::collections::BTreeSet;

use crate::{
    build::{
        render::{self, Preview, Rendering},
        steps,
    },
    deploy::{
        Failure, Server,
        preparation::{self, Preparation},
    },
    deployment::{DeployContext, ResolvedDeployment, Snapshot},
    diagnostics::{Diagnostic, json},
    git,
    plan::{self, Plan, PlannedStep, prune::Pruning},
    project::{Findings, Project},
    resolve::ApiLookup,
    secret::Redactor,
    steps::PreviewedStep,
    template::{Resolver, pending},
    value,
};

/// Compares the selected deployments with the server.
///
/// # Errors
///
/// Fails if a deploy would fail before its first step.
pub(crate) async fn plan(ctx: &DeployContext<'_>, server: &Server<'_>) -> Result<Plan, Failure> {
    ctx.progress.activity("Reading the project");
    let loaded = preparation::load(ctx)?;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(Some(server.client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let preparation =
        preparation::examine(&loaded.project, ctx, server.client, &resolver, &mut findings).await?;
    plan_prepared(&loaded.project, &preparation, ctx, server, &resolver, &mut findings).await
}

/// Creates the plan for deployments that have been prepared.
pub(super) async fn plan_prepared(
    project: &Project,
    preparation: &Preparation,
    ctx: &DeployContext<'_>,
    server: &Server<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Plan, Failure> {
    let (previews, steps) = previews(project, preparation, ctx, resolver, findings).await?;
    let mut warnings = preparation.warnings.clone();
    warnings.extend(preparation::stop_on_errors(findings, ctx)?);
    let names: BTreeSet<(String, String)> = previews
        .iter()
        .map(|(_, preview)| (preview.desired.flow_name.clone(), preview.desired.name.clone()))
        .collect();
    ctx.progress.activity("Comparing with the server");
    let live = Snapshot::observe(server.client, &names).await?;
    let declared = names.iter().filter_map(|(flow, name)| Some(live.deployment(flow, name)?.id)).collect();
    let pruning = Pruning::plan(server.client, ctx.options, &declared).await?;
    let removals = pruning.iter().flat_map(|pruning| &pruning.removals);
    let mut deployments: Vec<_> =
        removals.map(|removal| plan::describe_removal(removal, ctx.redactor)).collect();
    for (resolved, preview) in &previews {
        let desired = &preview.desired;
        let change = plan::compare(desired, &live, ctx.options.force, ctx.clock.now())
            .map_err(|error| Failure::Schedules { name: desired.full_name(), error })?;
        let Some(flow) = &resolved.flow else { continue };
        deployments.push(plan::describe(preview, &change, &live, flow, ctx.redactor));
    }
    Ok(Plan {
        schema: plan::SCHEMA,
        selection: ctx.options.into(),
        api_url: server.client.url().to_owned(),
        deployments,
        steps,
        findings: warnings.iter().map(|warning| finding(warning, ctx.redactor)).collect(),
    })
}

fn finding(diagnostic: &Diagnostic, redactor: &Redactor) -> serde_json::Value {
    let message = redactor.mask(&diagnostic.message);
    json::entry(&Diagnostic { message, ..diagnostic.clone() })
}

/// Renders the deployments without step outputs. Returns them together with the steps that would run.
pub(super) async fn previews<'a>(
    project: &Project,
    preparation: &'a Preparation,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<(Vec<(&'a ResolvedDeployment, Preview)>, Vec<PlannedStep>), Failure> {
    let (outputs, used) = steps::preview(&preparation.prepared, ctx, resolver)
        .await
        .map_err(|failure| Failure::step(failure, project))?;
    let rendering = Rendering {
        ctx,
        facts: git::discover(ctx.directory),
        pools: &preparation.pools,
        capabilities: &preparation.capabilities,
    };
    let mut previews = Vec::new();
    let mut names = Vec::new();
    for ((resolved, sections), outputs) in preparation.prepared.iter().zip(&outputs) {
        let preview = render::preview(resolved, sections, outputs, &rendering, findings);
        names.push(name(resolved, preview.as_ref()));
        previews.extend(preview.map(|preview| (resolved, preview)));
    }
    let steps = used.into_iter().map(|used| planned_step(used, &names, project, ctx.redactor)).collect();
    Ok((previews, steps))
}

fn name(resolved: &ResolvedDeployment, preview: Option<&Preview>) -> String {
    let full = preview.map(|preview| pending::show(&preview.desired.full_name()).into_owned());
    full.unwrap_or_else(|| resolved.text("name").unwrap_or_default().to_owned())
}

fn planned_step(
    used: steps::UsedStep,
    names: &[String],
    project: &Project,
    redactor: &Redactor,
) -> PlannedStep {
    let PreviewedStep { name, id, inputs, listed } = used.step;
    let place = project.place(&listed.pointer);
    PlannedStep {
        name,
        id,
        section: used.section.to_owned(),
        inputs: pending::show_json(&plan::redacted_value("inputs", &value::to_json(&inputs), redactor)),
        place: place.map(|place| format!("{}:{}", place.source.name(), place.start().line)),
        deployments: used.deployments.into_iter().map(|index| names[index].clone()).collect(),
    }
}
