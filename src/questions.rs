//! The interface for asking the user questions. The `ui` module implements it.

use crate::secret::Secret;

/// An interface for asking the user questions.
pub(crate) trait Ask {
    /// Returns the index of the selected row, or `None` if the user selects the opt-out row.
    async fn select(&self, question: Select) -> Result<Option<usize>, NoAnswer>;

    /// Asks a yes/no question and returns the answer. An empty answer selects the default.
    async fn confirm(&self, question: &str, default: bool) -> Result<bool, NoAnswer>;

    /// Asks for a string. The string is not empty, unless the default is an empty string.
    async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer>;

    /// Asks for a string that is not shown while the user types it. The string is not empty if `is_required`
    /// is set.
    async fn secret(&self, question: &str, is_required: bool) -> Result<Secret, NoAnswer>;

    /// Prints a line, for example between two questions.
    fn print_line(&self, line: &str);
}

/// A question with a fixed set of answers. Each answer is shown as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) question: String,
    /// The cells of each row.
    pub(crate) rows: Vec<Vec<String>>,
    /// Label of the opt-out row, which is the last row.
    pub(crate) opt_out: Option<&'static str>,
}

impl Select {
    pub(crate) fn new(question: impl Into<String>, rows: Vec<Vec<String>>) -> Self {
        Self { question: question.into(), rows, opt_out: None }
    }

    #[must_use]
    pub(crate) fn or(self, opt_out: &'static str) -> Self {
        Self { opt_out: Some(opt_out), ..self }
    }
}

/// The error returned if the user does not answer a question.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The user pressed Ctrl-C or Escape.
    #[error("the question was not answered")]
    Interrupted,
    #[error("cannot ask: {0}")]
    NoTerminal(#[source] std::io::Error),
}

/// Asks a question until `parse` accepts the answer. Prints the error for each rejected answer and returns the parsed
/// answer.
pub(crate) async fn parsed_text<T>(
    ask: &impl Ask,
    question: &str,
    default: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, NoAnswer> {
    loop {
        match parse(&ask.text(question, default).await?) {
            Ok(parsed) => return Ok(parsed),
            Err(problem) => ask.print_line(&problem),
        }
    }
}

/// Scripted answers for tests.
#[cfg(test)]
pub(crate) mod script {
    use std::{cell::RefCell, collections::VecDeque, io};

    use super::{Ask, NoAnswer, Secret, Select};

    /// Answers questions from a list. An empty answer selects the default, and `!` simulates an interrupt. An
    /// answer selects the row whose first cell it equals, or the opt-out row by its label.
    #[derive(Debug, Default)]
    pub(crate) struct Script {
        answers: RefCell<VecDeque<String>>,
        /// All questions with their defaults and answers, and all lines that were printed between them.
        pub(crate) log: RefCell<Vec<String>>,
    }

    impl Script {
        pub(crate) fn new(answers: &[&str]) -> Self {
            Self {
                answers: RefCell::new(answers.iter().map(ToString::to_string).collect()),
                ..Self::default()
            }
        }

        /// Returns the answers that have not been used.
        pub(crate) fn rest(&self) -> Vec<String> {
            self.answers.borrow().iter().cloned().collect()
        }

        fn answer(&self, question: &str, default: &str) -> Result<String, NoAnswer> {
            let answer = self.answers.borrow_mut().pop_front();
            let shown = answer.as_deref().unwrap_or("(no answer)");
            self.log.borrow_mut().push(format!("{question} [{default}] {shown}"));
            match answer.as_deref() {
                None => Err(NoAnswer::NoTerminal(io::Error::other(format!("no answer to {question}")))),
                Some("!") => Err(NoAnswer::Interrupted),
                Some("") => Ok(default.to_owned()),
                Some(answer) => Ok(answer.to_owned()),
            }
        }
    }

    impl Ask for Script {
        async fn select(&self, question: Select) -> Result<Option<usize>, NoAnswer> {
            let rows: Vec<&str> = question.rows.iter().map(|row| row[0].as_str()).collect();
            let all: Vec<&str> = rows.iter().copied().chain(question.opt_out).collect();
            let answer = self.answer(&question.question, &all.join("|"))?;
            if question.opt_out == Some(answer.as_str()) {
                return Ok(None);
            }
            let row = rows.iter().position(|row| *row == answer);
            row.map(Some).ok_or_else(|| NoAnswer::NoTerminal(io::Error::other(format!("no row {answer}"))))
        }

        async fn confirm(&self, question: &str, default: bool) -> Result<bool, NoAnswer> {
            Ok(self.answer(question, if default { "y" } else { "n" })? == "y")
        }

        async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer> {
            self.answer(question, default.unwrap_or_default())
        }

        async fn secret(&self, question: &str, _: bool) -> Result<Secret, NoAnswer> {
            self.answer(question, "hidden").map(Secret::new)
        }

        fn print_line(&self, line: &str) {
            self.log.borrow_mut().push(line.to_owned());
        }
    }
}
