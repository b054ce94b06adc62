//! Prompts that are answered with a line of text: strings, secrets and yes/no questions.

use crossterm::event::{KeyCode, KeyEvent};

use super::{
    super::live::Size,
    line::Line,
    terminal::{Frame, Prompt, Reaction, Span, Style},
};

/// A function that converts a line to an answer, or returns the reason why the line is not a valid answer.
type Parse<T> = fn(&str) -> Result<T, &'static str>;

/// Text that replaces a hidden answer, regardless of the answer's length.
const MASK: &str = "********";

/// A question, and the input line for the answer.
pub(super) struct Question<T> {
    text: String,
    /// The default or the possible answers, shown in parentheses.
    hint: Option<String>,
    /// The answer if the line is empty.
    default: Option<String>,
    is_hidden: bool,
    parse: Parse<T>,
    line: Line,
    problem: Option<&'static str>,
}

impl Question<String> {
    /// Creates a prompt for a string. The string must not be empty, unless the default is an empty string.
    pub(super) fn string(text: String, default: Option<String>) -> Self {
        if default.as_deref() == Some("") {
            return Self::new(text, optional);
        }
        Self { default: default.clone(), hint: default, ..Self::new(text, required) }
    }

    /// Creates a prompt for a string that is not shown while the user types it.
    pub(super) fn secret(text: String, is_required: bool) -> Self {
        Self { is_hidden: true, ..Self::new(text, if is_required { required } else { optional }) }
    }
}

impl Question<bool> {
    /// Creates a yes/no prompt.
    pub(super) fn confirmation(text: String, default: bool) -> Self {
        let (hint, answer) = if default { ("Y/n", "y") } else { ("y/N", "n") };
        Self { hint: Some(hint.to_owned()), default: Some(answer.to_owned()), ..Self::new(text, yes_or_no) }
    }
}

impl<T> Question<T> {
    fn new(text: String, parse: Parse<T>) -> Self {
        let (line, problem) = (Line::default(), None);
        Self { text, hint: None, default: None, is_hidden: false, parse, line, problem }
    }

    fn answer(&self) -> Result<T, &'static str> {
        let typed = self.line.text();
        let typed = typed.trim();
        let is_default = typed.is_empty();
        (self.parse)(self.default.as_deref().filter(|_| is_default).unwrap_or(typed))
    }

    fn head(&self) -> Vec<Span> {
        let mut head = vec![Span::new(Style::Mark, "? "), Span::new(Style::Plain, &self.text)];
        head.extend(self.hint.as_ref().map(|hint| Span::new(Style::Hint, format!(" ({hint})"))));
        head.push(Span::new(Style::Plain, ": "));
        head
    }
}

impl<T> Prompt for Question<T> {
    type Answer = T;

    fn press(&mut self, key: KeyEvent) -> Reaction<T> {
        self.problem = None;
        if key.code != KeyCode::Enter {
            self.line.press(key);
            return Reaction::Pending;
        }
        match self.answer() {
            Ok(answer) => Reaction::Answered(answer),
            Err(problem) => {
                self.problem = Some(problem);
                Reaction::Pending
            }
        }
    }

    fn paste(&mut self, text: &str) {
        self.line.insert(text.trim_end());
    }

    fn frame(&self, _: Size) -> Frame {
        let mut head = self.head();
        let typed = if self.is_hidden { "*".repeat(self.line.len()) } else { self.line.text() };
        head.push(Span::new(Style::Plain, typed));
        let rows = self.problem.iter().map(|problem| Span::new(Style::Problem, *problem)).collect();
        Frame { head, after_cursor: Some(self.line.after_cursor()), rows }
    }

    fn answered(&self) -> Vec<Span> {
        let typed = self.line.text();
        let default = self.default.as_deref().filter(|_| typed.trim().is_empty());
        let answer = if self.is_hidden { MASK } else { default.unwrap_or(typed.trim()) };
        let mut line = self.head();
        line.push(Span::new(Style::Answer, answer));
        line
    }
}

fn required(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("An answer is required") } else { Ok(text.to_owned()) }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of `Parse`")]
fn optional(text: &str) -> Result<String, &'static str> {
    Ok(text.to_owned())
}

/// Parses the answer to a yes/no question. Returns the reason if the text is neither.
pub(super) fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("Please enter Y or N"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types keys. A line break means Enter. Returns the answer and the last line on the terminal.
    fn typed<T>(mut question: Question<T>, keys: &str) -> (Option<T>, String) {
        let mut answer = None;
        for key in keys.chars() {
            let key = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
            if let Reaction::Answered(given) = question.press(key.into()) {
                answer = Some(given);
            }
        }
        let frame = question.frame(Size { width: 80, height: 24 });
        let spans = if answer.is_some() { question.answered() } else { [frame.head, frame.rows].concat() };
        (answer, spans.into_iter().map(|span| span.text).collect())
    }

    #[test]
    fn enter_accepts_the_default() {
        let confirm = |default, keys| typed(Question::confirmation("Go?".to_owned(), default), keys);
        assert_eq!(confirm(true, "\n"), (Some(true), "? Go? (Y/n): y".to_owned()));
        assert_eq!(confirm(false, "\n"), (Some(false), "? Go? (y/N): n".to_owned()));
        assert_eq!(confirm(false, "YES\n"), (Some(true), "? Go? (y/N): YES".to_owned()));
        assert_eq!(confirm(true, "maybe\n"), (None, "? Go? (Y/n): maybePlease enter Y or N".to_owned()));
        let string = |default: Option<&str>, keys| {
            typed(Question::string("Name".to_owned(), default.map(str::to_owned)), keys)
        };
        assert_eq!(string(Some("x"), "\n"), (Some("x".to_owned()), "? Name (x): x".to_owned()));
        assert_eq!(string(Some("x"), " a b \n"), (Some("a b".to_owned()), "? Name (x): a b".to_owned()));
        assert_eq!(string(None, "  \n"), (None, "? Name:   An answer is required".to_owned()));
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = || Question::secret("Token".to_owned(), true);
        assert_eq!(typed(secret(), "abc"), (None, "? Token: ***".to_owned()));
        assert_eq!(typed(secret(), "abc\n"), (Some("abc".to_owned()), "? Token: ********".to_owned()));
    }
}
