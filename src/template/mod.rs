//! Templates: values with placeholders in them, and what fills them in.
//!
//! `{{ name }}` is Prefect's placeholder, with Prefect's rules: [`placeholder`] finds them, [`apply`] fills in values
//! and the environment, [`resolve`] blocks and variables, and [`pipeline`] knows which passes run where.
//! `<< expression >>` is our own: [`expression`].

mod apply;
mod blocks;
mod brought;
pub(crate) mod deferred;
pub(crate) mod expression;
pub(crate) mod literal;
mod note;
mod path;
mod pipeline;
pub(crate) mod placeholder;
mod reference;
mod resolve;
mod variables;
mod walk;

#[cfg(test)]
pub(crate) mod test_data;
#[cfg(test)]
mod vectors;

pub(crate) use blocks::malformed as malformed_blocks;
pub(crate) use brought::{tell as tell_brought, warning as brought};
pub(crate) use note::{Note, NoteKind, missing_value};
pub(crate) use pipeline::{
    deployment_after_steps, deployment_before_steps, job, pull_steps, schedules, step_inputs, trigger,
};
pub(crate) use resolve::{Found, Lookup, ResolveError, Resolver};
pub(crate) use walk::value_at;
