//! An expression read out of a text, and the mistakes that show before its names have values.

use std::ops::Range;

use minijinja::{Environment, ErrorKind};

use super::{
    delimiters::{self, Delimited},
    error::{ExpressionError, ExpressionProblem},
    filters,
    names::{self, Names},
};
use crate::{diagnostics::did_you_mean, template::trail::Trail};

/// How long an expression may be, quoted texts aside: one of ten thousands of terms would take more stack than there is.
const LONGEST: usize = 4096;

/// An expression in a text.
pub(super) struct Expression<'a> {
    pub(super) text: &'a str,
    pub(super) place: Delimited,
    pub(super) names: Names,
}

impl<'a> Expression<'a> {
    /// The expressions of a text; `is_known` tells which names there are.
    pub(super) fn all(text: &'a str, is_known: &impl Fn(&str) -> bool) -> Vec<Self> {
        let read = |place: Delimited| {
            let names = names::read(&text[place.inner.clone()], is_known);
            Self { text, place, names }
        };
        delimiters::find(text, is_known).into_iter().map(read).collect()
    }

    /// The expression as it is written, without its delimiters.
    pub(super) fn source(&self) -> String {
        self.text[self.place.inner.clone()].to_owned()
    }

    /// Checks the syntax, and that there are the filters it uses.
    pub(super) fn check(&self, engine: &Environment<'_>, trail: &Trail<'_>) -> Result<(), ExpressionError> {
        if unquoted(&self.text[self.place.inner.clone()]) > LONGEST {
            let expression = self.source().chars().take(40).chain("...".chars()).collect();
            let reason = format!("it is longer than {LONGEST} characters");
            return Err(self.error(trail, ExpressionProblem::Syntax { expression, reason }));
        }
        engine.compile_expression(&self.names.source).map_err(|error| {
            self.error(trail, ExpressionProblem::Syntax { expression: self.source(), reason: reason(&error) })
        })?;
        for range in &self.names.filters {
            let name = &self.text[self.in_text(range)];
            if is_unknown_filter(engine, name) {
                let suggestion = did_you_mean(name, filters::COMMON.map(|(name, _)| name)).map(str::to_owned);
                let problem = ExpressionProblem::UnknownFilter { name: name.to_owned(), suggestion };
                return Err(self.error_at(range, trail, problem));
            }
        }
        Ok(())
    }

    /// A mistake of the whole expression.
    pub(super) fn error(&self, trail: &Trail<'_>, problem: ExpressionProblem) -> ExpressionError {
        ExpressionError { path: trail.path(), range: self.place.outer.clone(), problem }
    }

    /// A mistake at some bytes of the expression.
    pub(super) fn error_at(
        &self,
        range: &Range<usize>,
        trail: &Trail<'_>,
        problem: ExpressionProblem,
    ) -> ExpressionError {
        ExpressionError { path: trail.path(), range: self.in_text(range), problem }
    }

    /// The bytes of the text for bytes of the expression.
    pub(super) fn in_text(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place.inner.start;
        start + range.start..start + range.end
    }
}

/// How many characters of an expression are not in quotes.
fn unquoted(source: &str) -> usize {
    let (mut quote, mut is_escaped, mut count) = (None, false, 0);
    for character in source.chars() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if character == '\\' => is_escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None => {
                count += 1;
                quote = matches!(character, '"' | '\'').then_some(character);
            }
        }
    }
    count
}

/// Applied to nothing, a filter that exists complains of something else.
fn is_unknown_filter(engine: &Environment<'_>, name: &str) -> bool {
    engine.empty_state().apply_filter(name, &[]).is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
}

/// What the engine says, without the kind of error where it says more.
pub(super) fn reason(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_does_not_count() {
        for (source, count) in [("a + 1", 5), ("'abc'", 1), (r#""a\"b" ~ 'c'"#, 5), ("it's", 3)] {
            assert_eq!(unquoted(source), count, "{source}");
        }
    }
}
