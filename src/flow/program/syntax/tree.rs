//! The syntax tree: bindings of modules and classes, and expressions.
//!
//! The bodies of functions are parsed on demand; see [`FunctionDef::statements`].

use std::{collections::HashMap, sync::OnceLock};

use crate::source::Span;

/// The statements of a module or a class, in order.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) docstring: Option<String>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) mutations: Vec<Mutation>,
    /// Names that a function rebinds with `global`.
    pub(crate) rebound_globally: Vec<String>,
    /// `from __future__ import annotations`.
    pub(crate) postponed_annotations: bool,
    /// Blocks that run under a condition. An outer block precedes its inner blocks.
    pub(crate) branches: Vec<Branch>,
    /// The tests that [`Condition::Tests`] refers to.
    pub(crate) tests: Vec<Expr>,
    /// The `try` statements that [`Condition`] refers to.
    pub(crate) attempts: Vec<Attempt>,
    /// Changes to `sys.path`, in order.
    pub(crate) path_changes: Vec<PathChange>,
    /// Indices into `bindings` by name, ascending.
    pub(super) index: HashMap<String, Vec<usize>>,
    pub(super) mutated: HashMap<String, bool>,
}

/// A block that runs only under a condition.
#[derive(Debug)]
pub(crate) struct Branch {
    /// Index of the enclosing branch.
    pub(crate) outer: Option<usize>,
    /// Offset of the statement that decides.
    pub(crate) at: usize,
    pub(crate) condition: Condition,
}

/// The condition under which a block runs. Numbers are indices into the lists of the [`Body`].
#[derive(Debug)]
pub(crate) enum Condition {
    /// An arm of `if`: tests and the result that each must have.
    Tests(Vec<(usize, bool)>),
    /// The body of `try`, up to the first statement that fails.
    Attempt(usize),
    /// A handler of `try`: the attempt and the handler's position in it.
    Handler(usize, usize),
    /// The `else` block of `try`.
    Success(usize),
}

/// A `try` statement, or `with contextlib.suppress(...)`.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Imports that are direct statements of the body, with their offsets.
    pub(crate) imports: Vec<(usize, Import)>,
    /// Offset of the first `raise`.
    pub(crate) raise_at: Option<usize>,
    /// Whether a statement other than an import may raise an exception.
    pub(crate) may_raise: bool,
    pub(crate) handlers: Vec<Handler>,
}

/// An `except` clause.
#[derive(Debug)]
pub(crate) struct Handler {
    /// The last parts of the exceptions' names; `None` for a bare `except`.
    pub(crate) exceptions: Option<Vec<String>>,
}

/// A statement that adds folders to `sys.path`.
#[derive(Debug)]
pub(crate) struct PathChange {
    pub(crate) at: usize,
    pub(crate) branch: Option<usize>,
    /// Whether the folders go before the existing ones.
    pub(crate) is_front: bool,
    pub(crate) folders: Vec<Expr>,
}

/// A statement that may change an object in place.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// The name that refers to the object.
    pub(crate) name: String,
    /// Whether the statement certainly changes the object, as `NAME.x = 1` does. A call such as `NAME.append(1)` or
    /// `print(NAME)` only may.
    pub(crate) surely: bool,
}

/// A name that a statement binds.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    /// Offset of the statement. Earlier code does not see the binding.
    pub(crate) at: usize,
    pub(crate) annotation: Option<Expr>,
    pub(crate) bound: Bound,
    /// The string literal that follows an annotated name.
    pub(crate) docstring: Option<String>,
    /// Index of the branch that contains the statement.
    pub(crate) branch: Option<usize>,
}

