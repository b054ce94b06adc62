//! Placeholders of the form `{{ name }}`.
//!
//! A placeholder consists of two opening braces, a name and two closing braces. Whitespace around the name is
//! optional, and there is no escape syntax. For compatibility with Prefect, letters and whitespace are
//! defined as in Python's `re` module.

use std::ops::Range;

use unicode_ident::{is_xid_continue, is_xid_start};

/// Prefix of placeholders that refer to a block.
pub(crate) const BLOCK_PREFIX: &str = "prefect.blocks.";
/// Prefix of placeholders that refer to a Prefect variable.
pub(crate) const VARIABLE_PREFIX: &str = "prefect.variables.";

/// The source of a placeholder's value. The placeholder's name determines the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A block, as `prefect.blocks.<type>.<document>[.<key path>]`.
    Block,
    /// A Prefect variable, as `prefect.variables.<name>`.
    Variable,
    /// An environment variable, as `$NAME`.
    Environment,
    /// A path to a value that the pass provides, such as a step output.
    Standard,
}

/// A placeholder in a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placeholder<'a> {
    /// Text of the placeholder, including the braces.
    pub(crate) text: &'a str,
    /// Byte range of the placeholder within the string.
    pub(crate) range: Range<usize>,
    pub(crate) name: &'a str,
}

impl<'a> Placeholder<'a> {
    /// Parses the placeholder that starts at byte offset `start`. Returns `None` if the text is not a
    /// placeholder.
    fn at(text: &'a str, start: usize) -> Option<Self> {
        let inside = text[start..].strip_prefix("{{")?.trim_start_matches(is_space);
        let name_end = inside.find(|character| !is_name_character(character))?;
        let (name, after) = inside.split_at(name_end);
        let rest = after.trim_start_matches(is_space).strip_prefix("}}")?;
        let range = start..text.len() - rest.len();
        (!name.is_empty()).then(|| Self { text: &text[range.clone()], range, name })
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.name.starts_with(BLOCK_PREFIX) {
            Kind::Block
        } else if self.name.starts_with(VARIABLE_PREFIX) {
            Kind::Variable
        } else if self.name.starts_with('$') {
            Kind::Environment
        } else {
            Kind::Standard
        }
    }

    /// Returns the name of the environment variable. The placeholder must be of the kind
    /// [`Kind::Environment`].
    pub(crate) fn environment_name(&self) -> &'a str {
        self.name.trim_start_matches('$')
    }

    /// Returns the name of the Prefect variable. The name may contain dots. The placeholder must be of the
    /// kind [`Kind::Variable`].
    pub(crate) fn variable_name(&self) -> String {
        self.name.replace(VARIABLE_PREFIX, "")
    }
}

/// Returns an iterator over the placeholders of a string, from left to right.
pub(crate) fn find(text: &str) -> Placeholders<'_> {
    Placeholders { text, from: 0 }
}

/// Returns the placeholder that makes up the whole string, or `None` if the string contains anything else.
pub(crate) fn only(text: &str) -> Option<Placeholder<'_>> {
    Placeholder::at(text, 0).filter(|placeholder| placeholder.range.end == text.len())
}

/// Replaces the placeholders in a string. A placeholder is kept if `replacement` returns `None` for it.
///
/// The string is scanned once, from left to right. Placeholders in inserted text are not replaced.
pub(crate) fn replace(text: &str, mut replacement: impl FnMut(&Placeholder<'_>) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for placeholder in find(text) {
        if let Some(new) = replacement(&placeholder) {
            result.push_str(&text[copied..placeholder.range.start]);
            result.push_str(&new);
            copied = placeholder.range.end;
        }
    }
    result.push_str(&text[copied..]);
    result
}

/// Iterator over the placeholders of a string. See [`find`].
pub(crate) struct Placeholders<'a> {
    text: &'a str,
    from: usize,
}

impl<'a> Iterator for Placeholders<'a> {
    type Item = Placeholder<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(offset) = self.text[self.from..].find("{{") {
            let start = self.from + offset;
            if let Some(placeholder) = Placeholder::at(self.text, start) {
                self.from = placeholder.range.end;
                return Some(placeholder);
            }
            self.from = start + 1;
        }
        None
    }
}

