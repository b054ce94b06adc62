//! Finds the lines of a `run_shell_script` step that cannot run without a shell.

use std::ops::Range;

use crate::steps::{shell_operator, split_words};

/// Shell builtins that a line may start with.
const BUILTINS: [&str; 26] = [
    ".", "alias", "cd", "declare", "eval", "exec", "exit", "export", "local", "popd", "pushd", "read",
    "readonly", "return", "set", "shift", "shopt", "source", "trap", "type", "ulimit", "umask", "unalias",
    "unset", "wait", "[[",
];

/// Shell keywords that a line may start with.
const KEYWORDS: [&str; 18] = [
    "!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "until", "while", "{", "}",
];

/// A line that cannot run without a shell, with the reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Byte range of the line in the script. Surrounding whitespace is excluded.
    pub(super) range: Range<usize>,
    pub(super) message: String,
}

/// Returns the lines that require a shell. If a line contains an expression, only its first word is checked.
pub(super) fn problems(script: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut start = 0;
    for line in script.split_inclusive('\n') {
        let text = line.trim();
        let offset = start + (line.len() - line.trim_start().len());
        if let Some(message) = problem(text) {
            problems.push(Problem { range: offset..offset + text.len(), message });
        }
        start += line.len();
    }
    problems
}

fn problem(line: &str) -> Option<String> {
    let word = line.split_whitespace().next()?;
    let has_expression = line.contains("<<") && line.contains(">>");
    if word.starts_with('#') {
        Some("the comment is run as a program, because the script runs without a shell".to_owned())
    } else if BUILTINS.contains(&word) {
        Some(format!("`{word}` is a shell builtin, but the script runs without a shell"))
    } else if KEYWORDS.contains(&word) {
        Some(format!("`{word}` is shell syntax, but the script runs without a shell"))
    } else if is_assignment(word) {
        Some(format!("`{word}` is a shell assignment, but the script runs without a shell"))
    } else if line.ends_with('\\') {
        Some(
            "the command cannot continue on the next line, because each line is run as a separate program"
                .to_owned(),
        )
    } else if has_expression {
        None
    } else if let Some(operator) = here_document(line) {
        Some(format!("`{operator}` starts a here-document, which requires a shell"))
    } else if split_words(line).is_err() {
        Some("the quote is not closed on this line, and each line is run as a separate program".to_owned())
    } else {
        let (operator, _) = shell_operator(line)?;
        Some(format!(
            "`{operator}` is passed to the program as an argument, because the script runs without \
                      a shell"
        ))
    }
}

/// Returns whether a word has the form `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn here_document(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| {
        word.strip_prefix("<<").is_some_and(|rest| !rest.starts_with('<') && !rest.contains(">>"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_lines_that_need_a_shell() {
        for (line, expected) in [
            ("# install", Some("comment")),
            ("cd project", Some("`cd` is a shell builtin")),
            ("export TOKEN=abc", Some("`export`")),
            ("TOKEN=abc pip install x", Some("`TOKEN=abc` is a shell assignment")),
            ("FOO=bar", Some("assignment")),
            ("if [ -f x ]; then echo y; fi", Some("`if` is shell syntax")),
            ("pip install -r requirements.txt \\", Some("cannot continue")),
            ("echo \"a", Some("quote")),
            ("cat <<EOT", Some("here-document")),
            ("make && make test", Some("`&&` is passed")),
            ("pip install -r requirements.txt", None),
            ("python -c 'print(1)'", None),
            ("docker run --env A=b image", None),
            ("echo << env.TAG >>", None),
            ("", None),
        ] {
            let message = problem(line);
            match expected {
                None => assert_eq!(message, None, "{line}"),
                Some(part) => {
                    assert!(message.as_deref().unwrap_or_default().contains(part), "{line}: {message:?}");
                }
            }
        }
        let found = problems("make\n  cd é\n\n# x\n");
        assert_eq!(found.iter().map(|problem| problem.range.clone()).collect::<Vec<_>>(), [7..12, 14..17]);
    }
}
