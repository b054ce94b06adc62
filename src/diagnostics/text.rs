//! Diagnostics for people: the message, the place and its line.

use std::fmt;

use owo_colors::OwoColorize;

use super::{Diagnostic, Severity};
use crate::secret::Redactor;

/// A diagnostic as several lines of text with color codes. The source line has no secrets.
pub(crate) struct Text<'a> {
    pub(crate) diagnostic: &'a Diagnostic,
    pub(crate) redactor: &'a Redactor,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, severity, message, place, help } = self.diagnostic;
        let label = match severity {
            Severity::Error => severity.name().red().bold().to_string(),
            Severity::Warning => severity.name().yellow().bold().to_string(),
        };
        writeln!(f, "{label}{}: {message}", format_args!("[{code}]").dimmed())?;
        if let Some(place) = place {
            let (start, end) = (place.start(), place.end());
            let number = start.line.to_string();
            let gutter = " ".repeat(number.len());
            writeln!(f, "{gutter}{} {}:{}:{}", "-->".blue(), place.source.name(), start.line, start.column)?;
            if let Some(line) = place.source.line(start.line) {
                // An excerpt may cut a secret, which is no longer recognised then.
                let line: String = self.redactor.blank(line).chars().map(visible).collect();
                let until = if end.line == start.line { end.column } else { line.chars().count() + 1 };
                let excerpt = Excerpt::of(&line, start.column - 1, until - 1);
                writeln!(f, "{gutter} {}", "|".blue())?;
                writeln!(f, "{} {} {}", number.blue(), "|".blue(), excerpt.text)?;
                let indent = " ".repeat(excerpt.start);
                writeln!(f, "{gutter} {} {indent}{}", "|".blue(), "^".repeat(excerpt.width).red())?;
            }
        }
        if let Some(help) = help {
            writeln!(f, "{} {help}", "help:".cyan())?;
        }
        Ok(())
    }
}

/// How many errors and warnings there are: `2 errors, 1 warning`.
pub(crate) struct Summary<'a>(pub(crate) &'a [Diagnostic]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let counts = [(errors, "error"), (self.0.len() - errors, "warning")];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        f.write_str(if parts.is_empty() { "nothing found" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// A character of a file as one that a terminal shows and does not act on.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{7f}' => '␡',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('␦'),
        '\u{80}'..='\u{9f}' | '\u{feff}' => '␦',
        other => other,
    }
}

/// A line as it is shown: of a very long one, what is around the place.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    /// Where the place starts in `text`, and how much is underlined, in characters.
    start: usize,
    width: usize,
}

impl Excerpt {
    /// More than this many characters of a line help nobody.
    const LONGEST: usize = 120;

    /// `start` and `end` count characters from 0.
    fn of(line: &str, start: usize, end: usize) -> Self {
        let width = end.saturating_sub(start).max(1);
        let length = line.chars().count();
        if length <= Self::LONGEST {
            return Self { text: line.to_owned(), start, width };
        }
        let from = start.saturating_sub(Self::LONGEST / 2).min(length - Self::LONGEST);
        let shown: String = line.chars().skip(from).take(Self::LONGEST).collect();
        let [before, after] =
            [from > 0, from + Self::LONGEST < length].map(|is_cut| if is_cut { "…" } else { "" });
        let left = from - before.chars().count(); // the sign of the cut takes a column
        let longest = (from + Self::LONGEST).saturating_sub(start).max(1);
        Self { text: format!("{before}{shown}{after}"), start: start - left, width: width.min(longest) }
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
    fn a_summary_counts() {
        let [error, warning] = [Diagnostic::error(Code::SLA, ""), Diagnostic::warning(Code::SLA, "")];
        for (found, summary) in [
            (vec![], "nothing found"),
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
    fn control_characters_are_shown_as_pictures() {
        let line: String = "a\t\0\u{1b}[31m\u{7f}é\u{9b}".chars().map(visible).collect();
        assert_eq!(line, "a ␀␛[31m␡é␦");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let digits: String = "0123456789".repeat(30);
        let excerpt = |start, end| {
            let Excerpt { text, start, width } = Excerpt::of(&digits, start, end);
            let marked: String = text.chars().skip(start).take(width).collect();
            (text.chars().count(), marked)
        };
        assert_eq!(excerpt(3, 5), (121, "34".to_owned()));
        assert_eq!(excerpt(150, 153), (122, "012".to_owned()));
        assert_eq!(excerpt(295, 300), (121, "56789".to_owned()));
        assert_eq!(excerpt(290, 900), (121, "0123456789".to_owned()));
        let short = Excerpt { text: "name: 7".to_owned(), start: 6, width: 1 };
        assert_eq!((Excerpt::of("name: 7", 6, 7), Excerpt::of("name: 7", 6, 6).width), (short, 1));
    }
}
