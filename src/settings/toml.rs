//! Reads TOML files that contain settings.

use std::path::Path;

use serde_json::Value;

use super::error::SettingsError;
use crate::fs;

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
    SettingsError::Toml {
        file: name.to_owned(),
        reason: message.split_whitespace().collect::<Vec<_>>().join(" "),
        line: span.map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1),
    }
}
