//! Limits the nesting and the size of code. Walking or dropping a deeply nested syntax tree would overflow the stack,
//! and a large file's syntax tree would use gigabytes of memory.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

use super::SyntaxError;
use crate::source::Span;

/// Maximum number of nested blocks. Python has the same limit.
const BLOCKS: usize = 100;

/// Maximum depth of a nested expression. The limit of Python is similar.
const EXPRESSION: usize = 2_000;

/// Maximum number of tokens. A token needs about 200 bytes of memory.
const TOKENS: usize = 1_000_000;

/// Fails if the code is too large, or if blocks or expressions are nested too deeply.
pub(super) fn check(text: &str) -> Result<(), SyntaxError> {
    if has_many_tokens(text) {
        let message = format!("the file has more than {TOKENS} tokens");
        return Err(SyntaxError { message, span: Span::default() });
    }
    if let Some(span) = deep_block(text) {
        return Err(SyntaxError { message: "too many levels of indentation".to_owned(), span });
    }
    let has_operators = || text.bytes().filter(|byte| may_nest(*byte)).count() >= EXPRESSION;
    if text.len() >= EXPRESSION && has_operators() && has_deep_expression(text) {
        let message = "the expression is nested too deeply".to_owned();
        return Err(SyntaxError { message, span: Span::default() });
    }
    Ok(())
}

fn has_many_tokens(text: &str) -> bool {
    // Almost every token is at least one byte long.
    if text.len() < TOKENS {
        return false;
    }
    let mut lexer = lex(text, Mode::Module);
    (0..=TOKENS).all(|_| lexer.next_token() != TokenKind::EndOfFile)
}

/// Returns whether a byte is part of an operator, an opening bracket, or a space next to a keyword. Each level of
/// nesting requires at least one of these bytes.
fn may_nest(byte: u8) -> bool {
    let is_operator =
        matches!(byte, b'%' | b'&' | b'*' | b'+' | b'-'..=b'/' | b'<' | b'>' | b'@' | b'^' | b'|' | b'~');
    is_operator || matches!(byte, b'(' | b'[' | b'{' | b' ')
}

fn deep_block(text: &str) -> Option<Span> {
    let mut levels: Vec<usize> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start_matches([' ', '\t']);
        let width = line.len() - code.len();
        if !code.trim_start().is_empty() {
            while levels.last().is_some_and(|level| *level >= width) {
                levels.pop();
            }
            levels.push(width);
            if levels.len() > BLOCKS + 1 {
                return Some(Span::new(start, start + line.trim_end().len()));
            }
        }
        start += line.len();
    }
    None
}

/// The number of operators in an expression since the last separator at the current bracket level.
#[derive(Default, Clone, Copy)]
struct Level {
    /// Number of operators that have a higher precedence than comparisons.
    tight: usize,
    /// Number of `not`, `if`, `else` and `await` keywords. Their operands may contain comparisons.
    loose: usize,
    /// Number of `lambda` keywords. The parameters of a `lambda` may be separated by commas.
    lambdas: usize,
}

impl Level {
    fn depth(self) -> usize {
        self.tight + self.loose + self.lambdas
    }
}

/// Returns whether an expression might be nested more deeply than the limit allows.
///
/// The depth is estimated from the tokens: the sum of the operators since the last separator in each open bracket.
fn has_deep_expression(text: &str) -> bool {
    let mut lexer = lex(text, Mode::Module);
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let mut outer_sum = 0;
    loop {
        let kind = lexer.next_token();
        match kind {
            TokenKind::EndOfFile => return false,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                level.tight += 1;
                outer_sum += level.depth();
                outer.push(std::mem::take(&mut level));
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if let Some(closed) = outer.pop() {
                    outer_sum -= closed.depth();
                    level = closed;
                }
            }
            TokenKind::Comma => level = Level { lambdas: level.lambdas, ..Level::default() },
            TokenKind::Newline | TokenKind::Semi => level = Level::default(),
            TokenKind::And
            | TokenKind::Or
            | TokenKind::EqEqual
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
            | TokenKind::In
            | TokenKind::Is => level.tight = 0,
            TokenKind::Lambda => level.lambdas += 1,
            TokenKind::Not | TokenKind::If | TokenKind::Else | TokenKind::Await => {
                level.loose += 1;
            }
            TokenKind::Dot
            | TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::Slash
            | TokenKind::DoubleSlash
            | TokenKind::DoubleStar
            | TokenKind::Percent
            | TokenKind::At
            | TokenKind::Vbar
            | TokenKind::Amper
            | TokenKind::CircumFlex
            | TokenKind::LeftShift
            | TokenKind::RightShift
            | TokenKind::Tilde
            | TokenKind::ColonEqual => level.tight += 1,
            _ => continue,
        }
        if outer_sum + level.depth() > EXPRESSION {
            return true;
        }
    }
}
