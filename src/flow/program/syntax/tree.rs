//! The syntax tree of modules, classes and functions.

use foldhash::HashMap;

use super::expression_tree::{Expr, Parameter};
use crate::source::Span;

/// The statements of a module or a class, in source order.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) docstring: Option<String>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) mutations: Vec<Mutation>,
    /// Names that a function rebinds after declaring them with `global`.
    pub(crate) rebound_globally: Vec<String>,
    /// Whether the module contains `from __future__ import annotations`.
    pub(crate) postponed_annotations: bool,
    /// Blocks that run under a condition. An outer block precedes the blocks that it contains.
    pub(crate) branches: Vec<Branch>,
    /// The tests of conditional statements. [`Condition::Tests`] contains indices into this list.
    pub(crate) tests: Vec<Expr>,
    /// The `try` statements of the body. The variants of [`Condition`] contain indices into this list.
    pub(crate) attempts: Vec<Attempt>,
    /// Statements that change `sys.path`, in source order.
    pub(crate) path_changes: Vec<PathChange>,
    /// Maps each name to the indices of its bindings in `bindings`, in ascending order.
    pub(super) index: HashMap<String, Vec<usize>>,
    /// The indices of star imports in `bindings`, in ascending order.
    pub(super) stars: Vec<usize>,
    pub(super) mutated: HashMap<String, Certainty>,
}

/// A block of statements that runs only under a condition.
#[derive(Debug)]
pub(crate) struct Branch {
    /// Index of the enclosing branch, or `None` for an outermost branch.
    pub(crate) outer: Option<usize>,
    /// Offset of the conditional statement that contains the block.
    pub(crate) at: usize,
    pub(crate) condition: Condition,
}

/// The condition for running a block. Numbers are indices into the lists in [`Body`].
#[derive(Debug)]
pub(crate) enum Condition {
    /// The block is a clause of an `if` statement. Each listed test must have the given result.
    Tests(Vec<(usize, bool)>),
    /// The block is the body of a `try` statement, which runs up to the first statement that raises an exception.
    Attempt(usize),
    /// The block is an `except` clause, given by the `try` statement's index and the clause's position.
    Handler(usize, usize),
    /// The block is the `else` clause of a `try` statement.
    Success(usize),
}

/// A `try` statement, or a `with contextlib.suppress(...)` statement.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Imports at the top level of the body, with the offsets of their statements.
    pub(crate) imports: Vec<(usize, Import)>,
    /// Offset of the first `raise` statement at the top level of the body.
    pub(crate) raise_at: Option<usize>,
    /// Whether a statement other than an import may raise an exception.
    pub(crate) may_raise: bool,
    pub(crate) handlers: Vec<Handler>,
}

/// An `except` clause of a `try` statement.
#[derive(Debug)]
pub(crate) struct Handler {
    /// The names of the caught exceptions without module prefixes, or `None` for a bare `except`.
    pub(crate) exceptions: Option<Vec<String>>,
}

/// A statement that adds directories to `sys.path`.
#[derive(Debug)]
pub(crate) struct PathChange {
    pub(crate) at: usize,
    pub(crate) branch: Option<usize>,
    /// Whether the directories are added in front of the existing directories.
    pub(crate) is_front: bool,
    pub(crate) folders: Vec<Expr>,
}

/// A statement that may modify an object in place.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// The name that refers to the modified object.
    pub(crate) name: String,
    pub(crate) certainty: Certainty,
}

/// Whether a statement certainly modifies an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// The modification is possible, as for the calls `NAME.append(1)` and `print(NAME)`.
    Possible,
    /// The modification is certain, as for `NAME.x = 1`.
    Certain,
}

/// A name together with the statement that binds it.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    /// Offset of the statement. The binding is not visible to code before this offset.
    pub(crate) at: usize,
    pub(crate) annotation: Option<Expr>,
    pub(crate) bound: Bound,
    /// The string literal after an annotated name, which documents the attribute.
    pub(crate) docstring: Option<String>,
    /// Index of the branch that contains the statement, or `None` outside branches.
    pub(crate) branch: Option<usize>,
}

