//! Static validation of expressions, before the values of their names are known.

use std::{collections::BTreeSet, ops::Range};

use minijinja::Environment;

use super::{
    error::{ExpressionError, ExpressionProblem},
    filters,
    limits::Budget,
    names::NameUse,
    parse::Expression,
};
use crate::{
    diagnostics::did_you_mean,
    pointer::Pointer,
    template::{trail::Trail, walk},
    value::{Value, any_text},
};

/// An occurrence of a name in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// Path of the string that contains the expression.
    pub(crate) path: Pointer,
    /// Byte range of the name and its keys within the string.
    pub(crate) range: Range<usize>,
    /// First segment of the name, such as `variables` or a step ID.
    pub(crate) root: String,
    /// Literal keys after the name, up to the first key that is not a literal.
    pub(crate) keys: Vec<String>,
    /// Whether the expression handles an undefined name.
    pub(crate) is_guarded: bool,
}

/// Result of validating the expressions of a template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Checked {
    pub(crate) uses: Vec<Use>,
    /// Syntax errors and uses of unknown names.
    pub(crate) errors: Vec<ExpressionError>,
}

/// Validates the expressions of a template. `known` contains all names that may be used.
pub(crate) fn check(template: &Value, known: &BTreeSet<String>) -> Checked {
    let mut checking = Checking { known, engine: None, checked: Checked::default() };
    if may_have_expressions(template) {
        walk::each_text(template, &mut |text, trail| checking.text(text, trail));
    }
    checking.checked
}

/// Checks whether a template may contain expressions. This quick check spares most templates the full
/// validation.
pub(crate) fn may_have_expressions(template: &Value) -> bool {
    any_text(template, &|text| text.contains("<<"))
}

/// Maximum number of errors to collect. Validation of a template stops after this number.
const MOST_ERRORS: usize = 100;

struct Checking<'a> {
    known: &'a BTreeSet<String>,
    /// The expression engine, created for the first expression because most files contain none.
    engine: Option<Environment<'static>>,
    checked: Checked,
}

impl Checking<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) {
        if self.checked.errors.len() >= MOST_ERRORS {
            return;
        }
        for expression in Expression::all(text, &|name: &str| self.known.contains(name)) {
            self.expression(&expression, trail);
        }
    }

    fn expression(&mut self, expression: &Expression<'_>, trail: &Trail<'_>) {
        let engine = self.engine.get_or_insert_with(|| filters::engine(&Budget::default()));
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
