//! Checking and evaluating the expressions of a template.

use std::{collections::BTreeSet, ops::Range};

use minijinja::value::{Value as EngineValue, ValueKind};

use super::{
    delimiters::{self, Delimited},
    error::{ExpressionError, ExpressionProblem},
    names::{self, Names},
    scope::Scope,
};
use crate::{
    diagnostics::did_you_mean,
    pointer::Pointer,
    template::{
        note::Trail,
        walk::{self, Fill},
    },
    value::Value,
};

/// A name that a template uses in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// Where the text with the expression stands.
    pub(crate) path: Pointer,
    /// The bytes of that text which are the name and its keys.
    pub(crate) range: Range<usize>,
    /// The name itself, such as `variables` or the id of a step.
    pub(crate) root: String,
    /// The keys after it, as far as they are written out.
    pub(crate) keys: Vec<String>,
}

/// What can be said of expressions before their values are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Checked {
    pub(crate) uses: Vec<Use>,
    /// Mistakes of syntax, and names that are not among those known.
    pub(crate) errors: Vec<ExpressionError>,
}

/// Reads the expressions of a template; `known` are all names there will be.
pub(crate) fn check(template: &Value, known: &BTreeSet<String>) -> Checked {
    let mut checking = Checking {
        known,
        scope: Scope::new(&crate::environment::Environment::default()),
        checked: Checked::default(),
    };
    walk::fill(template, &mut checking);
    checking.checked
}

/// The template with its expressions evaluated, or everything that is wrong with them.
///
/// Texts that use one of the names `later` are left as they are, for when those names have values.
pub(crate) fn evaluate(
    template: &Value,
    scope: &Scope,
    later: &BTreeSet<String>,
) -> Result<Value, Vec<ExpressionError>> {
    let mut evaluating = Evaluating { scope, later, errors: Vec::new() };
    let value = walk::fill(template, &mut evaluating).unwrap_or_default();
    if evaluating.errors.is_empty() { Ok(value) } else { Err(evaluating.errors) }
}

/// An expression in a text.
struct Expression<'a> {
    text: &'a str,
    place: Delimited,
    names: Names,
}

impl<'a> Expression<'a> {
    fn all(text: &'a str, is_known: &impl Fn(&str) -> bool) -> Vec<Self> {
        let read = |place: Delimited| {
            let names = names::read(&text[place.inner.clone()], is_known);
            Self { text, place, names }
        };
        delimiters::find(text, is_known).into_iter().map(read).collect()
    }

    fn source(&self) -> String {
        self.text[self.place.inner.clone()].to_owned()
    }

    /// The bytes of the text for bytes of the expression.
    fn in_text(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place.inner.start;
        start + range.start..start + range.end
    }

    fn syntax_error(&self, error: &minijinja::Error) -> ExpressionProblem {
        ExpressionProblem::Syntax { expression: self.source(), reason: reason(error) }
    }

    fn error(&self, trail: &Trail<'_>, problem: ExpressionProblem) -> ExpressionError {
        ExpressionError { path: trail.path(), range: self.place.outer.clone(), problem }
    }
}

/// What the engine says, without the kind of error where it says more.
fn reason(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

struct Checking<'a> {
    known: &'a BTreeSet<String>,
    scope: Scope,
    checked: Checked,
}

impl Fill for Checking<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        for expression in Expression::all(text, &|name: &str| self.known.contains(name)) {
            if let Err(error) = self.scope.compile(&expression.names.source) {
                self.checked.errors.push(expression.error(trail, expression.syntax_error(&error)));
                continue;
            }
            for name in &expression.names.uses {
                let range = expression.in_text(&name.range);
                if !name.is_guarded && !self.known.contains(&name.root) {
                    let suggestion = did_you_mean(&name.root, self.known.iter().map(String::as_str));
                    let problem = ExpressionProblem::Undefined {
                        name: name.root.clone(),
                        suggestion: suggestion.map(str::to_owned),
                    };
                    let range = range.start..range.start + name.root.len();
                    self.checked.errors.push(ExpressionError { path: trail.path(), range, problem });
                }
                let (root, keys) = (name.root.clone(), name.keys.clone());
                self.checked.uses.push(Use {
                    path: trail.path(),
                    range: expression.in_text(&name.range),
                    root,
                    keys,
                });
            }
        }
        None
    }
}

struct Evaluating<'a> {
    scope: &'a Scope,
    later: &'a BTreeSet<String>,
    errors: Vec<ExpressionError>,
}

impl Evaluating<'_> {
    fn evaluate(
        &self,
        expression: &Expression<'_>,
        trail: &Trail<'_>,
    ) -> Result<EngineValue, ExpressionError> {
        // Syntax first: what is no expression has no names either.
        let Names { source, uses } = &expression.names;
        self.scope
            .compile(source)
            .map_err(|error| expression.error(trail, expression.syntax_error(&error)))?;
        for name in uses.iter().filter(|name| !name.is_guarded) {
            if let Some((undefined, suggestion)) = self.scope.first_undefined(&name.root, &name.keys) {
                let problem = ExpressionProblem::Undefined { name: undefined, suggestion };
                let range = expression.in_text(&name.range);
                return Err(ExpressionError { path: trail.path(), range, problem });
            }
        }
        let failed = |reason| ExpressionProblem::Failed { expression: expression.source(), reason };
        match self.scope.evaluate(source) {
            Ok(value) if value.is_undefined() => {
                Err(expression.error(trail, failed("it is not defined".to_owned())))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(expression.error(trail, failed(reason(&error)))),
        }
    }

    fn whole(&self, expression: &Expression<'_>, trail: &Trail<'_>) -> Result<Value, ExpressionError> {
        let value = self.evaluate(expression, trail)?;
        serde_yaml::to_value(&value).map_err(|error| {
            let (expression_text, reason) = (expression.source(), error.to_string());
            expression.error(trail, ExpressionProblem::Failed { expression: expression_text, reason })
        })
    }

    fn part(&self, expression: &Expression<'_>, trail: &Trail<'_>) -> Result<String, ExpressionError> {
        let value = self.evaluate(expression, trail)?;
        let kind = match value.kind() {
            ValueKind::String | ValueKind::Number | ValueKind::Bool => return Ok(value.to_string()),
            ValueKind::None => "null",
            ValueKind::Map => "a mapping",
            ValueKind::Seq | ValueKind::Iterable => "a list",
            _ => "no text",
        };
        let source = expression.source();
        Err(expression.error(trail, ExpressionProblem::NotText { expression: source, kind }))
    }
}

impl Fill for Evaluating<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        let unchanged = Some(Value::from(text));
        let expressions =
            Expression::all(text, &|name: &str| self.scope.knows(name) || self.later.contains(name));
        let mut names = expressions.iter().flat_map(|expression| &expression.names.uses);
        if expressions.is_empty() || names.any(|name| self.later.contains(&name.root)) {
            return unchanged;
        }
        if let [expression] = &expressions[..]
            && expression.place.outer == (0..text.len())
        {
            return self.whole(expression, trail).map_err(|error| self.errors.push(error)).ok();
        }
        let mut result = String::new();
        let mut copied = 0;
        for expression in &expressions {
            result.push_str(&text[copied..expression.place.outer.start]);
            match self.part(expression, trail) {
                Ok(part) => result.push_str(&part),
                Err(error) => self.errors.push(error),
            }
            copied = expression.place.outer.end;
        }
        result.push_str(&text[copied..]);
        Some(Value::String(result))
    }
}

#[cfg(test)]
mod tests;
