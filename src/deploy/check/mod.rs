//! What can be known to be wrong before anything runs or is written, for all selected deployments together.

mod capabilities;
mod fields;
mod parameters;
mod references;
mod schedules;
mod steps;
mod work_pools;

pub(crate) use capabilities::unsupported_fields;
pub(crate) use parameters::parameters as check_parameters;
pub(crate) use schedules::{only_on_cloud, schedule, slas, triggers};
pub(crate) use steps::unset_inputs;
pub(crate) use work_pools::{job_variables, work_pools};

use super::{
    expressions::{self, Names},
    prepare::Prepared,
    pull::PullSteps,
    steps::Sections,
};
use crate::{environment::Environment, pointer::Pointer, project::Findings, template, value::Value};

/// Checks one deployment by itself: its fields, its steps, and what both refer to.
pub(crate) fn deployment(
    one: &Prepared,
    sections: &Sections,
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
    expressions::check_steps(one, sections, names, findings);
}

/// Whether a text still has a template that steps may fill in.
pub(super) fn is_pending(text: &str) -> bool {
    template::placeholder::find(text).next().is_some() || text.contains("<<")
}

/// Whether a value, or anything in it, still has a template.
pub(super) fn has_pending(value: &Value) -> bool {
    match value {
        Value::String(text) => is_pending(text),
        Value::Sequence(items) => items.iter().any(has_pending),
        Value::Mapping(entries) => entries.values().any(has_pending),
        _ => false,
    }
}

/// A step into a value: a whole number may be an index, and then that is what it is.
fn join(at: &Pointer, key: &str) -> Pointer {
    key.parse::<usize>().map_or_else(|_| at.join(key), |index| at.join(index))
}

#[cfg(test)]
mod tests;
