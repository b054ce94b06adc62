//! YAML as PyYAML's `SafeLoader` reads it, with the place of every node.
//!
//! Prefect reads `prefect.yaml` with PyYAML, which follows YAML 1.1: `yes` is a boolean, `017` is
//! fifteen, `1:30` is ninety and `2024-01-01` is a date. Text goes through these stages:
//!
//! - `reader`: bytes to text, refusing characters that YAML does not allow;
//! - `parse`: text to events, by a YAML 1.2 parser that `strict` holds to PyYAML's syntax;
//! - `compose`: events to a tree, with anchors, tags and the limits on depth and aliases;
//! - `construct`: the tree to [`Node`]s, with `scalar` and `timestamp` for their rules.
//!
//! `write` is the way back, and `edit` puts something into a text and leaves all the rest as it is written.
//!
//! Nothing is lost on the way that a later message needs: any value can be found by its [`Pointer`].
//!
//! A few texts that PyYAML reads are refused, always with a place: recursive aliases, collections nested more than
//! a hundred levels deep, aliases that expand to millions of values, and, because the parser is stricter there,
//! `{key:[1]}` without a space and anchors that end in punctuation. The line breaks that only YAML 1.1 knows
//! (U+0085, U+2028, U+2029) do not end a line.

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
