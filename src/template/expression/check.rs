//! Checking the expressions of a template before their names have values.

use std::{collections::BTreeSet, ops::Range};

use minijinja::Environment;

use super::{
    error::{ExpressionError, ExpressionProblem},
    filters,
    names::NameUse,
    parse::Expression,
};
use crate::{
    diagnostics::did_you_mean,
    pointer::Pointer,
    template::{
        trail::Trail,
        walk::{self, Fill},
    },
    value::{Value, any_text},
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
    /// Whether the expression says what to do where the name is not defined.
    pub(crate) is_guarded: bool,
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
    let mut checking = Checking { known, engine: None, checked: Checked::default() };
    if may_have_expressions(template) {
        walk::fill(template, &mut checking);
    }
    checking.checked
}

/// Whether it is worth looking: most templates have none.
pub(crate) fn may_have_expressions(template: &Value) -> bool {
    any_text(template, &|text| text.contains("<<"))
}

struct Checking<'a> {
    known: &'a BTreeSet<String>,
    /// Made when the first expression needs it, which in most files none does.
    engine: Option<Environment<'static>>,
    checked: Checked,
}

impl Checking<'_> {
    fn expression(&mut self, expression: &Expression<'_>, trail: &Trail<'_>) {
        let engine = self.engine.get_or_insert_with(filters::engine);
        if let Err(error) = expression.check(engine, trail) {
            self.checked.errors.push(error);
            return;
        }
        for name in &expression.names.uses {
            self.checked.errors.extend(self.undefined(name, expression, trail));
            let NameUse { range, root, keys, is_guarded } = name.clone();
            let range = expression.in_text(&range);
            self.checked.uses.push(Use { path: trail.path(), range, root, keys, is_guarded });
        }
    }

    fn undefined(
        &self,
        name: &NameUse,
        expression: &Expression<'_>,
        trail: &Trail<'_>,
    ) -> Option<ExpressionError> {
        let NameUse { range, root, is_guarded, .. } = name;
        if *is_guarded || self.known.contains(root) {
            return None;
        }
        let suggestion = did_you_mean(root, self.known.iter().map(String::as_str)).map(str::to_owned);
        let problem = ExpressionProblem::Undefined { name: root.clone(), suggestion };
        Some(expression.error_at(&(range.start..range.start + root.len()), trail, problem))
    }
}

impl Fill for Checking<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        for expression in Expression::all(text, &|name: &str| self.known.contains(name)) {
            self.expression(&expression, trail);
        }
        None
    }
}
