//! Patterns of `.dockerignore`. A pattern matches whole paths.
//!
//! `*` and `?` match any characters except `/`, and `**` matches any characters. `[a-z]` is a character
//! class, `[^a-z]` a negated class, and `\` escapes the next character. All possible positions in a pattern
//! are tracked at once, so the time for a character of a path is at most linear in the length of the pattern.

use std::ops::Range;

/// The error returned if a string is not a valid pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GlobError {
    #[error("`!` requires a pattern")]
    Empty,
    #[error("`[` does not start a valid character class")]
    Class,
    #[error("the pattern ends with `\\`")]
    Escape,
}

/// A compiled `.dockerignore` pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`
    AnyOne,
    /// `*`
    AnyInPart,
    /// `**` at the end of a pattern. Matches any characters.
    Anything,
    /// `**/`. Matches any number of directories.
    AnyDirectories,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    /// Returns `true` if the token can match the empty string.
    fn is_optional(&self) -> bool {
        matches!(self, Self::AnyInPart | Self::Anything | Self::AnyDirectories)
    }

    /// Returns `true` if the token can match further characters after `character`.
    fn repeats_over(&self, character: char) -> bool {
        match self {
            Self::AnyInPart => character != '/',
            Self::Anything | Self::AnyDirectories => true,
            _ => false,
        }
    }

    /// Returns `true` if `character` can be the last character that the token matches.
    fn ends_with(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::AnyOne | Self::AnyInPart => character != '/',
            Self::Anything => true,
            Self::AnyDirectories => character == '/',
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated
            }
        }
    }
}

/// The positions in a pattern that are possible after a prefix of the path has been matched. The position after the
/// last token means that the whole pattern matches.
struct Positions<'a> {
    tokens: &'a [Token],
    reached: Vec<bool>,
    /// The range of positions outside which no position is reached. Most patterns have few possible positions.
    range: Range<usize>,
    /// Buffer for the positions after the next character. No position is marked between two characters.
    next: Vec<bool>,
}

impl<'a> Positions<'a> {
    /// Matches a path from the start of the pattern. Returns `None` as soon as no position is possible.
    fn after(tokens: &'a [Token], path: impl Iterator<Item = char>) -> Option<Self> {
        let nowhere = vec![false; tokens.len() + 1];
        let mut positions = Self { tokens, reached: nowhere.clone(), range: 0..0, next: nowhere };
        enter(&mut positions.reached, &mut positions.range, tokens, 0);
        for character in path {
            positions.step(character);
            if positions.range.is_empty() {
                return None;
            }
        }
        Some(positions)
    }

    fn step(&mut self, character: char) {
        for position in std::mem::take(&mut self.range) {
            if !std::mem::take(&mut self.reached[position]) {
                continue;
            }
            let Some(token) = self.tokens.get(position) else { continue };
            if token.repeats_over(character) {
                mark(&mut self.next, &mut self.range, position..position + 1);
            }
            if token.ends_with(character) {
                enter(&mut self.next, &mut self.range, self.tokens, position + 1);
            }
        }
        std::mem::swap(&mut self.reached, &mut self.next);
    }

    fn match_all(&self) -> bool {
        self.reached[self.tokens.len()]
    }
}

/// Marks a position as reached. If the tokens at this position can match the empty string, also marks the
/// positions after them.
fn enter(reached: &mut [bool], range: &mut Range<usize>, tokens: &[Token], position: usize) {
    let optional = tokens[position..].iter().take_while(|token| token.is_optional()).count();
    mark(reached, range, position..position + optional + 1);
}

/// Marks positions as reached, and extends the range of reached positions.
fn mark(reached: &mut [bool], range: &mut Range<usize>, positions: Range<usize>) {
    reached[positions.clone()].fill(true);
    *range = if range.start < range.end {
        range.start.min(positions.start)..range.end.max(positions.end)
    } else {
        positions
    };
}

impl Glob {
    /// Compiles a pattern that [`super::ignore::clean`] has normalized.
    pub(crate) fn parse(pattern: &str) -> Result<Self, GlobError> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            let token = match character {
                '*' if characters.next_if_eq(&'*').is_some() => {
                    let before_slash = characters.next_if_eq(&'/').is_some();
                    let at_start = tokens.is_empty();
                    let rest = characters.clone();
                    match characters.peek() {
                        None => Token::Anything,
                        // Docker lets a pattern such as `**.log` match every path with this ending if the
                        // rest has no special characters.
                        Some(_) if at_start && !before_slash && is_literal(rest) => Token::Anything,
                        Some(_) => Token::AnyDirectories,
                    }
                }
                '*' => Token::AnyInPart,
                '?' => Token::AnyOne,
                '[' => class(&mut characters)?,
                '\\' => Token::Literal(characters.next().ok_or(GlobError::Escape)?),
                literal => Token::Literal(literal),
            };
            // A repeated `**/` has no effect, but entering each repetition would enter all following repetitions again.
            if token != Token::AnyDirectories || tokens.last() != Some(&token) {
                tokens.push(token);
            }
        }
        Ok(Self { tokens })
    }

    /// Returns a pattern that matches exactly the given string.
    pub(crate) fn literal(text: &str) -> Self {
        Self { tokens: text.chars().map(Token::Literal).collect() }
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        // Most patterns differ from a path in the first or the last character.
        let differs = |token: Option<&Token>, character: Option<char>| match token {
            Some(Token::Literal(literal)) => character != Some(*literal),
            _ => false,
        };
        if differs(self.tokens.first(), path.chars().next())
            || differs(self.tokens.last(), path.chars().next_back())
        {
            return false;
        }
        Positions::after(&self.tokens, path.chars()).is_some_and(|positions| positions.match_all())
    }

    /// Returns `true` if the pattern can match a path inside `directory`.
    pub(crate) fn may_match_below(&self, directory: &str) -> bool {
        Positions::after(&self.tokens, directory.chars().chain(['/'])).is_some()
    }
}

fn is_literal(mut rest: impl Iterator<Item = char>) -> bool {
    !rest.any(|character| matches!(character, '*' | '?' | '[' | '\\'))
}

/// Parses a character class. The opening `[` has already been read.
fn class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Token, GlobError> {
    let negated = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match characters.next().ok_or(GlobError::Class)? {
            ']' if ranges.is_empty() => return Err(GlobError::Class),
            ']' => return Ok(Token::Class { negated, ranges }),
            character => member(character, characters)?,
        };
        let high = if characters.next_if_eq(&'-').is_some() {
            let end = characters.next().ok_or(GlobError::Class)?;
            member(end, characters)?
        } else {
            low
        };
        ranges.push((low, high));
    }
}

fn member(character: char, rest: &mut impl Iterator<Item = char>) -> Result<char, GlobError> {
    match character {
        '-' | ']' => Err(GlobError::Class),
        '\\' => rest.next().ok_or(GlobError::Escape),
        character => Ok(character),
    }
}
