//! Expressions of the form `<< expression >>`, which Prefect does not interpret.
//!
//! They are minijinja expressions over a [`Scope`] of names. An undefined name is an error unless the expression
//! handles it. A string that consists of one expression keeps the type of the result.

mod check;
mod delimiters;
mod error;
mod evaluate;
mod filters;
mod limits;
mod names;
mod parse;
mod scope;

pub(crate) use check::{Checked, Use, check, may_have_expressions};
pub(crate) use error::{ExpressionError, ExpressionProblem};
pub(crate) use evaluate::evaluate;
pub(crate) use filters::COMMON as FILTERS;
pub(crate) use parse::is_valid;
pub(crate) use scope::{BUILT_IN, Scope};
