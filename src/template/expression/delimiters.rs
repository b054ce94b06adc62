//! Detection of `<< expression >>` in a string.
//!
//! Both delimiters must be on the same line. Delimiters inside a quoted string of the expression are ignored. A literal
//! delimiter can be written as `<< "<<" >>`.
//!
//! Shell scripts use the same characters, so the following are not treated as expressions:
//! - here-strings, and any other sequence of three or more `<`;
//! - here-documents: `<< WORD`, `<<-WORD` or `<< 'WORD'` if `WORD` is a complete line further down;
//! - `command << WORD >> file` on a single line if `WORD` is in upper case and is not an existing name;
//! - shift operators, as in `$((1 << 4)) >> file`, where the text between the delimiters closes more brackets than it
//!   opens.

use std::{cell::OnceCell, collections::HashMap, ops::Range};

/// Position of an expression in a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delimited {
    /// Byte range of the expression including its delimiters.
    pub(super) outer: Range<usize>,
    /// Byte range of the expression without its delimiters and surrounding whitespace.
    pub(super) inner: Range<usize>,
}

/// Maximum number of scans of a line for closing delimiters. Each `<<` shell operator can cause a scan of the
/// whole line.
const MOST_SCANS: usize = 64;

/// Returns the expressions of a string from left to right. `is_known` returns `true` for names that exist.
pub(super) fn find(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<Delimited> {
    let mut found = Vec::new();
    let mut lines = Lines::new(text);
    let (mut from, mut scanned) = (0, 0);
    while let Some(start) = next_opening(text, from) {
        if lines.move_to(start) {
            scanned = 0;
        }
        let line = lines.current.clone();
        let end = match closing(text, start + 2..line.end) {
            Closing::At(end) => {
                let delimited = Delimited::new(text, start, end);
                if !is_shell(&delimited, &lines, &is_known) {
                    found.push(delimited);
                    from = end;
                    continue;
                }
                end
            }
            Closing::Reopened(at) => {
                from = at;
                continue;
            }
            Closing::None => line.end,
        };
        // An expression may follow a `<<` shell operator, even inside quotes.
        scanned += end - start;
        from = if scanned > MOST_SCANS * line.len() { line.end } else { start + 2 };
    }
    found
}

/// The lines of a string. Each byte of the string is scanned once, so that many expressions in a long line or in many
/// lines take linear time.
struct Lines<'a> {
    text: &'a str,
    /// Byte range of the current line without its terminator.
    current: Range<usize>,
    /// Maps each line, without surrounding whitespace, to the byte offset of its last occurrence.
    last: OnceCell<HashMap<&'a str, usize>>,
}

impl<'a> Lines<'a> {
    const TERMINATORS: [char; 2] = ['\n', '\r'];

    fn new(text: &'a str) -> Self {
        let end = text.find(Self::TERMINATORS).unwrap_or(text.len());
        Self { text, current: 0..end, last: OnceCell::new() }
    }

    /// Moves to the line that contains `position`, which must not precede the current line. Returns whether the line
    /// changed.
    fn move_to(&mut self, position: usize) -> bool {
        if position <= self.current.end {
            return false;
        }
        let passed = &self.text[self.current.end..position];
        let start = passed.rfind(Self::TERMINATORS).map_or(0, |offset| self.current.end + offset + 1);
        let length = self.text[position..].find(Self::TERMINATORS);
        self.current = start..length.map_or(self.text.len(), |length| position + length);
        true
    }

    /// Returns whether a word is a complete line after `position`.
    fn has_after(&self, word: &str, position: usize) -> bool {
        let last = self.last.get_or_init(|| {
            let mut start = 0;
            let lines = self.text.split_inclusive('\n').map(|line| {
                start += line.len();
                (line.trim(), start - line.len())
            });
            lines.collect()
        });
        last.get(word).is_some_and(|start| *start > position)
    }
}

impl Delimited {
    fn new(text: &str, start: usize, end: usize) -> Self {
        let inside = &text[start + 2..end - 2];
        let inner_start = start + 2 + (inside.len() - inside.trim_start().len());
        Self { outer: start..end, inner: inner_start..inner_start + inside.trim().len() }
    }
}

/// Returns the position of the next `<<` that is not part of a longer sequence of `<`.
fn next_opening(text: &str, mut from: usize) -> Option<usize> {
    while let Some(offset) = text[from..].find("<<") {
        let start = from + offset;
        let row = text[start..].len() - text[start..].trim_start_matches('<').len();
        if row == 2 {
            return Some(start);
        }
        from = start + row;
    }
    None
}

/// Result of the search for a closing delimiter.
enum Closing {
    /// A closing delimiter was found. Contains its end position.
    At(usize),
    /// Another `<<` precedes the closing delimiter. Contains its position.
    Reopened(usize),
    /// The line has no closing delimiter.
    None,
}

