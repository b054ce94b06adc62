//! Evaluation of template expressions.

use std::collections::BTreeSet;

use minijinja::value::{Value as EngineValue, ValueKind};

use super::{
    check::may_have_expressions,
    error::{ExpressionError, ExpressionProblem},
    limits,
    parse::Expression,
    scope::Scope,
};
use crate::{
    template::{
        budget,
        trail::Trail,
        walk::{self, Fill},
    },
    value::Value,
};

/// Evaluates all expressions of a template.
///
/// Strings with expressions that use a name in `later` are returned unchanged, so that they can be evaluated once these
/// names have values.
///
/// # Errors
///
/// Returns the errors of all expressions that cannot be evaluated.
pub(crate) fn evaluate(
    template: &Value,
    scope: &Scope,
    later: &BTreeSet<String>,
) -> Result<Value, Vec<ExpressionError>> {
    if !may_have_expressions(template) {
        return Ok(template.clone());
    }
    let mut evaluating = Evaluating { scope, later, errors: Vec::new() };
    let value = walk::fill(template, &mut evaluating).unwrap_or_default();
    if evaluating.errors.is_empty() { Ok(value) } else { Err(evaluating.errors) }
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
        expression.check(self.scope.engine(), trail)?;
        for name in expression.names.uses.iter().filter(|name| !name.is_guarded) {
            if let Some((undefined, suggestion)) = self.scope.first_undefined(&name.root, &name.keys) {
                let problem = ExpressionProblem::Undefined { name: undefined, suggestion };
                return Err(expression.error_at(&name.range, trail, problem));
            }
        }
        let source = expression.source();
        let has_list = || expression.names.uses.iter().any(|name| self.scope.is_list(&name.root, &name.keys));
        if source.contains('*') && limits::repeats_lists(&source, has_list()) {
            let reason = "`*` is not supported for lists".to_owned();
            return Err(expression.error(trail, ExpressionProblem::Failed { expression: source, reason }));
        }
        let failed = |reason| ExpressionProblem::Failed { expression: expression.source(), reason };
        match self.scope.evaluate(&expression.names.source) {
            Ok(value) if value.is_undefined() => {
                Err(expression.error(trail, failed("the result is undefined".to_owned())))
            }
            Ok(value) if !limits::is_small(&value) => {
                Err(expression.error(trail, failed(limits::TOO_LARGE.to_owned())))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(expression.error(trail, failed(limits::reason(&error)))),
        }
    }

    fn whole(&self, expression: &Expression<'_>, trail: &Trail<'_>) -> Result<Value, ExpressionError> {
        let value = self.evaluate(expression, trail)?;
        let failed = |reason: String| {
            let problem = ExpressionProblem::Failed { expression: expression.source(), reason };
            expression.error(trail, problem)
        };
        if has_wide_integer(&value) {
            return Err(failed("an integer does not fit in 64 bits".to_owned()));
        }
        let value = serde_yaml::to_value(&value).map_err(|error| failed(error.to_string()))?;
        if budget::allows_value(&value, expression.place.outer.len()) {
            Ok(value)
        } else {
            Err(failed(limits::too_large_in_total()))
        }
    }

    fn part(&self, expression: &Expression<'_>, trail: &Trail<'_>) -> Result<String, ExpressionError> {
        let value = self.evaluate(expression, trail)?;
        let kind = match value.kind() {
            ValueKind::String | ValueKind::Number | ValueKind::Bool => {
                let text = value.to_string();
                if budget::allows_text(&text, expression.place.outer.len()) {
                    return Ok(text);
                }
                let reason = limits::too_large_in_total();
                let problem = ExpressionProblem::Failed { expression: expression.source(), reason };
                return Err(expression.error(trail, problem));
            }
            ValueKind::None => "null",
            ValueKind::Map => "a mapping",
            ValueKind::Seq | ValueKind::Iterable => "a list",
            _ => "not a string",
        };
        let source = expression.source();
        Err(expression.error(trail, ExpressionProblem::NotText { expression: source, kind }))
    }
}

/// Returns whether a value contains an integer that does not fit in 64 bits. The serializer would convert such an
/// integer to a string.
fn has_wide_integer(value: &EngineValue) -> bool {
    match value.kind() {
        ValueKind::Number => {
            value.is_integer() && value.as_i64().is_none() && u64::try_from(value.clone()).is_err()
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().is_ok_and(|mut items| items.any(|item| has_wide_integer(&item)))
        }
        ValueKind::Map => value.try_iter().is_ok_and(|mut keys| {
            keys.any(|key| {
                has_wide_integer(&key) || value.get_item(&key).is_ok_and(|entry| has_wide_integer(&entry))
            })
        }),
        _ => false,
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
