//! Substitution of placeholders that refer to Prefect variables.

use super::{
    budget,
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

/// Result of looking up a variable.
enum Found<'a> {
    Missing,
    /// The placeholder is kept because the templates insert too much data.
    TooLarge,
    Value(&'a Value),
}

impl<'a> Filling<'a> {
    fn find(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>, alone: bool) -> Found<'a> {
        let reference = Reference::Variable { name: placeholder.variable_name() };
        let (found, kind) = match self.documents.get(&reference).and_then(Option::as_ref) {
            None => (Found::Missing, SubstitutionKind::MissingVariable),
            Some(value) if budget::allows(value, placeholder) => return Found::Value(value),
            Some(_) => (Found::TooLarge, SubstitutionKind::TooLarge),
        };
        self.substitutions.push(Substitution::new(kind, trail, placeholder, alone));
        found
    }
}

impl Fill for Filling<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        if let Some(placeholder) = placeholder::only(text).filter(|only| only.kind() == Kind::Variable) {
            return Some(match self.find(&placeholder, trail, true) {
                Found::Missing => Value::from(""),
                Found::TooLarge => Value::from(text),
                Found::Value(value) => value.clone(),
            });
        }
        let filled = placeholder::replace(text, |placeholder| {
            if placeholder.kind() != Kind::Variable {
                return None;
            }
            match self.find(placeholder, trail, false) {
                Found::Missing => Some(String::new()),
                Found::TooLarge => None,
                Found::Value(value) => {
                    self.substitutions.extend(Substitution::embedded(value, trail, placeholder));
                    Some(python::to_text(value))
                }
            }
        });
        Some(Value::String(filled))
    }
}
