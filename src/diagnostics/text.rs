//! Formats diagnostics for people: the message, the location and an excerpt of the source line.

use std::fmt;

use owo_colors::OwoColorize;
use unicode_width::UnicodeWidthStr as _;

use super::{Diagnostic, Severity};
use crate::{escape, names::counted, secret::Redactor};

/// Maximum length of an excerpted source line in bytes. Bounds the work for a long line with many diagnostics, because
/// each excerpt searches the whole line for secrets.
const LONGEST_LINE: usize = 16 * 1024;

/// A diagnostic, formatted as multiple lines of colored text. `redactor` masks secrets in the excerpt of the source
/// line.
pub(crate) struct Text<'a> {
    pub(crate) diagnostic: &'a Diagnostic,
    pub(crate) redactor: &'a Redactor,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, severity, place, help, .. } = self.diagnostic;
        let message = self.diagnostic.text();
        let label = match severity {
            Severity::Error => severity.name().red().bold().to_string(),
            Severity::Warning => severity.name().yellow().bold().to_string(),
        };
        writeln!(f, "{label}{}: {message}", format_args!("[{code}]").dimmed())?;
        if let Some(place) = place {
            let (start, end) = (place.start(), place.end());
            let number = start.line.to_string();
            let gutter = " ".repeat(number.len());
            let name = escape::line(place.source.name());
            writeln!(f, "{gutter}{} {name}:{}:{}", "-->".blue(), start.line, start.column)?;
            if let Some(line) = place.source.line(start.line).filter(|line| line.len() <= LONGEST_LINE) {
                // Secrets are masked first, because a truncated secret in an excerpt would not be recognized.
                let line: String = self.redactor.blank(line).chars().map(visible).collect();
                let until = if end.line == start.line { end.column } else { line.chars().count() + 1 };
                let excerpt = Excerpt::new(&line, start.column - 1, until - 1);
                writeln!(f, "{gutter} {}", "|".blue())?;
                writeln!(f, "{} {} {}", number.blue(), "|".blue(), excerpt.text)?;
                let indent = " ".repeat(excerpt.indent);
                writeln!(f, "{gutter} {} {indent}{}", "|".blue(), "^".repeat(excerpt.width).red())?;
            }
        }
        if let Some(help) = help {
            writeln!(f, "{} {}", "help:".cyan(), escape::message(help))?;
        }
        Ok(())
    }
}

/// The number of errors and warnings, formatted as `2 errors, 1 warning` or `no problems found`.
pub(crate) struct Summary<'a>(pub(crate) &'a [Diagnostic]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let counts = [(errors, "error"), (self.0.len() - errors, "warning")];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(count, noun))
            .collect();
        f.write_str(if parts.is_empty() { "no problems found" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// Replaces control characters with visible characters, because they could change the terminal's state.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{7f}' => '␡',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('␦'),
        '\u{80}'..='\u{9f}' | '\u{feff}' => '␦',
        layout if escape::is_layout(layout) => '␦',
        other => other,
    }
}

/// An excerpt of a source line. Long lines are truncated around the marked range.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    /// Number of terminal columns before the marked range.
    indent: usize,
    /// Width of the marked range in terminal columns. At least 1.
    width: usize,
}

impl Excerpt {
    /// Maximum number of displayed characters.
    const LONGEST: usize = 120;

    /// Creates an excerpt that marks the characters from `start` to `end`. Both positions are 0-based.
    fn new(line: &str, start: usize, end: usize) -> Self {
        let length = line.chars().count();
        let from = if length <= Self::LONGEST {
            0
        } else {
            start.saturating_sub(Self::LONGEST / 2).min(length - Self::LONGEST)
        };
        let until = (from + Self::LONGEST).min(length);
        let part = |from: usize, until: usize| -> String {
            line.chars().skip(from).take(until.saturating_sub(from)).collect()
        };
        let [before, after] = [from > 0, until < length].map(|is_cut| if is_cut { "…" } else { "" });
        Self {
            text: format!("{before}{}{after}", part(from, until)),
            indent: before.width() + part(from, start).width(),
            width: part(start, end.min(until)).width().max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostics::{Code, Place},
        secret,
        source::{Source, Span},
    };

    #[test]
    fn summary_counts_diagnostics() {
        let [error, warning] = [Diagnostic::error(Code::SLA, ""), Diagnostic::warning(Code::SLA, "")];
        for (found, summary) in [
            (vec![], "no problems found"),
            (vec![warning.clone()], "1 warning"),
            (vec![error.clone(), warning, error], "2 errors, 1 warning"),
        ] {
            assert_eq!(Summary(&found).to_string(), summary);
        }
    }

    #[test]
    fn excerpts_do_not_show_the_beginning_of_a_secret() {
        let secret = "CANARY0123456789012345678901234567890123456789";
        let redactor = Redactor::default();
        redactor.learn(&secret::Secret::new(secret));
        for before in 0..130 {
            let line = format!("{}name: 7 {secret}{}", "x".repeat(before), "y".repeat(130));
            let place = Place::new(&Source::new("prefect.yaml", line), Span::new(before + 6, before + 7));
            let diagnostic = Diagnostic::error(Code::SLA, "message").at(place);
            let shown = Text { diagnostic: &diagnostic, redactor: &redactor }.to_string();
            assert!(!shown.contains('C'), "{shown}");
        }
    }

    #[test]
    fn replaces_control_characters() {
        let line: String = "a\t\0\u{1b}[31m\u{7f}é\u{9b}\u{202e}".chars().map(visible).collect();
        assert_eq!(line, "a ␀␛[31m␡é␦␦");
    }

    #[test]
    fn cuts_long_lines_around_the_place() {
        let digits: String = "0123456789".repeat(30);
        let excerpt = |start, end| {
            let Excerpt { text, indent, width } = Excerpt::new(&digits, start, end);
            let marked: String = text.chars().skip(indent).take(width).collect();
            (text.chars().count(), marked)
        };
        assert_eq!(excerpt(3, 5), (121, "34".to_owned()));
        assert_eq!(excerpt(150, 153), (122, "012".to_owned()));
        assert_eq!(excerpt(295, 300), (121, "56789".to_owned()));
        assert_eq!(excerpt(290, 900), (121, "0123456789".to_owned()));
        let short = Excerpt { text: "name: 7".to_owned(), indent: 6, width: 1 };
        assert_eq!((Excerpt::new("name: 7", 6, 7), Excerpt::new("name: 7", 6, 6).width), (short, 1));
    }

    #[test]
    fn marks_terminal_columns_of_wide_and_combining_characters() {
        for (line, start, end, indent, width) in
            [("名前: 値 x", 4, 5, 6, 2), ("e\u{301}t\u{e9}: x", 6, 7, 5, 1), ("🐍🐍 x", 3, 4, 5, 1)]
        {
            let excerpt = Excerpt::new(line, start, end);
            assert_eq!((excerpt.indent, excerpt.width), (indent, width), "{line}");
        }
    }
}
