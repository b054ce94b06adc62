//! Interactive prompts. Prompts are written to stderr, so that stdout can be redirected.

use std::io::{self, IsTerminal as _, Write as _};

use inquire::{CustomUserError, InquireError, ui::RenderConfig, validator::Validation};

use super::{Ui, escape::escape_controls};
use crate::{
    questions::{Ask, NoAnswer, Select},
    secret::Secret,
};

/// Number of rows of a selection that are visible at the same time.
const PAGE_SIZE: usize = 10;
/// Maximum number of characters in a cell of a selection.
const MAX_CELL_LENGTH: usize = 60;

/// Returns whether the user can be prompted. Both stdin and stderr must be terminals.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Restores the terminal after a signal has interrupted a prompt.
pub(crate) fn restore_terminal() {
    // The terminal may already be closed.
    let _ = crossterm::terminal::disable_raw_mode();
}

impl Ask for Ui {
    async fn select(&self, question: Select) -> Result<Option<usize>, NoAnswer> {
        let (text, style) = (self.line(&question.question), self.style());
        let count = question.rows.len();
        let rows = aligned(&question.rows).into_iter().chain(question.opt_out.map(str::to_owned));
        let rows: Vec<String> = rows.map(|row| self.line(&row)).collect();
        let chosen = self.waiting(move || {
            let select =
                inquire::Select::new(&text, rows).with_page_size(PAGE_SIZE).with_render_config(style);
            select.raw_prompt()
        });
        let chosen = chosen.await?;
        Ok((chosen.index < count).then_some(chosen.index))
    }

    async fn confirm(&self, question: &str, default: Option<bool>) -> Result<bool, NoAnswer> {
        if !has_terminal() {
            return self.confirm_in_line(question).await;
        }
        let (text, style) = (self.line(question), self.style());
        self.waiting(move || {
            let confirm = inquire::Confirm::new(&text).with_render_config(style);
            let confirm = default.into_iter().fold(confirm, inquire::Confirm::with_default);
            confirm.prompt()
        })
        .await
    }

    async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer> {
        let (text, style) = (self.line(question), self.style());
        let default = default.map(|default| self.line(default));
        let answer = self.waiting(move || {
            let prompt = inquire::Text::new(&text).with_render_config(style);
            let prompt = default.iter().fold(prompt, |prompt, default| prompt.with_default(default));
            prompt.with_validator(not_empty).prompt()
        });
        Ok(answer.await?.trim().to_owned())
    }

    async fn secret(&self, question: &str) -> Result<Secret, NoAnswer> {
        let (text, style) = (self.line(question), self.style());
        let answer = self.waiting(move || {
            inquire::Password::new(&text)
                .with_render_config(style)
                .without_confirmation()
                .with_validator(not_empty)
                .prompt()
        });
        let secret = Secret::new(answer.await?);
        self.redactor.learn(&secret);
        Ok(secret)
    }

    fn tell(&self, line: &str) {
        Self::tell(self, line);
    }
}

impl Ui {
    /// Prints a question and reads a line from stdin. Used if stdin is not a terminal. Any answer other than
    /// `y` or `yes` means no.
    async fn confirm_in_line(&self, question: &str) -> Result<bool, NoAnswer> {
        let question = self.shown(question);
        let answer = self.waiting(move || {
            let _ = write!(io::stderr(), "{question} [y/n]: ");
            let mut answer = String::new();
            let read = io::stdin().read_line(&mut answer);
            Ok(read.map(|_| answer).unwrap_or_default())
        });
        Ok(matches!(answer.await?.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Converts text to a single line for a prompt. Secrets are redacted and control characters are escaped.
    fn line(&self, text: &str) -> String {
        let line = self.redactor.mask(text).replace(['\n', '\t'], " ");
        escape_controls(&line).into_owned()
    }

    fn style(&self) -> RenderConfig<'static> {
        if self.screen().has_colors() { RenderConfig::default_colored() } else { RenderConfig::empty() }
    }

    /// Runs a blocking prompt on another thread, so that signals are still handled. The live view is
    /// suspended until the prompt returns.
    async fn waiting<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let ui = self.clone();
        let answer = tokio::task::spawn_blocking(move || ui.suspend(ask)).await;
        answer.map_err(|error| NoAnswer::NoTerminal(error.into()))?.map_err(|error| match error {
            InquireError::OperationInterrupted | InquireError::OperationCanceled => NoAnswer::Interrupted,
            InquireError::IO(error) => NoAnswer::NoTerminal(error),
            other => NoAnswer::NoTerminal(io::Error::other(other.to_string())),
        })
    }
}

/// Rejects an empty answer.
#[expect(clippy::unnecessary_wraps, reason = "the signature of validators")]
fn not_empty(text: &str) -> Result<Validation, CustomUserError> {
    let is_empty = text.trim().is_empty();
    Ok(if is_empty { Validation::Invalid("an answer is required".into()) } else { Validation::Valid })
}

/// Aligns the cells of all rows in columns.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let cut = |cell: &String| -> String {
        let line = cell.lines().next().unwrap_or_default();
        match line.char_indices().nth(MAX_CELL_LENGTH) {
            Some((end, _)) => format!("{}...", line[..end].trim_end()),
            None => line.to_owned(),
        }
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cut).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_rows_and_cuts_long_cells() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let long = "x".repeat(70);
        let rows = [row(&["hello", "a.py:hello", "one\ntwo"]), row(&["é", "b.py:e", &long])];
        let cut = format!("{}...", "x".repeat(60));
        assert_eq!(aligned(&rows), ["hello  a.py:hello  one", &format!("é      b.py:e      {cut}")]);
        assert!(aligned(&[]).is_empty());
    }
}