/// The thing that a name is bound to.
#[derive(Debug)]
pub(crate) enum Bound {
    /// An annotation without a value: `x: int`.
    Nothing,
    Class(Box<ClassDef>),
    Function(Box<FunctionDef>),
    Value(Expr),
    /// `type X = ...`.
    TypeAlias(Expr),
    Import(Import),
    /// A value that is only known by running the program; the string says why.
    Unknowable(&'static str),
}

/// One name of an import statement.
#[derive(Debug)]
pub(crate) struct Import {
    /// The dotted module name; empty in `from . import x`.
    pub(crate) module: String,
    /// `x` in `from m import x`, or `*`; `None` for `import m`.
    pub(crate) attribute: Option<String>,
    /// Number of leading dots.
    pub(crate) level: u32,
    /// Whether the top-level package is bound: `import a.b` binds `a`, and `import a.b as c` binds `a.b`.
    pub(crate) binds_top: bool,
}

#[derive(Debug)]
pub(crate) struct ClassDef {
    pub(crate) name: String,
    /// The name after those of the enclosing classes: `Outer.Inner`.
    pub(crate) qualified_name: String,
    pub(crate) at: usize,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) bases: Vec<Expr>,
    /// Keyword arguments such as `total=False`. The name is `None` for `**kwargs`.
    pub(crate) keywords: Vec<(Option<String>, Expr)>,
    /// Whether the class declares type parameters: `class Page[T]`.
    pub(crate) has_type_parameters: bool,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) struct FunctionDef {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<Expr>,
    pub(crate) docstring: Option<String>,
    pub(crate) is_async: bool,
    /// Offset of the statement, decorators included.
    pub(super) start: usize,
    pub(super) body: OnceLock<Option<Vec<Statement>>>,
}

/// A statement of a function's body.
#[derive(Debug)]
pub(crate) enum Statement {
    Assign(Target, Expr),
    Expr(Expr),
    Return(Option<Expr>),
    /// Tests with their blocks; `else` has no test.
    If(Vec<(Option<Expr>, Vec<Statement>)>),
    Function(FunctionDef),
    Import(String, Import),
    /// A statement that is not interpreted, by name.
    Other(&'static str),
}

/// The target of an assignment in a function.
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
    /// `*args`.
    VarPositional,
    KeywordOnly,
    /// `**kwargs`.
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
    /// Pairs of key and value. The key is `None` for `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Unary(UnaryOperator, Box<Expr>),
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `and` if the flag is true, or else `or`.
    Logical(bool, Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Conditional(Box<Conditional>),
    Slice(Box<[Option<Expr>; 3]>),
    Lambda(Box<Lambda>),
    /// A list, set or dictionary comprehension.
    Comprehension(Box<Comprehension>),
    /// Syntax that is not evaluated, by name.
    Other(&'static str),
}

/// A string literal. As an annotation it contains an expression.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// Offset of the value in the file; `None` if the literal has escapes.
    pub(super) start: Option<usize>,
    pub(super) parsed: OnceLock<Option<Box<Expr>>>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Expr,
    pub(crate) arguments: Vec<Expr>,
    /// Keyword arguments. The name is `None` for `**value`.
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
    /// The element; for a dictionary, a tuple of key and value.
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
    /// Returns the bindings of a name, the latest first.
    pub(crate) fn bindings_of<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b Binding> + use<'b> {
        let indices = self.index.get(name).map(Vec::as_slice).unwrap_or_default();
        indices.iter().rev().map(|index| &self.bindings[*index])
    }

    /// Returns whether a statement may change the object that a name refers to: `Some(true)` if it certainly does,
    /// `None` if no statement does.
    pub(crate) fn mutation(&self, name: &str) -> Option<bool> {
        self.mutated.get(name).copied()
    }

    /// Builds the indices. Must be called after the last statement was added.
    pub(super) fn finish(&mut self) {
        for (position, binding) in self.bindings.iter().enumerate() {
            self.index.entry(binding.name.clone()).or_default().push(position);
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

    /// Returns the elements of a tuple, or else the expression itself. These are the arguments of `X[a, b]`.
    pub(crate) fn elements(&self) -> &[Expr] {
        match &self.kind {
            ExprKind::Tuple(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// Returns whether this is a name or a chain of attributes of a name.
    pub(crate) fn is_dotted_name(&self) -> bool {
        match &self.kind {
            ExprKind::Name(_) => true,
            ExprKind::Attribute(value, _) => value.is_dotted_name(),
            _ => false,
        }
    }

    /// Returns the two sides of `left | right`.
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

    /// Returns whether an argument is unpacked by `*` or `**`.
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
