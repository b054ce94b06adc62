//! Escapes text from files, programs and servers. Unescaped text could move the terminal's cursor, write to its
//! clipboard, or forge lines of the output.
//!
//! The output is escaped at three levels: [`line()`] for text that must stay on one line, [`message`] for errors
//! and notes, which may have indented continuation lines, and [`controls`] for everything that is printed.

use std::{borrow::Cow, fmt::Write as _};

/// Replaces control characters with JSON escapes such as `\u001b`. Line ends, tabs and color sequences are
/// preserved.
///
/// The escapes do not change the meaning of a JSON document.
pub(crate) fn controls(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_control) {
        let (before, control) = rest.split_at(at);
        escaped.push_str(before);
        let allowed = color(control).or_else(|| control.starts_with("\r\n").then_some("\r\n"));
        let mut following = control.chars();
        if let Some(allowed) = allowed {
            escaped.push_str(allowed);
            rest = &control[allowed.len()..];
        } else if let Some(character) = following.next() {
            push(character, &mut escaped);
            rest = following.as_str();
        }
    }
    escaped.push_str(rest);
    Cow::Owned(escaped)
}

/// Escapes control characters, line breaks and color sequences.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| is_control(character) || character == '\n') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            _ => push(character, &mut escaped),
        }
    }
    Cow::Owned(escaped)
}

/// Escapes a message like [`line()`], but keeps line breaks that are followed by an indented line. Text inside a
/// message can therefore not start a line that looks like another message.
pub(crate) fn message(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return line(text);
    }
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\n') {
        let (before, breaks) = rest.split_at(at);
        let following = breaks.trim_start_matches('\n');
        let breaks = &breaks[..breaks.len() - following.len()];
        escaped.push_str(&line(before));
        if following.starts_with("  ") || following.starts_with('\t') {
            escaped.push_str(breaks);
        } else {
            escaped.push_str(&line(breaks));
        }
        rest = following;
    }
    escaped.push_str(&line(rest));
    Cow::Owned(escaped)
}

/// Maximum length of a message line in bytes.
const LONGEST_LINE: usize = 4096;

/// Number of bytes to keep at the start of a line that exceeds [`LONGEST_LINE`].
const KEPT_START: usize = 3072;

/// Number of bytes to keep at the end of a line that exceeds [`LONGEST_LINE`].
const KEPT_END: usize = 512;

/// Shortens the lines of a message that exceed [`LONGEST_LINE`], such as a line that quotes a name of a million
/// characters.
///
/// Secrets must already be redacted, because redaction does not recognize a truncated secret.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| line.len() <= LONGEST_LINE) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(shortened_line).collect();
    Cow::Owned(lines.join("\n"))
}

fn shortened_line(line: &str) -> Cow<'_, str> {
    if line.len() <= LONGEST_LINE {
        return Cow::Borrowed(line);
    }
    let (start, rest) = line.split_at(line.floor_char_boundary(KEPT_START));
    let (omitted, end) = rest.split_at(rest.ceil_char_boundary(rest.len() - KEPT_END));
    Cow::Owned(format!("{start}… [{} characters omitted] …{end}", omitted.chars().count()))
}

/// Joins the lines of a [`message`]. Lines after the first are indented.
pub(crate) fn message_lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|text| message(text.as_ref()).into_owned()).collect();
    lines.join("\n  ")
}

/// Appends a character, or its escape if it is a control character.
fn push(character: char, escaped: &mut String) {
    if is_control(character) {
        // Writing to a string cannot fail.
        let _ = write!(escaped, "\\u{:04x}", u32::from(character));
    } else {
        escaped.push(character);
    }
}

/// Returns whether a character controls the terminal, or changes its lines or the direction of its text. Line feeds and
/// tabs are excluded.
fn is_control(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t')) || is_layout(character)
}

