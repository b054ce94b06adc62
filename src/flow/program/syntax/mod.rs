//! Python source as a small tree of our own. Only this module knows the parser, whose interface changes often.

mod decorated;
mod expression;
mod statement;
mod tree;

pub(crate) use decorated::Decorated;
pub(crate) use tree::{
    BinaryOperator, Binding, Body, Bound, Call, ClassDef, Comparison, Comprehension, ComprehensionKind, Expr,
    ExprKind, FormatPart, FunctionDef, Import, Parameter, UnaryOperator,
};

use crate::source::Span;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// What is not Python in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// What a module has.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) body: Body,
    /// The functions decorated as flows, at any depth.
    pub(crate) flows: Vec<Decorated>,
}

/// The first line that is in more than a hundred blocks, which Python refuses, and for which the parser needs more
/// stack than there is.
fn too_deep(text: &str) -> Option<Span> {
    const MOST: usize = 100;
    let mut levels: Vec<usize> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let width = line.len() - line.trim_start_matches([' ', '\t']).len();
        if !line.trim().is_empty() {
            while levels.last().is_some_and(|level| *level >= width) {
                levels.pop();
            }
            levels.push(width);
            if levels.len() > MOST + 1 {
                return Some(Span::new(start, start + line.trim_end().len()));
            }
        }
        start += line.len();
    }
    None
}

/// Reads a module. The syntax of every Python 3 is taken: the version that will run the flow is not known.
pub(crate) fn parse(text: &str) -> Result<Module, SyntaxError> {
    if let Some(span) = too_deep(text) {
        return Err(SyntaxError { message: "too many levels of indentation".to_owned(), span });
    }
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