fn is_name_character(character: char) -> bool {
    matches!(character, '.' | '-' | '[' | ']' | '$') || is_word(character)
}

/// Checks whether a character matches `\s` in Python: Unicode whitespace and the four ASCII separators.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1C}'..='\u{1F}')
}

/// Checks whether a character matches `\w` in Python: letters, numeric characters and the underscore.
///
/// Unlike Python, Rust counts marks and circled letters as alphabetic. Marks can be recognized as the
/// characters that may continue an identifier but not start one, with a few exceptions.
fn is_word(character: char) -> bool {
    let is_circled = matches!(
        character,
        '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F149}' | '\u{1F150}'..='\u{1F169}' | '\u{1F170}'..='\u{1F189}'
    );
    let is_mark = match character {
        '\u{1885}' | '\u{1886}' => true,
        '\u{E33}' | '\u{EB3}' | '\u{FF9E}' | '\u{FF9F}' => false,
        _ => is_xid_continue(character) && !is_xid_start(character),
    };
    character == '_' || character.is_numeric() || (character.is_alphabetic() && !is_circled && !is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::test_data;

    fn names(text: &str) -> Vec<&str> {
        find(text).map(|placeholder| placeholder.name).collect()
    }

    #[test]
    fn finds_placeholders_from_left_to_right() {
        for (text, expected) in [
            ("", vec![]),
            ("{{ a }}", vec!["a"]),
            ("{{a}}{{ b.c[0] }}", vec!["a", "b.c[0]"]),
            ("{{{ a }}}", vec!["a"]),
            ("{{\n\t a \u{A0}\u{1C}}}", vec!["a"]),
            ("{{ a b }} {{ }} {{ a | b }} {{ 'a' }} { a } {{ a }", vec![]),
            ("{{ {{ a }}", vec!["a"]),
            ("{{ . }}{{ - }}{{ [] }}{{ $ }}", vec![".", "-", "[]", "$"]),
            ("é {{ été }} 中", vec!["été"]),
            ("{{ x² }} {{ e\u{301} }}", vec!["x²"]),
        ] {
            assert_eq!(names(text), expected, "{text:?}");
        }
    }

    #[test]
    fn returns_byte_ranges() {
        let text = "é{{ a }}!";
        let placeholder = find(text).next().unwrap();
        assert_eq!((placeholder.range.clone(), placeholder.text), (2..9, "{{ a }}"));
        assert_eq!(&text[placeholder.range], placeholder.text);
        assert!(only(text).is_none());
        assert_eq!(only("{{ a }}").unwrap().name, "a");
        assert!(only("{{ a }}{{ a }}").is_none());
    }

    #[test]
    fn determines_the_kind_by_name() {
        for (name, kind) in [
            ("prefect.blocks.secret.x", Kind::Block),
            ("prefect.blocks.", Kind::Block),
            ("prefect.blocks", Kind::Standard),
            ("prefect.variables.x", Kind::Variable),
            ("prefect.version", Kind::Standard),
            ("$X", Kind::Environment),
            ("$", Kind::Environment),
            ("a$b", Kind::Standard),
            ("ctx.flow.name", Kind::Standard),
        ] {
            let text = format!("{{{{ {name} }}}}");
            assert_eq!(only(&text).unwrap().kind(), kind, "{name}");
        }
    }

    #[test]
    fn does_not_scan_inserted_text() {
        let replaced = replace("{{a}} {{b}} {{c}}", |placeholder| match placeholder.name {
            "a" => Some("{{b}}".to_owned()),
            "b" => Some("X".to_owned()),
            _ => None,
        });
        assert_eq!(replaced, "{{b}} X {{c}}");
    }

    /// The test covers all characters of the Unicode version that was recorded.
    #[test]
    fn classifies_characters_as_python_does() {
        let classes = test_data::characters();
        let differs = |character: &char| {
            (is_word(*character), is_space(*character))
                != (classes.word(*character), classes.space(*character))
        };
        let known = ('\0'..=char::MAX).filter(|character| !classes.unassigned(*character));
        assert_eq!(known.filter(differs).collect::<String>(), "");
    }
}
