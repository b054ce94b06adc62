//! Finds the names in an expression and rewrites the expression for the engine.
//!
//! Names may contain hyphens, as in `build-image.image`, because step IDs may contain them. A sequence of
//! words and hyphens is parsed as a single name if this name exists. Otherwise, a hyphen is a minus sign. The
//! engine does not support hyphens in names, so such names are rewritten to lookups in a mapping.

use std::{collections::HashSet, ops::Range};

/// Maximum number of hyphens in a name. Bounds the work for a long sequence of subtractions.
const MOST_HYPHENS: usize = 32;

/// Name of the mapping where the engine looks up names with hyphens.
pub(super) const ALL_NAMES: &str = "__names";

/// Keywords of the expression language.
const KEYWORDS: [&str; 12] =
    ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False"];

/// An occurrence of a name, with the literal keys that follow it, such as `git.branch` or `env["HOME"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameUse {
    /// Byte range of the name and its keys within the expression.
    pub(super) range: Range<usize>,
    pub(super) root: String,
    pub(super) keys: Vec<String>,
    /// Whether the expression handles an undefined name with `default` or `is defined`.
    pub(super) is_guarded: bool,
}

/// The names in an expression, and the expression as the engine evaluates it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    pub(super) uses: Vec<NameUse>,
    /// Byte ranges of the filter names within the expression.
    pub(super) filters: Vec<Range<usize>>,
    pub(super) source: String,
}

/// Finds the names in an expression. `is_known` returns `true` for names with hyphens that exist.
pub(super) fn read(expression: &str, is_known: impl Fn(&str) -> bool) -> Names {
    let mut reader = Reader { text: expression, at: 0, copied: 0, names: Names::default() };
    reader.read(&is_known);
    let mut names = reader.names;
    names.source.push_str(&expression[reader.copied..]);
    spread_guards(&mut names.uses);
    names
}

/// Marks all uses of a name and its keys as guarded if at least one of the name's uses is guarded.
fn spread_guards(uses: &mut [NameUse]) {
    let guarded = uses.iter().filter(|name| name.is_guarded);
    let guarded: HashSet<(String, Vec<String>)> =
        guarded.map(|name| (name.root.clone(), name.keys.clone())).collect();
    if guarded.is_empty() {
        return;
    }
    for name in uses {
        let mut guard = (name.root.clone(), name.keys.clone());
        name.is_guarded = loop {
            if guarded.contains(&guard) {
                break true;
            }
            if guard.1.pop().is_none() {
                break false;
            }
        };
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Byte offset in the expression up to which it has been copied.
    copied: usize,
    names: Names,
}

impl<'a> Reader<'a> {
    fn read(&mut self, is_known: &impl Fn(&str) -> bool) {
        // The previous token, which determines the meaning of the next word.
        let mut previous = ' ';
        while let Some(character) = self.rest().chars().next() {
            if matches!(character, '"' | '\'') {
                self.quoted();
                previous = character;
            } else if character.is_ascii_digit() {
                self.word();
                previous = '0';
            } else if is_word(character) {
                match previous {
                    '.' => _ = self.word(),
                    '|' => self.filter(),
                    _ => self.name(is_known),
                }
                previous = 'a';
            } else {
                self.at += character.len_utf8();
                if !character.is_whitespace() {
                    previous = character;
                }
            }
        }
    }

    /// Reads a word that may be a name. The word can also turn out to be a keyword, an argument name or a
    /// function.
    fn name(&mut self, is_known: &impl Fn(&str) -> bool) {
        let start = self.at;
        let root = match self.known_with_hyphens(is_known) {
            Some(name) => {
                self.names.source.push_str(&self.text[self.copied..start]);
                self.names.source.extend([ALL_NAMES, "[\"", name, "\"]"]);
                self.at += name.len();
                self.copied = self.at;
                name
            }
            None => match self.other_word() {
                None => return,
                Some(word) if is_known(word) => word,
                Some(word) => {
                    // An unknown word with hyphens is more likely a misspelled name than a subtraction.
                    self.at = start + self.run_at(start).len().max(word.len());
                    &self.text[start..self.at]
                }
            },
        };
        let mut keys = Vec::new();
        while let Some(key) = self.key() {
            keys.push(key);
        }
        let is_guarded = self.is_guarded();
        self.names.uses.push(NameUse { range: start..self.at, root: root.to_owned(), keys, is_guarded });
    }

    fn filter(&mut self) {
        let start = self.at;
        self.word();
        self.names.filters.push(start..self.at);
    }

    /// Reads a word. After `is`, also skips the name of the test. Returns `None` if the word cannot be a
    /// name.
    fn other_word(&mut self) -> Option<&'a str> {
        let word = self.word();
        if word == "is" {
            self.test();
        }
        let next = self.rest().trim_start();
        let is_argument = next.starts_with('=') && !next.starts_with("==");
        let is_name = !is_argument && !next.starts_with('(') && !KEYWORDS.contains(&word);
        is_name.then_some(word)
    }

    /// Returns the longest existing name with hyphens at the current position.
    fn known_with_hyphens(&self, is_known: &impl Fn(&str) -> bool) -> Option<&'a str> {
        let text = self.rest();
        let (mut known, mut end) = (None, word_of(text).len());
        for _ in 0..MOST_HYPHENS {
            let Some(rest) = text[end..].strip_prefix('-') else { break };
            let word = word_of(rest);
            end += 1 + word.len();
            if !word.is_empty() && is_known(&text[..end]) {
                known = Some(&text[..end]);
            }
        }
        known
    }

    /// Returns the sequence of words and hyphens that starts at a position.
    fn run_at(&self, start: usize) -> &'a str {
        let text = &self.text[start..];
        let end = text.find(|character| !(is_word(character) || character == '-'));
        text[..end.unwrap_or(text.len())].trim_end_matches('-')
    }

    /// Reads a literal key: `.key` or `["key"]`. Returns `None` if no key follows.
    fn key(&mut self) -> Option<String> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix('.') {
            let word = word_of(after);
            let is_method = after[word.len()..].trim_start().starts_with('(');
            let is_key = !is_method && !word.is_empty();
            return is_key.then(|| {
                self.at += 1 + word.len();
                word.to_owned()
            });
        }
        let inside = rest.strip_prefix('[')?.trim_start();
        let quote = inside.chars().next().filter(|character| matches!(character, '"' | '\''))?;
        let (key, after) = inside[1..].split_once(quote)?;
        let after = after.trim_start().strip_prefix(']').filter(|_| !key.contains('\\'))?;
        self.at = self.text.len() - after.len();
        Some(key.to_owned())
    }

    /// Checks whether the text after a name handles an undefined name.
    fn is_guarded(&self) -> bool {
        let rest = self.rest().trim_start();
        if let Some(filter) = rest.strip_prefix('|') {
            return matches!(word_of(filter.trim_start()), "default" | "d");
        }
        let Some(mut test) = word_after(rest, "is") else { return false };
        if let Some(negated) = word_after(test, "not") {
            test = negated;
        }
        matches!(word_of(test), "defined" | "undefined")
    }

    /// Skips the name of a test, such as `defined` in `is defined`.
    fn test(&mut self) {
        for expected in [Some("not"), None] {
            let start = self.text.len() - self.rest().trim_start().len();
            let word = word_of(&self.text[start..]);
            if expected.is_none_or(|expected| expected == word) {
                self.at = start + word.len();
            }
        }
    }

    fn quoted(&mut self) {
        let mut characters = self.rest().char_indices();
        let quote = characters.next().map(|(_, quote)| quote);
        let mut end = self.text.len() - self.at;
        while let Some((offset, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if Some(character) == quote {
                end = offset + character.len_utf8();
                break;
            }
        }
        self.at += end;
    }

    fn word(&mut self) -> &'a str {
        let word = word_of(self.rest());
        self.at += word.len();
        word
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the text after a word and the whitespace around it, or `None` if the text starts with another word.
fn word_after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    (word_of(text) == word).then(|| text[word.len()..].trim_start())
}

