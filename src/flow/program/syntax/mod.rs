//! Parses Python source code into a small syntax tree.
//!
//! Only this module uses the parser crate because the crate's interface changes often.

mod control_flow;
mod decorated;
mod depth;
mod expression;
mod expression_tree;
mod function;
mod imports;
mod path_change;
mod statement;
mod stored_names;
mod tree;

pub(crate) use decorated::Decorated;
pub(crate) use expression_tree::{
    BinaryOperator, Call, Comparison, Comprehension, ComprehensionKind, ComprehensionTargets, Expr, ExprKind,
    FormatPart, Lambda, LogicalOperator, Parameter, ParameterKind, UnaryOperator,
};
pub(crate) use function::FunctionBodies;
pub(crate) use imports::{ImportStatement, imports};
pub(crate) use tree::{
    Attempt, Binding, Body, Bound, Certainty, ClassDef, Condition, FunctionDef, Handler, Import, PathChange,
    Statement, Target,
};

use crate::source::Span;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// A syntax error and its position in the source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// A parsed module, together with the functions in it that look like flows.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) body: Body,
    /// The functions in the module that look like flows, including nested functions.
    pub(crate) flows: Vec<Decorated>,
}

/// Parses the source code of a module.
///
/// The syntax of every Python 3 version is accepted because the Python version that runs the flow is unknown.
///
/// # Errors
///
/// Returns the first syntax error. Also fails if the code is nested more deeply than Python allows.
pub(crate) fn parse(text: &str) -> Result<Module, SyntaxError> {
    depth::check(text)?;
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    if let Some(error) = parsed.errors().first() {
        return Err(SyntaxError { message: error.error.to_string(), span: expression::span(error.location) });
    }
    let Some(module) = parsed.try_into_module() else {
        return Ok(Module::default());
    };
    let suite = module.suite();
    Ok(Module { body: statement::module(suite), flows: decorated::decorated_flows(suite) })
}
