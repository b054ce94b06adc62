//! Templates (values with placeholders) and their substitution.
//!
//! `{{ name }}` is a placeholder of Prefect. [`placeholder`] finds placeholders, [`apply`] substitutes values and
//! environment variables, [`resolve`] substitutes blocks and variables, and [`pipeline`] defines the passes for each
//! kind of template in a project. `<< expression >>` is an extension of prefectl, implemented in [`expression`].

mod apply;
mod blocks;
mod budget;
mod detection;
pub(crate) mod expression;
mod injected;
pub(crate) mod literal;
pub(crate) mod lookalike;
mod path;
pub(crate) mod pending;
mod pipeline;
pub(crate) mod placeholder;
mod reference;
mod resolve;
mod substitution;
mod trail;
mod variables;
mod walk;

#[cfg(test)]
pub(crate) mod test_data;
#[cfg(test)]
mod tests;

pub(crate) use blocks::malformed_blocks;
pub(crate) use detection::{has_template, is_template};
pub(crate) use injected::{injected_warning, mark_injected};
pub(crate) use pipeline::{
    deployment_after_steps, deployment_before_steps, is_run_time_placeholder, job, pull_steps, resource,
    schedules, step_inputs, trigger,
};
pub(crate) use reference::{Reference, references};
pub(crate) use resolve::{Lookup, LookupFuture, ResolveError, Resolver};
pub(crate) use substitution::{Substitution, SubstitutionKind, TooLarge, missing_value};
pub(crate) use walk::{Filled, value_at};
