//! Escapes control characters in text from files, programs and servers. Otherwise, such text could move the
//! terminal's cursor, set its title or write to its clipboard.

use std::{borrow::Cow, fmt::Write as _};

/// Replaces control characters with JSON escapes such as `\u001b`. Line ends, tabs and color sequences are
/// preserved.
///
/// The escapes do not change the meaning of a JSON document.
pub(super) fn escape_controls(text: &str) -> Cow<'_, str> {
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
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            rest = following.as_str();
        }
    }
    escaped.push_str(rest);
    Cow::Owned(escaped)
}

/// Returns whether a character controls the terminal or changes the direction of the text that follows.
fn is_control(character: char) -> bool {
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && !matches!(character, '\n' | '\t')) || reorders
}

/// Returns the color sequence at the start of a string. Returns `None` if the string does not start with one.
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
        ];
        for (text, expected) in cases {
            assert_eq!(escape_controls(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keeps_the_meaning_of_json() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{1b}[2J\u{202e}\r\n"});
        let text = value.to_string();
        assert_ne!(escape_controls(&text), text);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escape_controls(&text)).unwrap(), value);
    }
}
