//! Deploying: from prefect.yaml and options to deployments on the server.
//!
//! Data flows one way: load, select, override, resolve and inspect (`prepare`), check, run the steps, render, observe
//! (`live`), compare (`plan`), apply, report. Nothing is written before everything that can be checked has been.

mod apply;
mod check;
mod desired;
mod destroy;
mod drift;
mod examine;
mod export;
mod expressions;
mod failure;
mod interview;
mod items;
mod journal;
mod live;
mod lookup;
mod options;
mod outputs;
mod overrides;
mod ownership;
mod plan;
mod prepare;
mod preview;
mod prune;
mod pull;
mod render;
mod report;
mod requests;
mod select;
mod slas;
mod stages;
mod steps;
mod trial;
mod triggers;
mod version;
mod workspace;
mod write;

pub(crate) use apply::{OnError, Outcome, Pacer};
pub(crate) use destroy::Destruction;
pub(crate) use drift::{Difference, Drift, DriftState, DriftedDeployment};
pub(crate) use examine::findings;
pub(crate) use export::{Export, export};
pub(crate) use failure::Failure;
pub(crate) use interview::{NewPool, World, conduct, saved};
pub(crate) use options::Options;
pub(crate) use ownership::ProjectId;
pub(crate) use plan::{
    Action, FieldChange, Kept, Leaf, Plan, PlannedChange, PlannedDeployment, PlannedStep,
    SCHEMA as PLAN_SCHEMA, leaves, masked_value,
};
pub(crate) use preview::plan;
pub(crate) const KNOWN_AFTER_BUILD: &str = crate::template::pending::SHOWN;
pub(crate) use report::{Line, Report};
pub(crate) use requests::requests;
pub(crate) use select::SelectError;
pub(crate) use stages::Stages;
pub(crate) use trial::{Found, Sought, Trial, run_steps, run_stored};
pub(crate) use workspace::Pulled;
pub(crate) use write::resumed;

use std::{collections::BTreeSet, path::Path};

use self::{desired::Desired, examine::Examined, lookup::ApiLookup, render::Rendering, workspace::Stored};
use crate::{
    api::{Client, Links},
    clock::Clock,
    environment::Environment,
    git,
    progress::{DeploymentEvent, Progress},
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
    /// Told by the client what the server refuses.
    pub(crate) pacer: &'a Pacer,
}

/// Deploys what the options say; the report has all that was done, also before an error.
///
/// # Errors
///
/// When nothing was registered. What went wrong while registering is in the report.
pub(crate) async fn deploy(
    with: &Surroundings<'_>,
    server: &Server<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    with.progress.activity("Reading the project");
    let loaded = examine::load(with)?;
    let project = &loaded.project;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(Some(server.client));
    let resolver = Resolver::new(&lookup, with.redactor.clone());
    let examined = examine::examine(project, with, server.client, &resolver, &mut findings).await?;
    if with.options.plan.is_some() || with.options.prune {
        let now = preview::of_examined(project, &examined, with, server, &resolver, &mut findings).await?;
        hold_to_plan(&now, with.options)?;
    }
    let Examined { prepared, pools, capabilities, .. } = examined;
    let on_this_machine: BTreeSet<String> = examine::notes(&prepared)
        .filter(|note| matches!(note, pull::Note::ThisMachine(_)))
        .map(pull::Note::text)
        .collect();
    for note in &on_this_machine {
        with.progress.status(note);
    }
    for (one, _) in &prepared {
        with.progress.deployment(&one.full_name(), DeploymentEvent::Waiting);
    }
    report.stages.end("check");

    let outputs = steps::run(&prepared, with, &resolver, &mut report.steps).await;
    report.stages.end("steps");
    let outputs = outputs.map_err(|failure| Failure::step(failure, project))?;
    let rendering =
        Rendering { with, facts: git::discover(with.directory), pools: &pools, capabilities: &capabilities };
    let desired: Vec<Desired> = prepared
        .iter()
        .zip(&outputs)
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
        report.stages.end("verify_pull");
    }
    // Of ten thousand they are much, and now comes what the server has.
    drop((prepared, outputs, findings));
    drop(loaded);
    write::write(&desired, &pools, with, server, report).await
}

/// Before any step runs: whether a plan that was saved still holds, and no more goes than may.
fn hold_to_plan(now: &Plan, options: &Options) -> Result<(), Failure> {
    let stale = options.plan.as_ref().map(|plan| plan.stale(now)).unwrap_or_default();
    if !stale.is_empty() {
        return Err(Failure::StalePlan(stale));
    }
    let deleted = now.deployments.iter().filter(|one| one.action == Action::Delete);
    let names: Vec<String> = deleted.map(|one| one.name.clone()).collect();
    let max_deletes = options.max_deletes;
    if names.len() > max_deletes { Err(Failure::TooManyDeletes { names, max_deletes }) } else { Ok(()) }
}