/// Returns the word at the start of a string.
fn word_of(text: &str) -> &str {
    &text[..text.find(|character| !is_word(character)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expression: &str) -> (Vec<String>, String) {
        let names = read(expression, |name| ["a", "b", "build-image", "a-b", "if-x"].contains(&name));
        let show = |name: &NameUse| {
            assert!(expression[name.range.clone()].starts_with(&name.root), "{name:?}");
            let name_with_keys = [std::slice::from_ref(&name.root), &name.keys].concat().join(".");
            if name.is_guarded { name_with_keys + "?" } else { name_with_keys }
        };
        (names.uses.iter().map(show).collect(), names.source)
    }

    #[test]
    fn finds_names_in_expressions() {
        for (expression, expected) in [
            ("a", vec!["a"]),
            ("a.b.c", vec!["a.b.c"]),
            ("env[\"HOME\"].x + env['A']", vec!["env.HOME.x", "env.A"]),
            ("a[0].b", vec!["a"]),
            ("a[b.c]", vec!["a", "b.c"]),
            ("a | replace('x.y', b) | lower", vec!["a", "b"]),
            ("a | default(value=b)", vec!["a?", "b"]),
            ("a.x|d('') ~ a.y", vec!["a.x?", "a.y"]),
            ("a.x if a is defined else b", vec!["a.x?", "a?", "b"]),
            ("b if a.x is not defined", vec!["b", "a.x?"]),
            ("a is divisibleby(3) and not b in [true, none, 1.5e3]", vec!["a", "b"]),
            ("range(3) ~ a.upper() ~ {'k': b}", vec!["a", "b"]),
            ("'a \\' b' ~ \"b\"", vec![]),
            ("unknown-thing.x", vec!["unknown-thing.x"]),
        ] {
            assert_eq!(shown(expression).0, expected, "{expression}");
        }
    }

    #[test]
    fn finds_filters_in_expressions() {
        let expression = "a|lower | default(b | upper) ~ '|x'";
        let filters = read(expression, |_| false).filters.into_iter().map(|range| &expression[range]);
        assert_eq!(filters.collect::<Vec<_>>(), ["lower", "default", "upper"]);
    }

    #[test]
    fn rewrites_known_names_with_hyphens() {
        for (expression, names, source) in [
            ("build-image.image", vec!["build-image.image"], "__names[\"build-image\"].image"),
            ("a-b", vec!["a-b"], "__names[\"a-b\"]"),
            ("a - b", vec!["a", "b"], "a - b"),
            ("if-x ~ if-x.y", vec!["if-x", "if-x.y"], "__names[\"if-x\"] ~ __names[\"if-x\"].y"),
            ("a-b-1", vec!["a-b"], "__names[\"a-b\"]-1"),
            ("b-a", vec!["b", "a"], "b-a"),
            ("'build-image'", vec![], "'build-image'"),
        ] {
            assert_eq!(
                shown(expression),
                (names.into_iter().map(str::to_owned).collect(), source.to_owned())
            );
        }
    }
}
