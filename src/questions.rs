//! How the domain asks its questions; the `ui` module puts them to the user.

use crate::secret::Secret;

/// Puts questions to somebody who answers them.
pub(crate) trait Ask {
    /// The number of the row that is chosen; `None` stands for the row that opts out.
    async fn select(&self, question: Select) -> Result<Option<usize>, NoAnswer>;

    /// A yes or a no.
    async fn confirm(&self, question: &str, default: Option<bool>) -> Result<bool, NoAnswer>;

    /// A text that is not empty.
    async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer>;

    /// A text that is not shown while it is typed.
    async fn secret(&self, question: &str) -> Result<Secret, NoAnswer>;

    /// Tells something between two questions.
    fn tell(&self, line: &str);
}

/// A choice of one row of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) question: String,
    /// The cells of each row.
    pub(crate) rows: Vec<Vec<String>>,
    /// A last row, for none of those above.
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

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Ctrl-C or Escape.
    #[error("the question was not answered")]
    Interrupted,
    #[error("cannot ask: {0}")]
    NoTerminal(#[source] std::io::Error),
}

/// Asks until an answer fits: `fitting` gives what is made of it, or what is wrong with it.
pub(crate) async fn fitting_text<T>(
    ask: &impl Ask,
    question: &str,
    default: Option<&str>,
    fitting: impl Fn(&str) -> Result<T, String>,
) -> Result<T, NoAnswer> {
    loop {
        match fitting(&ask.text(question, default).await?) {
            Ok(fitting) => return Ok(fitting),
            Err(problem) => ask.tell(&problem),
        }
    }
}

/// Answers from a list, and a record of what was asked.
#[cfg(test)]
pub(crate) mod script {
    use std::{cell::RefCell, collections::VecDeque, io};

    use super::{Ask, NoAnswer, Secret, Select};

    /// Gives the answers of a script one after the other: an empty one takes the default, `!` interrupts. A row is
    /// chosen by its first cell, or by the text of the row that opts out.
    #[derive(Debug, Default)]
    pub(crate) struct Script {
        answers: RefCell<VecDeque<String>>,
        /// Every question with its default and its answer, and what was told.
        pub(crate) log: RefCell<Vec<String>>,
    }

    impl Script {
        pub(crate) fn new(answers: &[&str]) -> Self {
            Self {
                answers: RefCell::new(answers.iter().map(ToString::to_string).collect()),
                ..Self::default()
            }
        }

        /// The answers that nothing asked for.
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

        async fn confirm(&self, question: &str, default: Option<bool>) -> Result<bool, NoAnswer> {
            let default = default.map_or("", |default| if default { "y" } else { "n" });
            Ok(self.answer(question, default)? == "y")
        }

        async fn text(&self, question: &str, default: Option<&str>) -> Result<String, NoAnswer> {
            self.answer(question, default.unwrap_or_default())
        }

        async fn secret(&self, question: &str) -> Result<Secret, NoAnswer> {
            self.answer(question, "hidden").map(Secret::new)
        }

        fn tell(&self, line: &str) {
            self.log.borrow_mut().push(line.to_owned());
        }
    }
}
