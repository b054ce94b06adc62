//! The entry point of the YAML parser.

use super::{compose, construct, document::Document, error::YamlError, reader};
use crate::source::Source;

/// Parses a YAML text that contains at most one document. The value of an empty text is null.
pub(crate) fn load(source: &Source) -> Result<Document, YamlError> {
    reader::check_characters(source.text())?;
    let tree = compose::compose(source.text())?;
    construct::construct(source, &tree)
}
