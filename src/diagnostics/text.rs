//! Diagnostics for people: the message, the place and its line.

use std::fmt;

use super::{Diagnostic, Severity};
use owo_colors::OwoColorize;

/// Shows a diagnostic over several lines; colour codes are always written and stripped by the printer.
pub(crate) struct Text<'a>(pub(crate) &'a Diagnostic);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, severity, message, place, help } = self.0;
        let label = match severity {
            Severity::Error => severity.name().red().bold().to_string(),
            Severity::Warning => severity.name().yellow().bold().to_string(),
        };
        writeln!(f, "{label}{}: {message}", format_args!("[{code}]").dimmed())?;
        if let Some(place) = place {
            let (start, end) = (place.start(), place.end());
            let number = start.line.to_string();
            let gutter = " ".repeat(number.len());
            let line = place.source.line(start.line).replace('\t', " ");
            let width = if end.line == start.line {
                end.column.saturating_sub(start.column)
            } else {
                line.chars().count() + 1 - start.column.min(line.chars().count() + 1)
            };
            writeln!(f, "{gutter}{} {}:{}:{}", "-->".blue(), place.source.name(), start.line, start.column)?;
            writeln!(f, "{gutter} {}", "|".blue())?;
            writeln!(f, "{} {} {line}", number.blue(), "|".blue())?;
            writeln!(
                f,
                "{gutter} {} {}{}",
                "|".blue(),
                " ".repeat(start.column - 1),
                "^".repeat(width.max(1)).red()
            )?;
        }
        if let Some(help) = help {
            writeln!(f, "{} {help}", "help:".cyan())?;
        }
        Ok(())
    }
}