/// The definition or value that a name is bound to.
#[derive(Debug)]
pub(crate) enum Bound {
    /// The name is annotated, but has no value, as in `x: int`.
    Nothing,
    Class(Box<ClassDef>),
    Function(Box<FunctionDef>),
    Value(Expr),
    /// The name is defined by a type alias statement, as in `type X = ...`.
    TypeAlias(Expr),
    Import(Import),
    /// The value cannot be determined without running the program. Contains the reason.
    Unknowable(&'static str),
}

/// A single name that an import statement binds.
#[derive(Debug)]
pub(crate) struct Import {
    /// The module's dotted name. Empty for `from . import x`.
    pub(crate) module: String,
    /// The imported attribute: `x` in `from m import x`, `*` in a star import, or `None` for `import m`.
    pub(crate) attribute: Option<String>,
    /// Number of leading dots in a relative import.
    pub(crate) level: u32,
    /// Whether the name is bound to the top-level package. This is true for `import a.b` and false for `import a.b as
    /// c`.
    pub(crate) binds_top: bool,
}

#[derive(Debug)]
pub(crate) struct ClassDef {
    pub(crate) name: String,
    /// The name of the class, prefixed with the names of its enclosing classes, such as `Outer.Inner`.
    pub(crate) qualified_name: String,
    pub(crate) at: usize,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) bases: Vec<Expr>,
    /// Keyword arguments such as `total=False`. The name is `None` for an argument of the form `**kwargs`.
    pub(crate) keywords: Vec<(Option<String>, Expr)>,
    /// Whether the class declares type parameters, as in `class Page[T]`.
    pub(crate) has_type_parameters: bool,
    pub(crate) body: Body,
}

/// A function definition without the statements of its body, which [`FunctionBodies`](super::FunctionBodies) contains.
#[derive(Debug)]
pub(crate) struct FunctionDef {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<Expr>,
    pub(crate) docstring: Option<String>,
    pub(crate) is_async: bool,
    /// Offset of the function definition, including its decorators.
    pub(super) start: usize,
}

/// A statement in the body of a function.
#[derive(Debug)]
pub(crate) enum Statement {
    Assign(Target, Expr),
    Expr(Expr),
    Return(Option<Expr>),
    /// An `if` statement with its tests and blocks. The test of the `else` block is `None`.
    If(Vec<(Option<Expr>, Vec<Statement>)>),
    Function(FunctionDef),
    Import(String, Import),
    /// A statement that the interpreter does not support. Contains the name of the statement kind.
    Other(&'static str),
}

/// The target of an assignment in a function body.
#[derive(Debug)]
pub(crate) enum Target {
    Name(String),
    /// The targets in `a, b = value`. The value is unpacked.
    Unpacked(Vec<Target>),
    Attribute(Expr, String),
    Subscript(Expr, Expr),
}

impl Body {
    /// Returns the bindings of a name in reverse source order.
    pub(crate) fn bindings_of<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b Binding> + use<'b> {
        let indices = self.index.get(name).map(Vec::as_slice).unwrap_or_default();
        indices.iter().rev().map(|index| &self.bindings[*index])
    }

    /// Returns the star imports in reverse source order.
    pub(crate) fn star_imports(&self) -> impl Iterator<Item = &Binding> {
        self.stars.iter().rev().map(|index| &self.bindings[*index])
    }

    /// Returns how certainly a statement modifies the object that a name refers to, or `None` if no statement may
    /// modify it.
    pub(crate) fn mutation(&self, name: &str) -> Option<Certainty> {
        self.mutated.get(name).copied()
    }

    /// Builds the tables for lookups by name. Call this method after adding all statements.
    pub(super) fn finish(&mut self) {
        for (position, binding) in self.bindings.iter().enumerate() {
            if binding.name == "*" {
                self.stars.push(position);
            } else {
                self.index.entry(binding.name.clone()).or_default().push(position);
            }
        }
        for mutation in &self.mutations {
            let certainty = self.mutated.entry(mutation.name.clone()).or_insert(mutation.certainty);
            *certainty = mutation.certainty.max(*certainty);
        }
    }
}

impl ClassDef {
    pub(crate) fn keyword(&self, name: &str) -> Option<&Expr> {
        self.keywords.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value)
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &FunctionDef> {
        self.body.bindings.iter().filter_map(|binding| match &binding.bound {
            Bound::Function(function) => Some(&**function),
            _ => None,
        })
    }
}
