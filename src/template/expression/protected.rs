//! Removes expressions with the `literal` filter from templates, so that placeholders in them are not treated as
//! references.

use super::parse::Expression;
use crate::{
    template::{
        trail::Trail,
        walk::{self, Fill},
    },
    value::Value,
};

/// Name of the filter that protects its result.
const LITERAL: &str = "literal";

/// Returns a template without the expressions that use the filter `literal`.
pub(crate) fn without_literals(template: &Value) -> Value {
    walk::fill(template, &mut Removing).unwrap_or_default()
}

struct Removing;

impl Fill for Removing {
    fn text(&mut self, text: &str, _: &Trail<'_>) -> Option<Value> {
        let mut rest = text.to_owned();
        let expressions = Expression::all(text, &|_: &str| true);
        for expression in expressions.iter().rev() {
            let mut filters = expression.names.filters.iter();
            if filters.any(|filter| &text[expression.in_text(filter)] == LITERAL) {
                rest.replace_range(expression.place.outer.clone(), "");
            }
        }
        Some(Value::String(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_literals() {
        for (text, expected) in [
            (r#"<< "{{ prefect.variables.x }}" | literal >>"#, ""),
            (r#"{{ a }}<< "{{ b }}"|literal >>{{ c }}<< '{{ d }}' >>"#, "{{ a }}{{ c }}<< '{{ d }}' >>"),
            ("<< variables.x | lower | literal >> é", " é"),
            ("<< 'literal' >> << x", "<< 'literal' >> << x"),
        ] {
            assert_eq!(without_literals(&Value::from(text)), Value::from(expected), "{text}");
        }
    }
}
