//! Validates all selected deployments before any step runs or anything is written.

mod capabilities;
pub(crate) mod checking;
pub(crate) mod declared;
mod dockerfiles;
mod duplicates;
mod error;
mod expressions;
mod fields;
mod ignored;
mod image_conflicts;
mod loading;
mod lookalikes;
mod parameters;
mod paths;
mod preparation;
mod prepared;
mod references;
mod reporting;
mod resources;
mod schedules;
mod server;
mod shell_script;
mod steps;
mod work_pools;

#[cfg(test)]
mod action_tests;
#[cfg(test)]
mod preparation_tests;
#[cfg(test)]
mod resource_tests;

pub(crate) use self::{
    dockerfiles::dockerfiles,
    duplicates::{duplicates, duplicates_across_files, names_of_copies},
    error::PreparationError,
    expressions::check_expressions,
    fields::{missing_name, missing_work_pool},
    ignored::check_ignored_parameters,
    image_conflicts::image_conflicts,
    loading::load_projects,
    parameters::check_parameters,
    preparation::{prepare, prepare_with_server, select_across},
    prepared::{LoadedProject, Preparation, PreparedDeployment, PreparedProject},
    reporting::{report_findings, report_project_findings, take_findings},
    schedules::{schedule, slas, triggers},
    server::{check_with_server, idle_pools},
    steps::unset_inputs,
    work_pools::{job_variables, refused_in_updates},
};

use crate::{
    deployment::{PullSteps, ResolvedDeployment, StepSections},
    environment::Environment,
    project::Findings,
    resolve::expressions::Names,
};

/// Validates a deployment: its fields, its steps, and the references in them.
pub(crate) fn deployment(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    environment: &Environment,
    names: &Names,
    findings: &mut Findings<'_>,
) {
    fields::name(deployment, findings);
    fields::work_pool(deployment, findings);
    schedules::schedules(deployment, findings);
    schedules::trigger_items(deployment, findings);
    slas(deployment, findings);
    fields::version_type(deployment, findings);
    fields::concurrency_limit(deployment, findings);
    parameters::known_parameters(deployment, findings);
    parameters::required_by_schedules(deployment, findings);
    ignored::parameters(deployment, findings);
    for listed in sections.build.iter().chain(&sections.push) {
        steps::step(listed, findings);
    }
    steps::ids(sections, findings);
    if let PullSteps::Listed(listed) = &sections.pull {
        steps::pull(listed, &sections.pull_pointer, findings);
    }
    references::references(deployment, sections, environment, findings);
    check_expressions(deployment, sections, names, findings);
}
