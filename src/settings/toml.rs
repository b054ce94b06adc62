//! Reads TOML files that contain settings.

use std::path::Path;

use serde_json::Value;

use super::error::SettingsError;
use crate::{
    diagnostics::Place,
    fs,
    source::{Source, Span},
};

/// Reads a TOML file in the given directory as a JSON value. Returns null if the file does not exist.
pub(super) fn read(directory: &Path, name: &str) -> Result<Value, SettingsError> {
    match fs::read_text_if_exists(&directory.join(name))? {
        Some(text) => parse(name, &text),
        None => Ok(Value::Null),
    }
}

/// Parses a TOML document as a JSON value. `name` is the file name used in errors.
pub(super) fn parse(name: &str, text: &str) -> Result<Value, SettingsError> {
    toml_edit::de::from_str(text).map_err(|error| invalid(name, text, error.message(), error.span()))
}

/// Creates the error for an invalid TOML document, with the reason on a single line.
pub(super) fn invalid(
    name: &str,
    text: &str,
    message: &str,
    span: Option<std::ops::Range<usize>>,
) -> SettingsError {
    // A settings file may contain secrets.
    let source = Source::private(name, text);
    let span = span.map(|span| Span::new(span.start, span.end)).unwrap_or_default();
    SettingsError::Toml {
        reason: message.split_whitespace().collect::<Vec<_>>().join(" "),
        place: Place::new(&source, span),
    }
}
