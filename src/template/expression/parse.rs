//! Parses expressions and validates their filters.

use std::ops::Range;

use minijinja::{Environment, ErrorKind};

use super::{
    delimiters::{self, Delimited},
    error::{ExpressionError, ExpressionProblem},
    filters, limits,
    names::{self, Names},
};
use crate::{diagnostics::did_you_mean, template::trail::Trail};

/// An expression within a string.
pub(super) struct Expression<'a> {
    pub(super) text: &'a str,
    pub(super) place: Delimited,
    /// The names of the expression. Empty if the expression exceeds a limit.
    pub(super) names: Names,
    /// The limit that the expression exceeds.
    excess: Option<String>,
}

impl<'a> Expression<'a> {
    /// Returns the expressions in a string. `is_known` returns `true` for names that exist.
    pub(super) fn all(text: &'a str, is_known: &impl Fn(&str) -> bool) -> Vec<Self> {
        let read = |place: Delimited| {
            let source = &text[place.inner.clone()];
            let excess = limits::too_complex(source);
            let names = if excess.is_none() { names::read(source, is_known) } else { Names::default() };
            Self { text, place, names, excess }
        };
        delimiters::find(text, is_known).into_iter().map(read).collect()
    }

    /// Returns the source of the expression without its delimiters.
    pub(super) fn source(&self) -> String {
        self.text[self.place.inner.clone()].to_owned()
    }

    /// Validates the expression's syntax and filter names.
    pub(super) fn check(&self, engine: &Environment<'_>, trail: &Trail<'_>) -> Result<(), ExpressionError> {
        if let Some(reason) = self.excess.clone() {
            let expression = self.source().chars().take(40).chain("...".chars()).collect();
            return Err(self.error(trail, ExpressionProblem::Syntax { expression, reason }));
        }
        engine.compile_expression(&self.names.source).map_err(|error| {
            self.error(
                trail,
                ExpressionProblem::Syntax { expression: self.source(), reason: limits::reason(&error) },
            )
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

    /// Creates an error that concerns the whole expression.
    pub(super) fn error(&self, trail: &Trail<'_>, problem: ExpressionProblem) -> ExpressionError {
        ExpressionError { path: trail.path(), range: self.place.outer.clone(), problem }
    }

    /// Creates an error that concerns a byte range of the expression.
    pub(super) fn error_at(
        &self,
        range: &Range<usize>,
        trail: &Trail<'_>,
        problem: ExpressionProblem,
    ) -> ExpressionError {
        ExpressionError { path: trail.path(), range: self.in_text(range), problem }
    }

    /// Converts a byte range in the expression to a byte range in the string that contains the expression.
    pub(super) fn in_text(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place.inner.start;
        start + range.start..start + range.end
    }
}

/// Checks whether the syntax and the filters of an expression are valid.
pub(crate) fn is_valid(source: &str) -> bool {
    let text = format!("<< {source} >>");
    let engine = filters::engine(&limits::Budget::default());
    match &Expression::all(&text, &|_: &str| true)[..] {
        [expression] => expression.check(&engine, &Trail::default()).is_ok(),
        _ => false,
    }
}

/// Checks whether a filter is unknown by calling it without arguments. An existing filter fails with a
/// different error.
fn is_unknown_filter(engine: &Environment<'_>, name: &str) -> bool {
    engine.empty_state().apply_filter(name, &[]).is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
}
