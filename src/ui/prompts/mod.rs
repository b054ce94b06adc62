//! Interactive prompts. Prompts are written to stderr, so that stdout can be redirected.

mod line;
mod menu;
mod question;
mod terminal;

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use self::{menu::Menu, question::Question, terminal::Prompt};
use super::Ui;
use crate::{
    escape,
    questions::{Ask, NoAnswer, Select},
    secret::Secret,
};

pub(crate) use self::terminal::restore_terminal;

/// How long to wait for an answer on stdin. A pipe that nobody writes to must not block a pipeline.
const PIPED_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns whether the user can be prompted. Both stdin and stderr must be terminals.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Reads the next line from stdin. Returns `None` if stdin is a terminal or has no further line.
async fn piped_line() -> Option<String> {
    if io::stdin().is_terminal() {
        return None;
    }
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = tokio::time::timeout(PIPED_ANSWER_TIMEOUT, read).await.ok()?.ok()?.ok()?;
    (!line.is_empty()).then_some(line)
}

impl Ask for Ui {
    async fn select(&self, question: Select) -> Result<Option<usize>, NoAnswer> {
        let count = question.rows.len();
        let rows = menu::aligned(&question.rows).iter().map(|row| self.line(row)).collect();
        let opt_out = question.opt_out.map(str::to_owned);
        let chosen = self.prompt(Menu::new(self.line(&question.question), rows, opt_out)).await?;
        Ok((chosen < count).then_some(chosen))
    }

    async fn confirm(&self, question: &str, default: bool) -> Result<bool, NoAnswer> {
        if !has_terminal() {
            return self.confirm_in_line(question).await;
        }
        self.prompt(Question::confirmation(self.line(question), default)).await
    }

    async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer> {
        let default = default.map(|default| self.line(default));
        self.prompt(Question::string(self.line(question), default)).await
    }

    async fn secret(&self, question: &str, is_required: bool) -> Result<Secret, NoAnswer> {
        let secret = Secret::new(self.prompt(Question::secret(self.line(question), is_required)).await?);
        self.redactor.learn(&secret);
        Ok(secret)
    }

    fn print_line(&self, line: &str) {
        self.print_message(line);
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

    /// Reads the answer to a yes/no question from stdin, as in `yes | prefectl ...`. Returns `None` if stdin is a
    /// terminal, or if its next line is missing or is not an answer.
    pub(crate) async fn piped_answer(&self, question: &str) -> Option<bool> {
        let answer = question::yes_or_no(piped_line().await?.trim()).ok()?;
        self.print_message(&format!("{} [y/n]: {}", self.line(question), if answer { "y" } else { "n" }));
        Some(answer)
    }

    /// Reads the answer to a question from stdin. The answer is empty if the line is empty. Returns `None` if stdin is a
    /// terminal or has no further line.
    pub(crate) async fn piped_text(&self, question: &str) -> Option<String> {
        let answer = piped_line().await?.trim().to_owned();
        self.print_message(&format!("{}: {}", self.line(question), self.line(&answer)));
        Some(answer)
    }

    /// Converts text to a single line for a prompt. Secrets are redacted and control characters are escaped.
    fn line(&self, text: &str) -> String {
        escape::line(&self.redactor.mask(text).replace(['\n', '\t'], " ")).into_owned()
    }

    async fn prompt<P>(&self, prompt: P) -> Result<P::Answer, NoAnswer>
    where
        P: Prompt + Send + 'static,
        P::Answer: Send + 'static,
    {
        let has_colors = self.screen().has_colors();
        self.waiting(move || terminal::show(prompt, has_colors)).await?.ok_or(NoAnswer::Interrupted)
    }

    /// Runs a blocking prompt on another thread, so that signals are still handled. The live view is
    /// suspended until the prompt returns.
    async fn waiting<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let ui = self.clone();
        let answer = tokio::task::spawn_blocking(move || ui.suspend(ask)).await;
        answer.map_err(|error| NoAnswer::NoTerminal(error.into()))?.map_err(NoAnswer::NoTerminal)
    }
}
