//! Expressions: `<< expression >>`, which Prefect does not know and so never touches.
//!
//! They are minijinja expressions over a [`Scope`] of names, and strict: a name that is not defined is an error, unless
//! the expression itself says what to do then. A value that is exactly one expression keeps the type of its result.

mod check;
mod delimiters;
mod error;
mod evaluate;
mod filters;
mod names;
mod parse;
mod scope;

pub(crate) use check::{Checked, Use, check, may_have_expressions};
pub(crate) use error::{ExpressionError, ExpressionProblem};
pub(crate) use evaluate::evaluate;
pub(crate) use filters::COMMON as FILTERS;
pub(crate) use scope::{BUILT_IN, Scope};
