//! The parser state, and the grammar rules that statements and expressions share.

use super::{
    SyntaxError,
    lexer::{self, Kind, Token},
};

/// Maximum depth of nested expressions and statements. Jinja fails at a similar depth.
const MAX_DEPTH: usize = 100;

/// The kind of a parsed expression, which determines where the expression may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expression {
    And,
    Attribute,
    Call,
    Comparison,
    Condition,
    Constant,
    Dict,
    Filter,
    Item,
    List,
    Name,
    /// An attribute of a namespace, in an assignment.
    NamespaceAttribute,
    Not,
    /// An arithmetic operation.
    Operation,
    Or,
    Test,
    Tuple {
        /// Whether all items may be targets of an assignment.
        has_targets: bool,
    },
}

impl Expression {
    /// Returns the class name in Jinja's error messages.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Attribute => "getattr",
            Self::Call => "call",
            Self::Comparison => "compare",
            Self::Condition => "condexpr",
            Self::Constant => "const",
            Self::Dict => "dict",
            Self::Filter => "filter",
            Self::Item => "getitem",
            Self::List => "list",
            Self::Name => "name",
            Self::NamespaceAttribute => "nsref",
            Self::Not => "not",
            Self::Operation => "operation",
            Self::Or => "or",
            Self::Test => "test",
            Self::Tuple { .. } => "tuple",
        }
    }

    /// Returns whether the expression can be the target of an assignment.
    pub(super) fn is_target(self) -> bool {
        matches!(self, Self::Name | Self::NamespaceAttribute | Self::Tuple { has_targets: true })
    }
}

/// A parser that checks a template without building a tree.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    /// The error that stopped the lexer. `tokens` contains the tokens before it.
    lexical_error: Option<SyntaxError>,
    position: usize,
    depth: usize,
    /// Number of `for` loops.
    pub(super) loops: usize,
    pub(super) loop_depth: usize,
    /// Depth of the most deeply nested `for` loop.
    pub(super) deepest_loop: usize,
    /// Names of the open statements at the current token.
    pub(super) tags: Vec<&'a str>,
    /// Names that end the open statement bodies at the current token.
    pub(super) ends: Vec<&'static [&'static str]>,
}

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    pub(super) fn new(template: &'a str) -> Self {
        let (tokens, lexical_error) = lexer::tokens(template);
        Self {
            tokens,
            lexical_error,
            position: 0,
            depth: 0,
            loops: 0,
            loop_depth: 0,
            deepest_loop: 0,
            tags: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Parses the template.
    ///
    /// # Errors
    ///
    /// Returns the first error.
    pub(super) fn template(&mut self) -> Result<()> {
        let parsed = self.body(None).map(drop);
        // Jinja's lexer is one token ahead of the parser.
        let is_at_end = self.position + 1 >= self.tokens.len();
        match self.lexical_error.take() {
            Some(error) if parsed.is_ok() || is_at_end => Err(error),
            _ => parsed,
        }
    }

    pub(super) fn current(&self) -> Token<'a> {
        self.token(self.position)
    }

    pub(super) fn following(&self) -> Token<'a> {
        self.token(self.position + 1)
    }

    fn token(&self, position: usize) -> Token<'a> {
        // The last token is the end of the template.
        let last = self.tokens.len().saturating_sub(1);
        self.tokens[position.min(last)]
    }

    /// Returns the current token and moves to the next token.
    pub(super) fn advance(&mut self) -> Token<'a> {
        let token = self.current();
        self.position += 1;
        token
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.current().kind == kind
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        self.current().is_name(name)
    }

    pub(super) fn is_operator(&self, operator: &str) -> bool {
        self.current().is_operator(operator)
    }

    pub(super) fn skip_name(&mut self, name: &str) -> bool {
        let is_name = self.is_name(name);
        self.position += usize::from(is_name);
        is_name
    }

    pub(super) fn skip_operator(&mut self, operator: &str) -> bool {
        let is_operator = self.is_operator(operator);
        self.position += usize::from(is_operator);
        is_operator
    }

    /// Skips two tokens if they are the given names.
    pub(super) fn skip_names(&mut self, first: &str, second: &str) -> bool {
        let is_match = self.is_name(first) && self.following().is_name(second);
        self.position += if is_match { 2 } else { 0 };
        is_match
    }

    pub(super) fn expect(&mut self, kind: Kind) -> Result<Token<'a>> {
        self.require(self.is(kind), kind.describe())
    }

    pub(super) fn expect_name(&mut self, name: &str) -> Result<Token<'a>> {
        self.require(self.is_name(name), name)
    }

    pub(super) fn expect_operator(&mut self, operator: &str) -> Result<Token<'a>> {
        self.require(self.is_operator(operator), operator)
    }

    fn require(&mut self, is_expected: bool, expected: &str) -> Result<Token<'a>> {
        let found = self.current();
        if is_expected {
            Ok(self.advance())
        } else if found.kind == Kind::End {
            self.fail(format!("unexpected end of template, expected '{expected}'."))
        } else {
            self.fail(format!("expected token '{expected}', got '{}'", found.describe()))
        }
    }

    /// Fails at the current token.
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        fail_at(self.current(), message)
    }

    /// Calls `parse` for a nested expression or statement. Fails if the nesting is too deep.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail("the template is nested too deeply");
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }
}

/// Fails at a token.
pub(super) fn fail_at<T>(token: Token<'_>, message: impl Into<String>) -> Result<T> {
    let range = token.start..token.start + token.text.len();
    Err(SyntaxError { message: message.into(), range })
}
