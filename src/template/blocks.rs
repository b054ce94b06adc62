//! Substitution of placeholders that refer to blocks.

use super::{
    budget, path,
    placeholder::{self, Kind, Placeholder},
    reference::{Documents, Reference},
    substitution::{Substitution, SubstitutionKind},
    trail::Trail,
    walk::{self, Fill, Filled},
};
use crate::{
    pointer::Pointer,
    python,
    secret::Redactor,
    value::{Mapping, Value, to_json},
};

/// An invalid block reference and its path in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct BlockError {
    pub(crate) path: Pointer,
    pub(crate) problem: BlockProblem,
}

/// The problem with an invalid block reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BlockProblem {
    #[error(
        "Invalid block placeholder format: '{name}'. Expected format: prefect.blocks.<block-type-slug>.<block-document-name>"
    )]
    Format { name: String },
    #[error("Block not found: '{document}' of type '{block_type}'. It may have been deleted or misspelled")]
    NotFound { block_type: String, document: String },
    #[error("Block not found: ID '{id}'. It may have been deleted")]
    IdNotFound { id: String },
    #[error("Invalid template: {template}. Could not resolve the keypath in the block document data")]
    KeyPath { template: String },
    #[error(
        "Invalid template: {template}. Block placeholder {placeholder} resolved to a {python_type}, which cannot be \
         used for inline string substitution: refer to a single string or number in it"
    )]
    Inline { template: String, placeholder: String, python_type: &'static str },
}

/// Substitutes block references with the data in `documents`, and registers this data with `redactor` as
/// secret.
///
/// # Errors
///
/// Returns the errors of all invalid references.
pub(crate) fn fill(
    template: &Value,
    documents: &Documents,
    redactor: &Redactor,
) -> Result<Filled, Vec<BlockError>> {
    let mut filling = Filling { documents, redactor, substitutions: Vec::new(), errors: Vec::new() };
    let value = walk::fill(template, &mut filling).unwrap_or_default();
    if filling.errors.is_empty() {
        Ok(Filled { value, substitutions: filling.substitutions })
    } else {
        Err(filling.errors)
    }
}

/// Returns an error for each block reference that is malformed. Does not check whether the blocks exist.
pub(crate) fn malformed_blocks(template: &Value) -> Vec<BlockError> {
    let mut errors = Vec::new();
    walk::each_text(template, &mut |text, trail| {
        let malformed = placeholder::find(text).filter(|placeholder| {
            placeholder.kind() == Kind::Block && Reference::block(placeholder).is_none()
        });
        errors.extend(malformed.map(|placeholder| BlockError {
            path: trail.path(),
            problem: BlockProblem::Format { name: placeholder.name.to_owned() },
        }));
    });
    errors
}

struct Filling<'a> {
    documents: &'a Documents,
    redactor: &'a Redactor,
    substitutions: Vec<Substitution>,
    errors: Vec<BlockError>,
}

impl Filling<'_> {
    /// Returns the block data that a placeholder refers to. `template` is the string that contains the
    /// placeholder.
    fn value(&self, placeholder: &Placeholder<'_>, template: &str) -> Result<Value, BlockProblem> {
        let (reference, key_path) = Reference::block(placeholder)
            .ok_or_else(|| BlockProblem::Format { name: placeholder.name.to_owned() })?;
        let data = self.data(&reference)?;
        let data = unwrapped(data, key_path.as_deref());
        match key_path {
            None => Ok(data.clone()),
            Some(key_path) => path::get(data, &key_path)
                .map(std::borrow::Cow::into_owned)
                .ok_or_else(|| BlockProblem::KeyPath { template: python::quoted(template) }),
        }
    }

    fn data(&self, reference: &Reference) -> Result<&Value, BlockProblem> {
        self.documents.get(reference).and_then(Option::as_ref).ok_or_else(|| match reference.clone() {
            Reference::Block { block_type, document } => BlockProblem::NotFound { block_type, document },
            Reference::BlockById { id } | Reference::Variable { name: id } => BlockProblem::IdNotFound { id },
        })
    }

    fn inline(&self, placeholder: &Placeholder<'_>, template: &str) -> Result<String, BlockProblem> {
        let value = self.value(placeholder, template)?;
        let python_type = match value {
            Value::Mapping(_) => "dict",
            Value::Sequence(_) => "list",
            _ => {
                self.redactor.learn_value(&to_json(&value));
                return Ok(python::to_text(&value));
            }
        };
        Err(BlockProblem::Inline {
            template: python::quoted(template),
            placeholder: python::quoted(placeholder.text),
            python_type,
        })
    }

    /// Returns the value of `result`. If `result` is an error, records it and returns `None`.
    fn noted<T>(&mut self, result: Result<T, BlockProblem>, trail: &Trail<'_>) -> Option<T> {
        result.map_err(|problem| self.errors.push(BlockError { path: trail.path(), problem })).ok()
    }
}

impl Fill for Filling<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        if let Some(placeholder) = placeholder::only(text).filter(|only| only.kind() == Kind::Block) {
            let value = self.noted(self.value(&placeholder, text), trail)?;
            self.redactor.learn_value(&to_json(&value));
            let kind = kind(budget::allows(&value, &placeholder));
            self.substitutions.push(Substitution::new(kind, trail, &placeholder, true));
            return Some(if kind == SubstitutionKind::TooLarge { Value::from(text) } else { value });
        }
        let filled = placeholder::replace(text, |placeholder| {
            if placeholder.kind() != Kind::Block {
                return None;
            }
            let value = self.noted(self.inline(placeholder, text), trail)?;
            let kind = kind(budget::allows_text(&value, placeholder.text.len()));
            self.substitutions.push(Substitution::new(kind, trail, placeholder, false));
            (kind == SubstitutionKind::Secret).then_some(value)
        });
        Some(Value::String(filled))
    }

    fn mapping(&mut self, mapping: &Mapping, trail: &Trail<'_>) -> Option<Value> {
        let reference = Reference::block_by_id(mapping)?;
        let data = self.data(&reference).cloned();
        let data = self.noted(data, trail)?;
        self.redactor.learn_value(&to_json(&data));
        let kind = kind(budget::allows_value(&data, 0));
        self.substitutions.push(Substitution::of_mapping(kind, trail, reference.to_string()));
        (kind == SubstitutionKind::Secret).then_some(data)
    }
}

/// Returns the kind of a substitution of block data. `is_allowed` is `false` if the templates insert too much data.
fn kind(is_allowed: bool) -> SubstitutionKind {
    if is_allowed { SubstitutionKind::Secret } else { SubstitutionKind::TooLarge }
}

/// Returns the data to which a key path is applied. If `value` is the only field of a block, this is the field's value,
/// unless the key path starts with `value` itself.
fn unwrapped<'a>(data: &'a Value, key_path: Option<&str>) -> &'a Value {
    let only_value =
        data.as_mapping().filter(|fields| fields.len() == 1).and_then(|fields| fields.get("value"));
    match only_value {
        Some(value) if !key_path.is_some_and(names_value_field) => value,
        _ => data,
    }
}

/// Checks whether the first segment of a key path is `value`. This is the case for `value.a` and `value[0]`,
/// but not for `values`.
fn names_value_field(key_path: &str) -> bool {
    key_path.strip_prefix("value").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
