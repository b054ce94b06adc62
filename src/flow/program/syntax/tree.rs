//! The syntax tree: expressions, and the bindings in modules and classes.

use std::sync::OnceLock;

use foldhash::HashMap;

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
    pub(super) mutated: HashMap<String, bool>,
}

/// A block of statements that runs only under a condition.
#[derive(Debug)]
pub(crate) struct Branch {
    /// Index of the enclosing branch, if there is one.
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
    /// Whether the modification is certain, as for `NAME.x = 1`. A call such as `NAME.append(1)` or `print(NAME)` may
    /// or may not modify the object.
    pub(crate) surely: bool,
}

/// A name together with the statement that binds it.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    /// Offset of the statement. The binding is not visible to code before this offset.
    pub(crate) at: usize,
    pub(crate) annotation: Option<Expr>,
    pub(crate) bound: Bound,
    /// The string literal below an annotated name, which documents the attribute.
    pub(crate) docstring: Option<String>,
    /// Index of the branch that contains the statement, if there is one.
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

/// The target of an assignment in the body of a function.
#[derive(Debug)]
pub(crate) enum Target {
    Name(String),
    Attribute(Expr, String),
    Subscript(Expr, Expr),
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: ParameterKind,
    pub(crate) annotation: Option<Expr>,
    pub(crate) default: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    PositionalOnly,
    PositionalOrKeyword,
    /// The parameter `*args` (collects positional arguments).
    VarPositional,
    KeywordOnly,
    /// The parameter `**kwargs` (collects keyword arguments).
    VarKeyword,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Complex(f64, f64),
    Str(Text),
    Bytes(Vec<u8>),
    Ellipsis,
    FString(Vec<FormatPart>),
    Name(String),
    Attribute(Box<Expr>, String),
    Subscript(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    /// The keys and values of a dictionary. The key is `None` for unpacked values such as `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Unary(UnaryOperator, Box<Expr>),
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// A logical operation. The flag is true for `and` and false for `or`.
    Logical(bool, Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Conditional(Box<Conditional>),
    Slice(Box<[Option<Expr>; 3]>),
    Lambda(Box<Lambda>),
    /// A comprehension that creates a list, a set or a dictionary.
    Comprehension(Box<Comprehension>),
    /// An expression that is never evaluated. Contains the name of the expression kind.
    Other(&'static str),
}

/// A string literal. If it is used as an annotation, it contains an expression.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// Offset of the string's value in the file, or `None` if the literal contains escape sequences.
    pub(super) start: Option<usize>,
    pub(super) parsed: OnceLock<Option<Box<Expr>>>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Expr,
    pub(crate) arguments: Vec<Expr>,
    /// The keyword arguments of the call. The name is `None` for unpacked arguments such as `**value`.
    pub(crate) keywords: Vec<(Option<String>, Expr)>,
}

#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Expr,
}

#[derive(Debug)]
pub(crate) struct Conditional {
    pub(crate) test: Expr,
    pub(crate) then: Expr,
    pub(crate) otherwise: Expr,
}

#[derive(Debug)]
pub(crate) struct Comprehension {
    pub(crate) kind: ComprehensionKind,
    /// The expression for an element. For a dictionary, this is a tuple of the key and the value.
    pub(crate) element: Expr,
    pub(crate) target: String,
    pub(crate) iterable: Expr,
    pub(crate) conditions: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    List,
    Set,
    Dict,
}

#[derive(Debug)]
pub(crate) enum FormatPart {
    Literal(String),
    Value { expr: Expr, conversion: Option<char>, format: Vec<FormatPart> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnaryOperator {
    Invert,
    Not,
    Plus,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    Or,
    Xor,
    And,
    MatrixMultiply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    IsNot,
    In,
    NotIn,
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

    /// Returns whether a statement modifies the object that a name refers to.
    ///
    /// Returns `Some(true)` if the modification is certain, `Some(false)` if it is possible, and `None` if there is no
    /// modification.
    pub(crate) fn mutation(&self, name: &str) -> Option<bool> {
        self.mutated.get(name).copied()
    }

    /// Builds the lookup tables by name. Call this method after adding all statements.
    pub(super) fn finish(&mut self) {
        for (position, binding) in self.bindings.iter().enumerate() {
            if binding.name == "*" {
                self.stars.push(position);
            } else {
                self.index.entry(binding.name.clone()).or_default().push(position);
            }
        }
        for mutation in &self.mutations {
            *self.mutated.entry(mutation.name.clone()).or_default() |= mutation.surely;
        }
    }
}

impl Expr {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.kind, ExprKind::None)
    }

    pub(crate) fn is_ellipsis(&self) -> bool {
        matches!(self.kind, ExprKind::Ellipsis)
    }

    pub(crate) fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_call(&self) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    pub(crate) fn as_subscript(&self) -> Option<(&Expr, &Expr)> {
        match &self.kind {
            ExprKind::Subscript(value, index) => Some((value, index)),
            _ => None,
        }
    }

    /// Returns the elements of a tuple, or the expression itself if it is not a tuple.
    ///
    /// For the subscript `X[a, b]`, these are the arguments `a` and `b`.
    pub(crate) fn elements(&self) -> &[Expr] {
        match &self.kind {
            ExprKind::Tuple(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// Returns whether the expression is a name or an attribute chain such as `a.b.c`.
    pub(crate) fn is_dotted_name(&self) -> bool {
        match &self.kind {
            ExprKind::Name(_) => true,
            ExprKind::Attribute(value, _) => value.is_dotted_name(),
            _ => false,
        }
    }

    /// Returns both operands of a union of the form `left | right`, or `None` for other expressions.
    pub(crate) fn as_alternatives(&self) -> Option<(&Expr, &Expr)> {
        match &self.kind {
            ExprKind::Binary(BinaryOperator::Or, left, right) => Some((left, right)),
            _ => None,
        }
    }
}

impl Call {
    pub(crate) fn keyword(&self, name: &str) -> Option<&Expr> {
        self.keywords.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value)
    }

    /// Returns whether any argument is unpacked with `*` or `**`.
    pub(crate) fn has_unpacking(&self) -> bool {
        self.keywords.iter().any(|(name, _)| name.is_none())
            || self.arguments.iter().any(|argument| matches!(argument.kind, ExprKind::Starred(_)))
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
