//! `<< expression >>` templates, an extension of prefectl.
//!
//! Expressions use the syntax of minijinja and can refer to the names in a [`Scope`]. An undefined name is an
//! error unless the expression handles this case. If a string consists of a single expression, the result
//! keeps its type.

mod check;
mod delimiters;
mod error;
mod evaluate;
mod filters;
mod limits;
mod names;
mod parse;
mod protected;
mod scope;

pub(crate) use check::{Checked, Use, check, may_have_expressions};
pub(crate) use error::{ExpressionError, ExpressionProblem};
pub(crate) use evaluate::evaluate;
pub(crate) use filters::COMMON as FILTERS;
pub(crate) use parse::is_valid;
pub(crate) use protected::without_literals;
pub(crate) use scope::{BUILT_IN, ENVIRONMENT, Scope};