/// Returns whether a character outside ASCII separates lines, or changes the direction of the surrounding text.
pub(crate) fn is_layout(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Returns the color sequence at the start of a string, or `None` if there is none.
fn color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let (parameters, _) = parameters.split_once('m')?;
    parameters.split(';').all(is_color).then(|| &text[..parameters.len() + 3])
}

/// Returns whether a parameter selects reset, bold, dim or one of the sixteen foreground colors. Hidden text
/// and background colors are rejected because they could deceive the user.
fn is_color(parameter: &str) -> bool {
    parameter.is_empty()
        || parameter.parse().is_ok_and(|code: u8| matches!(code, 0..=2 | 22 | 30..=37 | 39 | 90..=97))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_controls_except_line_ends_tabs_and_colors() {
        let cases = [
            ("plain é 🚀\n\ttext\r\n", "plain é 🚀\n\ttext\r\n"),
            ("\u{1b}[31m\u{1b}[1;2mred\u{1b}[0m\u{1b}[m", "\u{1b}[31m\u{1b}[1;2mred\u{1b}[0m\u{1b}[m"),
            ("\u{1b}[2J\u{1b}[1;1H", "\\u001b[2J\\u001b[1;1H"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}[8mhidden", "\\u001b[8mhidden"),
            ("\u{1b}[30;40m", "\\u001b[30;40m"),
            ("\u{1b}[999999m", "\\u001b[999999m"),
            ("\u{1b}[", "\\u001b["),
            ("gone\rhere\u{8}\u{7f}", "gone\\u000dhere\\u0008\\u007f"),
            ("\u{9b}2J", "\\u009b2J"),
            ("user\u{202e}txt.exe\u{2066}", "user\\u202etxt.exe\\u2066"),
            ("a\u{200f}1\u{200e}2\u{61c}", "a\\u200f1\\u200e2\\u061c"),
            ("👩\u{200d}💻 می\u{200c}خواهم", "👩\u{200d}💻 می\u{200c}خواهم"),
        ];
        for (text, expected) in cases {
            assert_eq!(controls(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_text_on_one_line() {
        for (text, expected) in [
            ("plain é\ttext", "plain é\ttext"),
            ("a\nb\r\nc", "a\\nb\\r\\nc"),
            ("\u{1b}[31mred\u{85}\u{2028}\u{202e}", "\\u001b[31mred\\u0085\\u2028\\u202e"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_only_indented_lines_of_messages() {
        for (text, expected) in [
            ("a\n  b\n\n\tc", "a\n  b\n\n\tc"),
            ("a\nb", "a\\nb"),
            ("a\n\nb", "a\\n\\nb"),
            ("a\n b\r\n  c\n", "a\\n b\\r\n  c\\n"),
            ("\u{1b}[31ma\n  \u{7}", "\\u001b[31ma\n  \\u0007"),
        ] {
            assert_eq!(message(text), expected, "{text:?}");
        }
        assert_eq!(message_lines(["a\nb", "c"]), "a\\nb\n  c");
    }

    #[test]
    fn shortens_long_lines() {
        assert_eq!(shortened("short\n  lines\n"), "short\n  lines\n");
        let just_fits = "é".repeat(LONGEST_LINE / 2);
        assert_eq!(shortened(&just_fits), just_fits);
        let name = "é".repeat(500_000);
        let text = shortened(&format!("error: '{name}' is missing\nhelp: create it")).into_owned();
        assert!(
            text.starts_with("error: 'éé") && text.ends_with("éé' is missing\nhelp: create it"),
            "{text}"
        );
        assert!(text.contains("… [498218 characters omitted] …"), "{text}");
        assert!(text.len() < LONGEST_LINE, "{}", text.len());
    }

    #[test]
    fn keeps_the_meaning_of_json() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{1b}[2J\u{202e}\r\n"});
        let text = value.to_string();
        assert_ne!(controls(&text), text);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&controls(&text)).unwrap(), value);
    }
}