/// Searches for the closing delimiter in the rest of a line.
fn closing(text: &str, rest: Range<usize>) -> Closing {
    let (from, line) = (rest.start, &text[rest]);
    let mut quote = None;
    let mut characters = line.char_indices();
    while let Some((offset, character)) = characters.next() {
        match quote {
            Some(_) if character == '\\' => _ = characters.next(),
            Some(open) if character == open => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if line[offset..].starts_with(">>") => return Closing::At(from + offset + 2),
            None if line[offset..].starts_with("<<") => return Closing::Reopened(from + offset),
            Some(_) | None => {}
        }
    }
    // An unclosed quote is an apostrophe in the text, or an error that the parser reports later.
    match line.find(">>").filter(|_| quote.is_some()) {
        Some(offset) => Closing::At(from + offset + 2),
        None => Closing::None,
    }
}

fn is_shell(delimited: &Delimited, lines: &Lines<'_>, is_known: &impl Fn(&str) -> bool) -> bool {
    let Lines { text, current: line, .. } = lines;
    let Range { start, end } = delimited.outer;
    let inner = &text[delimited.inner.clone()];
    if closes_more_than_it_opens(inner) {
        return true;
    }
    let Some((word, rest)) = here_document_word(inner) else { return false };
    if lines.has_after(word, end) {
        return true;
    }
    let is_command = !text[line.start..start].trim().is_empty() && !text[end..line.end].trim().is_empty();
    let is_capitals =
        word.chars().all(|character| character.is_ascii_uppercase() || matches!(character, '_' | '0'..='9'));
    rest.is_empty() && is_command && is_capitals && !is_known(word)
}

/// Returns the delimiter of a here-document and the text after it, or `None` if the text is not a
/// here-document.
fn here_document_word(inner: &str) -> Option<(&str, &str)> {
    let inner = inner.strip_prefix(['-', '~']).unwrap_or(inner).trim_start();
    let quote = inner.chars().next().filter(|character| matches!(character, '"' | '\'' | '\\'));
    let start = quote.map_or(inner, |quote| &inner[quote.len_utf8()..]);
    let length = start.find(|character: char| !(character.is_alphanumeric() || character == '_'));
    let (word, rest) = start.split_at(length.unwrap_or(start.len()));
    let rest = match quote {
        Some(quote @ ('"' | '\'')) => rest.strip_prefix(quote)?,
        _ => rest,
    };
    (!word.is_empty()).then_some((word, rest.trim_start()))
}

fn closes_more_than_it_opens(inner: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => _ = characters.next(),
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (Some(open), _) if character == open => quote = None,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_expressions_from_shell_syntax() {
        for (text, expected) in [
            ("<< a.b >>", vec!["a.b"]),
            ("<<a>>-<<  b  >>", vec!["a", "b"]),
            ("é<< a >>é", vec!["a"]),
            ("<< '>> <<' >>", vec!["'>> <<'"]),
            ("<< \"\\\">>\" >>", vec!["\"\\\">>\""]),
            ("<< \"\\\")\" >>", vec!["\"\\\")\""]),
            ("<< a >>>", vec!["a"]),
            ("x << << a >>", vec!["a"]),
            ("<< it's >> x", vec!["it's"]),
            ("<< >>", vec![""]),
            ("<< imgae >>", vec!["imgae"]),
            ("<< VERSION >>", vec!["VERSION"]),
            ("say << TAG >> now", vec!["TAG"]),
            ("a < b > c, a << b", vec![]),
            ("<< a\n>>", vec![]),
            ("cat <<< word >> out", vec![]),
            ("<<<<<<< HEAD >>", vec![]),
            ("cat << EOF >> out", vec![]),
            ("cat <<EOF >>out", vec![]),
            ("cat <<-EOF >> out", vec![]),
            ("cat << 'EOF' >> out", vec![]),
            ("cat <<\\EOF >> out", vec![]),
            ("cat << EOF >> << tag >>", vec!["tag"]),
            ("cat << end >> out\ntext << tag >>\nend\n", vec!["tag"]),
            ("cat << end | tee x >> out\n  end", vec![]),
            ("echo $((1 << 4)) >> out", vec![]),
            ("echo $((1 << 4)) \"<< tag >>\"", vec!["tag"]),
            ("cat << EOF > \"<< dir >>/file\"", vec!["dir"]),
            ("cat << EOF > \"x << y\"", vec![]),
            ("a << slugify(git.branch >> b", vec!["slugify(git.branch"]),
        ] {
            let found = find(text, |name| name == "TAG");
            let inner: Vec<_> = found.iter().map(|delimited| &text[delimited.inner.clone()]).collect();
            assert_eq!(inner, expected, "{text:?}");
        }
    }

    #[test]
    fn returns_byte_ranges() {
        let text = "é<<  a >>!";
        let found = find(text, |_| false);
        assert_eq!(found, [Delimited { outer: 2..10, inner: 6..7 }]);
        assert_eq!(&text[found[0].outer.clone()], "<<  a >>");
    }
}
