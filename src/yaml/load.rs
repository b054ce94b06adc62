//! The entry points of the YAML parser.

use super::{
    compose::{self, Tags},
    construct,
    document::Document,
    error::YamlError,
    reader,
};
use crate::source::Source;

/// Parses a YAML text that contains at most one document. The value of an empty text is null.
pub(crate) fn load(source: &Source) -> Result<Document, YamlError> {
    load_with(source, Tags::Standard)
}

/// Parses a YAML overlay. In addition to the tags that [`load`] supports, lists may have the tag `!append`.
pub(crate) fn load_overlay(source: &Source) -> Result<Document, YamlError> {
    load_with(source, Tags::Overlay)
}

fn load_with(source: &Source, tags: Tags) -> Result<Document, YamlError> {
    reader::check_characters(source.text())?;
    let tree = compose::compose(source.text(), tags)?;
    construct::construct(source, &tree)
}
