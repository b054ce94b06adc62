//! References from templates to blocks and variables on the server.

use std::{collections::HashMap, fmt};

use indexmap::IndexSet;

use super::{
    placeholder::{self, BLOCK_PREFIX, Kind, Placeholder},
    walk,
};
use crate::{
    python,
    value::{Mapping, Value},
};

/// A reference to an object on the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reference {
    Block { block_type: String, document: String },
    BlockById { id: String },
    Variable { name: String },
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { block_type, document } => write!(f, "block '{document}' of type '{block_type}'"),
            Self::BlockById { id } => write!(f, "block with ID '{id}'"),
            Self::Variable { name } => write!(f, "variable '{name}'"),
        }
    }
}

impl Reference {
    /// Returns the object that a placeholder refers to, or `None` if the placeholder is malformed or has a different
    /// kind.
    fn in_placeholder(placeholder: &Placeholder<'_>) -> Option<Self> {
        match placeholder.kind() {
            Kind::Block => Self::block(placeholder).map(|(reference, _)| reference),
            Kind::Variable => Some(Self::Variable { name: placeholder.variable_name() }),
            Kind::Environment | Kind::Standard => None,
        }
    }

    /// Returns the block that a placeholder refers to and the optional key path within the block's data, or `None` if
    /// the placeholder is malformed.
    pub(crate) fn block(placeholder: &Placeholder<'_>) -> Option<(Self, Option<String>)> {
        let name = placeholder.name.replace(BLOCK_PREFIX, "");
        let mut parts = name.splitn(3, '.').map(str::to_owned);
        let reference = Self::Block { block_type: parts.next()?, document: parts.next()? };
        Some((reference, parts.next()))
    }

    /// Returns the block that a mapping of the legacy form `{"$ref": {"block_document_id": ...}}` refers to.
    ///
    /// Returns `None` for any other `$ref`, such as one in a JSON schema.
    pub(crate) fn block_by_id(mapping: &Mapping) -> Option<Self> {
        let id = mapping.get("$ref")?.as_mapping()?.get("block_document_id")?;
        let id = python::to_text(id);
        (!matches!(id.as_str(), "" | "None" | "False" | "0")).then_some(Self::BlockById { id })
    }
}

/// Values of references. `None` means that the object does not exist.
pub(crate) type Documents = HashMap<Reference, Option<Value>>;

/// Returns the distinct references in a template, in the order of their first use.
pub(crate) fn references(template: &Value) -> IndexSet<Reference> {
    let mut references = IndexSet::new();
    add_references(template, &mut references);
    references
}

fn add_references(template: &Value, references: &mut IndexSet<Reference>) {
    match template {
        Value::String(text) => {
            let found = placeholder::find(text);
            references.extend(found.filter_map(|placeholder| Reference::in_placeholder(&placeholder)));
        }
        Value::Sequence(items) => items.iter().for_each(|item| add_references(item, references)),
        Value::Mapping(mapping) => match Reference::block_by_id(mapping) {
            Some(reference) => {
                references.insert(reference);
            }
            None => mapping.values().for_each(|entry| add_references(entry, references)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
}

/// Returns the names of all standard placeholders in a template, such as names of step outputs.
pub(super) fn standard_names(template: &Value) -> IndexSet<String> {
    let mut names = IndexSet::new();
    walk::each_text(template, &mut |text, _| {
        let standard = placeholder::find(text).filter(|found| found.kind() == Kind::Standard);
        names.extend(standard.map(|found| found.name.to_owned()));
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collects_distinct_references_in_order() {
        let template: Value = serde_yaml::from_str(
            r##"
            a: "{{ prefect.variables.v }} {{ prefect.blocks.secret.x.value.y }} {{ a }} {{ $E }}"
            b: ["{{prefect.blocks.secret.x}}", {$ref: {block_document_id: "1-2", }, c: "{{ prefect.variables.w }}"}]
            c: {$ref: "#/definitions/X", d: "{{ prefect.variables.v.k }}"}
            d: {$ref: {block_document_id: null}}
            e: "{{ prefect.blocks.secret }}"
            "##,
        )
        .unwrap();
        let found: Vec<_> = references(&template).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["variable 'v'", "block 'x' of type 'secret'", "block with ID '1-2'", "variable 'v.k'"]
        );
    }
}
