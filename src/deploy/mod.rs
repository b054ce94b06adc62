//! Deploying: from prefect.yaml and options to deployments on the server.
//!
//! Data flows one way: load, select, override, resolve and inspect (`prepare`), check, run the steps, render, observe
//! (`live`), compare (`plan`), apply, report. Nothing is written before everything that can be checked has been.

mod apply;
mod check;
mod desired;
mod drift;
mod examine;
mod export;
mod expressions;
mod failure;
mod items;
mod live;
mod lookup;
mod options;
mod outputs;
mod overrides;
mod plan;
mod prepare;
mod preview;
mod pull;
mod render;
mod report;
mod requests;
mod select;
mod slas;
mod steps;
mod trial;
mod triggers;
mod version;
mod workspace;

pub(crate) use apply::Pacer;
pub(crate) use drift::{Difference, Drift, DriftState, DriftedDeployment};
pub(crate) use examine::findings;
pub(crate) use export::{Export, export};
pub(crate) use failure::Failure;
pub(crate) use options::Options;
pub(crate) use plan::{
    Action, Leaf, Plan, PlannedChange, PlannedDeployment, PlannedStep, SCHEMA as PLAN_SCHEMA, leaves,
};
pub(crate) use preview::plan;
pub(crate) const KNOWN_AFTER_BUILD: &str = crate::template::deferred::SHOWN;
pub(crate) use report::{Line, Report, Status};
pub(crate) use requests::requests;
pub(crate) use select::SelectError;
pub(crate) use trial::{Found, Sought, Trial, run_steps, run_stored};
pub(crate) use workspace::Pulled;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use self::{
    desired::Desired, examine::Examined, live::Live, lookup::ApiLookup, render::Rendering, workspace::Stored,
};
use crate::{
    api::{Client, Links, WorkPool},
    clock::Clock,
    environment::Environment,
    git,
    progress::Progress,
    secret::Redactor,
    template::Resolver,
};

/// What a deploy works with on this side of the API.
pub(crate) struct Surroundings<'a> {
    pub(crate) options: &'a Options,
    /// The current directory, links resolved.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) redactor: &'a Redactor,
    pub(crate) default_work_pool: Option<&'a str>,
    pub(crate) docker_namespace: Option<&'a str>,
}

/// The server to deploy to.
pub(crate) struct Server<'a> {
    pub(crate) client: &'a Client,
    pub(crate) links: &'a Links,
    /// Told by the client when the server is busy.
    pub(crate) pacer: &'a Pacer,
}

/// Deploys what the options say.
///
/// # Errors
///
/// When nothing was registered. What went wrong while registering is in the report.
pub(crate) async fn deploy(with: &Surroundings<'_>, server: &Server<'_>) -> Result<Report, Failure> {
    let loaded = examine::load(with)?;
    let project = &loaded.project;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(Some(server.client));
    let resolver = Resolver::new(&lookup, with.redactor.clone());
    let examined = examine::examine(project, with, server.client, &resolver, &mut findings).await?;
    if let Some(plan) = &with.options.plan {
        let now = preview::of_examined(project, &examined, with, server, &resolver, &mut findings).await?;
        let stale = plan.stale(&now);
        if !stale.is_empty() {
            return Err(Failure::StalePlan(stale));
        }
    }
    let Examined { prepared, pools, .. } = examined;
    let on_this_machine: BTreeSet<String> = examine::notes(&prepared)
        .filter(|note| matches!(note, pull::Note::ThisMachine(_)))
        .map(pull::Note::text)
        .collect();
    for note in &on_this_machine {
        with.progress.status(note);
    }

    let results =
        steps::run(&prepared, with, &resolver).await.map_err(|failure| Failure::step(failure, project))?;
    let rendering = Rendering { with, facts: git::discover(with.directory), pools: &pools };
    let desired: Vec<Desired> = prepared
        .iter()
        .zip(&results.outputs)
        .filter_map(|((one, sections), outputs)| {
            render::render(one, sections, outputs, &rendering, &mut findings)
        })
        .collect();
    examine::stop_on_errors(&mut findings, with)?;
    if with.options.verify_pull {
        let stored: Vec<Stored> = prepared
            .iter()
            .zip(&desired)
            .map(|((_, sections), desired)| trial::of_desired(desired, sections))
            .collect();
        trial::verify(&stored, with, &resolver, project).await?;
    }

    let report = write(&desired, &pools, with, server).await?;
    Ok(Report { steps: results.ran, ..report })
}

/// Compares with the server and writes what differs.
async fn write(
    desired: &[Desired],
    pools: &BTreeMap<String, WorkPool>,
    with: &Surroundings<'_>,
    server: &Server<'_>,
) -> Result<Report, Failure> {
    let Server { client, links, pacer } = server;
    let names = desired.iter().map(|one| (one.flow_name.clone(), one.name.clone())).collect();
    let live = Live::observe(client, &names).await?;
    let now = with.clock.now();
    let mut changes = Vec::new();
    for one in desired {
        let change = plan::compare(one, &live, with.options.force, now);
        changes.push((one, change.map_err(|error| Failure::Schedules { name: one.full_name(), error })?));
    }
    let outcomes = apply::apply(client, &live, &changes, now, pacer).await;
    let lines =
        desired.iter().zip(outcomes).map(|(one, outcome)| report::line(one, outcome, links)).collect();
    let idle_pools = report::idle_pools(desired, pools, client).await;
    Ok(Report { lines, idle_pools, steps: Vec::new() })
}
