//! Parses YAML with the semantics of PyYAML's `SafeLoader` and records the position of every node.
//!
//! Prefect reads `prefect.yaml` with PyYAML, which implements YAML 1.1: `yes` is a boolean, `017` is fifteen, `1:30`
//! is ninety and `2024-01-01` is a date. A file is parsed in several stages:
//!
//! - `reader` decodes bytes and rejects characters that YAML does not allow.
//! - `parse` produces events with a YAML 1.2 parser, and `strict` rejects syntax that PyYAML does not accept.
//! - `compose` builds a tree, resolves anchors and tags, and enforces limits on depth and aliases.
//! - `construct` converts the tree to [`Node`]s with the help of `scalar` and `timestamp`.
//!
//! The module `write` formats values as YAML. The module `edit` changes a file and preserves everything else,
//! including comments. Every value can be located by its [`Pointer`].
//!
//! Some files that PyYAML accepts are rejected:
//!
//! - Files with recursive aliases, with collections nested more than a hundred levels deep, or with aliases that
//!   expand to millions of values.
//! - Files with syntax that the parser does not support: a collection directly after the colon of an unquoted key
//!   (`{key:[1]}`), `-` or `?` alone in a flow collection, and anchors with punctuation.
//!
//! The characters U+0085, U+2028 and U+2029, which are line breaks in YAML 1.1, do not end a line.

mod compose;
mod construct;
mod cursor;
mod document;
mod edit;
mod error;
mod event;
mod integer;
mod key;
mod limits;
mod load;
mod node;
mod parse;
mod reader;
mod scalar;
mod strict;
mod syntax;
#[cfg(test)]
mod tests;
mod timestamp;
mod value;
mod write;

pub(crate) use document::Document;
pub(crate) use edit::{Edit, append, extend};
pub(crate) use load::load;
pub(crate) use reader::decode;
pub(crate) use write::write;
