//! What can be known to be wrong before anything runs or is written, for all selected deployments together.

mod capabilities;
mod duplicates;
mod expressions;
mod fields;
mod parameters;
mod paths;
mod references;
mod schedules;
mod server;
mod steps;
mod work_pools;

pub(crate) use self::{
    duplicates::duplicates,
    expressions::check_steps as check_expressions,
    parameters::parameters as check_parameters,
    schedules::{schedule, slas, triggers},
    server::{check_with_server, idle_pools},
    steps::unset_inputs,
    work_pools::job_variables,
};

use crate::{
    deployment::{PullSteps, ResolvedDeployment, StepSections},
    environment::Environment,
    project::Findings,
    resolve::expressions::Names,
};

/// Checks one deployment by itself: its fields, its steps, and what both refer to.
pub(crate) fn deployment(
    one: &ResolvedDeployment,
    sections: &StepSections,
    environment: &Environment,
    names: &Names,
    findings: &mut Findings<'_>,
) {
    fields::name(one, findings);
    fields::work_pool(one, findings);
    schedules::schedules(one, findings);
    schedules::trigger_items(one, findings);
    slas(one, findings);
    fields::version_type(one, findings);
    fields::concurrency_limit(one, findings);
    parameters::of_deployment(one, findings);
    for listed in sections.build.iter().chain(&sections.push) {
        steps::step(listed, findings);
    }
    steps::ids(sections, findings);
    if let PullSteps::Listed(listed) = &sections.pull {
        steps::pull(listed, &sections.pull_pointer, findings);
    }
    references::references(one, sections, environment, findings);
    check_expressions(one, sections, names, findings);
}
