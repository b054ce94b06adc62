//! References between blocks.

use serde_json::Value as Json;

use crate::template::{
    Reference,
    placeholder::{self, Kind},
};

/// A reference from a block's field to another block. In declarations, the reference is the placeholder `{{
/// prefect.blocks.TYPE.NAME }}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockReference {
    kind: String,
    name: String,
}

impl BlockReference {
    pub(crate) fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// Parses a string that consists of a placeholder for a whole block. Returns `None` for other values.
    pub(crate) fn parse(value: &Json) -> Option<Self> {
        let placeholder = placeholder::only(value.as_str()?).filter(|found| found.kind() == Kind::Block)?;
        match Reference::block(&placeholder)? {
            (Reference::Block { block_type, document }, None) => Some(Self::new(block_type, document)),
            _ => None,
        }
    }

    /// Returns the slug of the block's type.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the block's name in the form `TYPE/NAME`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    pub(crate) fn placeholder(&self) -> String {
        format!("{{{{ prefect.blocks.{}.{} }}}}", self.kind, self.name)
    }
}

/// Returns whether a value contains a placeholder for a block or for a block's value.
pub(crate) fn has_block_placeholder(value: &Json) -> bool {
    match value {
        Json::String(text) => placeholder::find(text).any(|found| found.kind() == Kind::Block),
        Json::Array(items) => items.iter().any(has_block_placeholder),
        Json::Object(entries) => entries.values().any(has_block_placeholder),
        _ => false,
    }
}
