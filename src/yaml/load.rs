//! Reading a document.

use super::{compose, construct, document::Document, error::YamlError, reader};
use crate::source::Source;

/// Reads the one document of a text; a text without any is null.
pub(crate) fn load(source: &Source) -> Result<Document, YamlError> {
    reader::check_characters(source.text())?;
    let tree = compose::compose(source.text())?;
    construct::construct(source, &tree)
}
