//! The part of a Python program that decides a flow's name and parameters: what a body binds, and expressions.
//!
//! Function bodies are dropped but for what tells whether a decorator keeps its function's signature.

use std::sync::OnceLock;

use crate::source::Span;

/// The statements of a module or a class, in order.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) docstring: Option<String>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) mutations: Vec<Mutation>,
    /// Names that some function rebinds by `global`.
    pub(crate) rebound_globally: Vec<String>,
    /// `from __future__ import annotations`.
    pub(crate) postponed_annotations: bool,
}

/// A statement that may change an object in place.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// The name the object is reached by.
    pub(crate) name: String,
    /// `NAME.x = 1` and `NAME[0] = 1` surely change it; a call such as `NAME.append(1)` or `print(NAME)` may.
    pub(crate) surely: bool,
}

/// A name given something by a statement.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    /// Where the statement starts: what comes before it cannot see it.
    pub(crate) at: usize,
    pub(crate) annotation: Option<Expr>,
    pub(crate) bound: Bound,
    /// The string that stands below an annotated name.
    pub(crate) docstring: Option<String>,
}

/// What a name is bound to.
#[derive(Debug)]
pub(crate) enum Bound {
    /// `x: int`, an annotation alone.
    Nothing,
    Class(Box<ClassDef>),
    Function(Box<FunctionDef>),
    Value(Expr),
    /// `type X = ...`.
    TypeAlias(Expr),
    Import(Import),
    /// Something that needs running the program; the text says why.
    Unknowable(&'static str),
}

/// One name of an import statement.
#[derive(Debug)]
pub(crate) struct Import {
    /// The dotted module; empty in `from . import x`.
    pub(crate) module: String,
    /// The `x` of `from m import x`; `*` for all.
    pub(crate) attribute: Option<String>,
    /// How many leading dots.
    pub(crate) level: u32,
    /// `import a.b` binds `a`; `import a.b as c` binds `a.b`.
    pub(crate) binds_top: bool,
}

#[derive(Debug)]
pub(crate) struct ClassDef {
    pub(crate) name: String,
    /// The name after those of the classes around: `Outer.Inner`.
    pub(crate) qualified_name: String,
    pub(crate) at: usize,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) bases: Vec<Expr>,
    /// Arguments such as `total=False`; `None` for `**kwargs`.
    pub(crate) keywords: Vec<(Option<String>, Expr)>,
    /// `class Page[T]`.
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
    /// Functions defined directly in the body.
    pub(crate) functions: Vec<FunctionDef>,
    /// The expression of the body's last statement, if that is `return` and there is no other one.
    pub(crate) result: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) annotation: Option<Expr>,
    pub(crate) default: Option<Expr>,
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
    /// A `None` key stands for `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Unary(UnaryOperator, Box<Expr>),
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `and` when true, else `or`.
    Logical(bool, Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Conditional(Box<Conditional>),
    Slice(Box<[Option<Expr>; 3]>),
    Lambda(Box<Expr>),
    /// `[element for target in iterable if ...]` and its likes.
    Comprehension(Box<Comprehension>),
    /// Syntax that no value is computed from; the text names it.
    Other(&'static str),
}

/// A string literal, which as an annotation is an expression of its own.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// Where the value starts in the file, if it stands there as it is.
    pub(super) start: Option<usize>,
    pub(super) parsed: OnceLock<Option<Box<Expr>>>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Expr,
    pub(crate) arguments: Vec<Expr>,
    /// A `None` name stands for `**value`.
    pub(crate) keywords: Vec<(Option<String>, Expr)>,
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
    /// Of a dictionary, the pair of key and value.
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

    /// The elements of a tuple, or the expression itself: the arguments of `X[a, b]`.
    pub(crate) fn elements(&self) -> &[Expr] {
        match &self.kind {
            ExprKind::Tuple(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// Whether this is a name or a chain of attributes of one.
    pub(crate) fn is_dotted_name(&self) -> bool {
        match &self.kind {
            ExprKind::Name(_) => true,
            ExprKind::Attribute(value, _) => value.is_dotted_name(),
            _ => false,
        }
    }

    /// The two sides of `left | right`.
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

    /// Whether arguments are given by `*` or `**`.
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
