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

/// How many errors and warnings there are: `2 errors, 1 warning`.
pub(crate) struct Summary<'a>(pub(crate) &'a [Diagnostic]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|one| one.is_error()).count();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

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
}
