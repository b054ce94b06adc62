//! Substitution of placeholders that refer to Prefect variables.

use super::{
    placeholder::{self, Kind, Placeholder},
    reference::{Documents, Reference},
    substitution::{Substitution, SubstitutionKind},
    trail::Trail,
    walk::{self, Fill, Filled},
};
use crate::{python, value::Value};

/// Substitutes variable references with the values in `documents`. A variable that does not exist becomes an
/// empty string.
pub(crate) fn fill(template: &Value, documents: &Documents) -> Filled {
    let mut filling = Filling { documents, substitutions: Vec::new() };
    let value = walk::fill(template, &mut filling).unwrap_or_default();
    Filled { value, substitutions: filling.substitutions }
}

struct Filling<'a> {
    documents: &'a Documents,
    substitutions: Vec<Substitution>,
}

impl<'a> Filling<'a> {
    fn value(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>, alone: bool) -> Option<&'a Value> {
        let reference = Reference::Variable { name: placeholder.variable_name() };
        let value = self.documents.get(&reference).and_then(Option::as_ref);
        if value.is_none() {
            self.substitutions.push(Substitution::new(
                SubstitutionKind::MissingVariable,
                trail,
                placeholder,
                alone,
            ));
        }
        value
    }
}

impl Fill for Filling<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        if let Some(placeholder) = placeholder::only(text).filter(|only| only.kind() == Kind::Variable) {
            let value = self.value(&placeholder, trail, true);
            return Some(value.cloned().unwrap_or_else(|| Value::from("")));
        }
        let filled = placeholder::replace(text, |placeholder| {
            (placeholder.kind() == Kind::Variable).then(|| {
                let Some(value) = self.value(placeholder, trail, false) else { return String::new() };
                self.substitutions.extend(Substitution::embedded(value, trail, placeholder));
                python::to_text(value)
            })
        });
        Some(Value::String(filled))
    }
}
