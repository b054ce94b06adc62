//! YAML with the semantics of PyYAML's `SafeLoader`, and with the place of every node.
//!
//! Prefect reads `prefect.yaml` with PyYAML, which implements YAML 1.1: `yes` is a boolean, `017` is fifteen, `1:30`
//! is ninety and `2024-01-01` is a date. Parsing has these stages:
//!
//! - `reader` decodes bytes and rejects characters that YAML does not allow;
//! - `parse` produces events with a YAML 1.2 parser, and `strict` rejects syntax that PyYAML does not accept;
//! - `compose` builds a tree with anchors and tags, and enforces limits on depth and aliases;
//! - `construct` converts the tree to [`Node`]s, with the rules of `scalar` and `timestamp`.
//!
//! `write` formats values as YAML. `edit` changes a file and preserves everything else, including comments.
//!
//! Any value can be located by its [`Pointer`].
//!
//! Some texts that PyYAML accepts are rejected: recursive aliases, collections nested more than a hundred levels deep,
//! aliases that expand to millions of values, and a few forms that the parser does not support: a collection directly
//! after the colon of an unquoted key (`{key:[1]}`), `-` or `?` alone in a flow collection, and anchors with
//! punctuation. The line breaks that only YAML 1.1 knows (U+0085, U+2028, U+2029) do not end a line.

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
