//! Measures and truncates strings by terminal columns. A character occupies zero, one or two columns.

use std::{borrow::Cow, time::Duration};

use anstream::adapter::strip_str;
use unicode_width::UnicodeWidthStr;

use crate::escape;

/// Character that marks the end of a truncated string.
const ELLIPSIS: char = '…';

/// Returns the width of a string in columns, ignoring escape sequences for colors.
pub(in crate::ui) fn columns(text: &str) -> usize {
    strip_str(text).to_string().width()
}

/// Truncates a string to at most `columns` columns. The string must not contain escape sequences.
pub(in crate::ui) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if columns == 0 {
        // The ellipsis itself also occupies a column.
        return Cow::Borrowed("");
    }
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    for character in text.chars() {
        short.push(character);
        // A combining character can change the width of the previous character.
        if short.width() + 1 > columns {
            short.pop();
            break;
        }
    }
    short.push(ELLIPSIS);
    Cow::Owned(short)
}

/// Pads a string with spaces to at least `columns` columns.
pub(in crate::ui) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Removes colors, replaces tabs with spaces, and escapes other control characters.
pub(super) fn plain(line: &str) -> String {
    let line = strip_str(line).to_string().replace('\t', " ");
    escape::line(line.trim_end()).into_owned()
}

/// Formats a duration in at most seven columns.
pub(in crate::ui) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}.{}s", time.subsec_millis() / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters_and_counts_wide_characters_twice() {
        for (text, width, expected) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("hello", 1, "…"),
            ("hello", 0, ""),
            ("", 0, ""),
            ("\u{a51}", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("日本語", 2, "…"),
            ("e\u{301}tude", 4, "e\u{301}tu…"),
            ("🚀🚀", 3, "🚀…"),
        ] {
            assert_eq!(cut(text, width), expected, "{text:?} in {width}");
        }
    }

    #[test]
    fn plain_removes_colors_and_control_characters() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\ttext\n"), "red text");
        assert_eq!(columns("\u{1b}[31m日本\u{1b}[0m"), 4);
        assert_eq!(padded("日本", 5), "日本 ");
    }

    #[test]
    fn formats_durations() {
        for (milliseconds, expected) in [
            (0, "0.0s"),
            (1_290, "1.2s"),
            (59_999, "59.9s"),
            (60_000, "1m 00s"),
            (3_599_000, "59m 59s"),
            (3_600_000, "1h 00m"),
            (90_061_000, "25h 01m"),
        ] {
            assert_eq!(took(Duration::from_millis(milliseconds)), expected);
        }
    }
}
