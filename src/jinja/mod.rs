//! Checks the syntax of Jinja templates. The server renders them when an automation runs.
//!
//! A template is valid if Jinja 3.1 can parse it and if it satisfies the server's loop limits. Undefined names and
//! filters are valid, because the server reports them only when it renders the template.

mod expressions;
mod lexer;
mod parser;
mod statements;

use std::ops::Range;

use parser::Parser;

/// Maximum number of `for` loops in a template.
const MAX_LOOPS: usize = 10;

/// Maximum nesting depth of `for` loops.
const MAX_LOOP_DEPTH: usize = 2;

/// Opening delimiter of an expression.
const OPENING: &str = "{{ ";

/// An error in a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SyntaxError {
    /// Jinja's error message.
    pub(crate) message: String,
    /// Byte range of the error. Empty at the end of the template.
    pub(crate) range: Range<usize>,
}

/// Returns whether a string contains a Jinja delimiter. The server does not render other strings.
pub(crate) fn may_be_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Checks the syntax of a template.
///
/// # Errors
///
/// Returns the first error.
pub(crate) fn check(template: &str) -> Result<(), SyntaxError> {
    let mut parser = Parser::new(template);
    parser.template()?;
    let error = |message: String| Err(SyntaxError { message, range: 0..template.len() });
    match (parser.loops, parser.deepest_loop) {
        (loops, _) if loops > MAX_LOOPS => error(format!(
            "Contains {loops} for loops. Templates can contain no more than {MAX_LOOPS} for loops."
        )),
        (_, depth) if depth > MAX_LOOP_DEPTH => error(format!(
            "Contains nested for loops at a depth of {depth}. Templates can nest for loops no more than \
             {MAX_LOOP_DEPTH} loops deep."
        )),
        _ => Ok(()),
    }
}

/// Checks the syntax of a template in a run's parameters. If the template is a single `{{ expression }}`, the server
/// appends a filter to the expression.
///
/// # Errors
///
/// Returns the first error. Its range refers to the given template.
pub(crate) fn check_parameter(template: &str) -> Result<(), SyntaxError> {
    let trimmed = template.trim();
    let inner = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let Some(inner) = inner.filter(|_| trimmed.matches("{{").count() == 1) else { return check(template) };
    let expression = inner.trim();
    let start = template.find("{{").unwrap_or_default() + "{{".len();
    let start = start + (inner.len() - inner.trim_start().len());
    check(&format!("{OPENING}{expression} | tojson }}}}")).map_err(|error| {
        let original = |offset: usize| start + offset.saturating_sub(OPENING.len()).min(expression.len());
        SyntaxError { range: original(error.range.start)..original(error.range.end), ..error }
    })
}

#[cfg(test)]
mod tests;
