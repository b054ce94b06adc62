//! Parses YAML with the semantics of PyYAML's `SafeLoader` and records the position of every node.
//!
//! Prefect reads `prefect.yaml` with PyYAML, a YAML 1.1 parser: `yes` is a boolean, `017` is fifteen, `1:30`
//! is ninety and `2024-01-01` is a date. A file is parsed in these stages:
//!
//! - `reader` decodes bytes and rejects characters that YAML does not allow.
//! - `scanner` splits the text into tokens, and `parse` produces events, both with the grammar of PyYAML.
//! - `compose` builds a tree, resolves anchors and tags, and enforces limits on depth and aliases.
//! - `construct` converts the tree to [`Node`]s with the help of `scalar` and `timestamp`.
//!
//! The module `overlay` merges the values of two documents. Values of a merged document keep their positions, see
//! `layers`.
//!
//! The module `write` formats values as YAML. The module `edit` changes a file and preserves everything else,
//! including comments. Every value can be located by its [`Pointer`](crate::pointer::Pointer).
//!
//! Some files that PyYAML accepts are rejected: files with recursive aliases, with collections nested more than a
//! hundred levels deep, or with aliases that expand to millions of values.

mod compose;
mod construct;
mod cursor;
mod document;
mod edit;
mod error;
mod event;
mod integer;
mod key;
mod layers;
mod limits;
mod load;
mod node;
mod overlay;
mod parse;
mod reader;
mod scalar;
mod scanner;
mod syntax;
#[cfg(test)]
mod tests;
mod timestamp;
mod value;
mod write;

pub(crate) use document::{Document, DuplicateKey};
pub(crate) use edit::{
    Destination, Edit, append, apply, extend, indent_below_first, invert_flag, move_entries, quote_key,
    quote_value, quote_values, remove_entry, rename_key, split_item, wrap_in_list, wrap_in_mapping,
};
pub(crate) use error::YamlError;
pub(crate) use load::{load, load_overlay};
pub(crate) use node::{Entry, Mapping, Node, NodeKind};
pub(crate) use overlay::{AppendError, Nulls, Overlay};
pub(crate) use reader::decode;
pub(crate) use write::write;
