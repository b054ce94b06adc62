//! The syntax tree of expressions.

use std::sync::OnceLock;

use crate::source::Span;

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
    Logical(LogicalOperator, Vec<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Conditional(Box<Conditional>),
    Slice(Box<[Option<Expr>; 3]>),
    Lambda(Box<Lambda>),
    /// A comprehension that creates a list, a set or a dictionary, or a generator expression.
    Comprehension(Box<Comprehension>),
    /// An expression that is not evaluated. Contains the name of the expression kind.
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
    pub(crate) targets: ComprehensionTargets,
    pub(crate) iterable: Expr,
    pub(crate) conditions: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// The variables of a comprehension.
#[derive(Debug)]
pub(crate) enum ComprehensionTargets {
    /// The variable in `for x in ...`.
    Name(String),
    /// The variables in `for x, y in ...`. Each element is unpacked.
    Names(Vec<String>),
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

impl UnaryOperator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Invert => "~",
            Self::Not => "not",
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogicalOperator {
    And,
    Or,
}

impl LogicalOperator {
    /// Returns whether an operand with this truth value is the result, so that later operands are not evaluated.
    pub(crate) fn is_decided_by(self, truth: bool) -> bool {
        truth == (self == Self::Or)
    }
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

impl BinaryOperator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "**",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Or => "|",
            Self::Xor => "^",
            Self::And => "&",
            Self::MatrixMultiply => "@",
        }
    }
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

impl Comparison {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::In => "in",
            Self::NotIn => "not in",
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

    /// Returns both operands of a union written as `left | right`, or `None` for other expressions.
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
