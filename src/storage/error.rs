//! What can go wrong between a directory and a bucket, in the store's own words where it has any.

use std::{error::Error, path::PathBuf};

use object_store::Error as StoreError;

use crate::fs::FileError;

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// Credentials or another input of the step; `key` is its name.
    #[error("{message}")]
    Input { key: &'static str, message: String },

    /// The default credentials of this machine.
    #[error("{message}")]
    Credentials { message: String, help: String },

    #[error("cannot {action}: {}", reason(source))]
    Store { action: String, source: Box<StoreError> },

    #[error("there is nothing under '{folder}' in {bucket}")]
    Nothing { bucket: String, folder: String },

    #[error("the key '{0}' would be written outside of the target directory")]
    UnsafeKey(String),

    #[error("'{}' would be written outside of the target directory, through a link", .0.display())]
    Link(PathBuf),

    #[error("no object can be named after the file {0:?}")]
    FileName(PathBuf),

    #[error("'{}' is neither a file nor a directory, or a link to nothing", .0.display())]
    NoFile(PathBuf),

    #[error(transparent)]
    Ignore(#[from] super::ignore_file::IgnoreError),

    #[error(transparent)]
    File(#[from] FileError),
}

impl StorageError {
    pub(super) fn input(key: &'static str, message: impl Into<String>) -> Self {
        Self::Input { key, message: message.into() }
    }

    pub(super) fn store(action: impl Into<String>, source: StoreError) -> Self {
        Self::Store { action: action.into(), source: Box::new(source) }
    }

    /// What to do about it, where that is known.
    pub(crate) fn help(&self) -> Option<String> {
        let text = match self {
            Self::Credentials { help, .. } => help,
            Self::Store { source, .. } => match source.as_ref() {
                StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                    "check the credentials, and what they allow in this bucket"
                }
                StoreError::InvalidPath { .. } => {
                    "keys with empty parts, `.` or `..` in them cannot be files: rename the object"
                }
                _ => return None,
            },
            Self::Nothing { .. } => "check the folder: the step that pushes must name the same one",
            Self::FileName(_) | Self::NoFile(_) => "add it to the ignore file, or remove it",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// The part of an error that says what is wrong: the code and message of the store's answer, else the root cause.
fn reason(error: &StoreError) -> String {
    let text = error.to_string();
    match (element(&text, "Code"), element(&text, "Message")) {
        (Some(code), Some(message)) => {
            format!("{code}: {}", message.lines().next().unwrap_or_default().trim())
        }
        (Some(code), None) => code.to_owned(),
        _ => root_cause(error).to_string(),
    }
}

fn root_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

/// The text of the first element of this name in an answer of XML.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> StoreError {
        StoreError::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn the_answer_of_a_store_is_told_without_its_markup() {
        for (text, expected) in [
            (
                "403: <Error><Code>AccessDenied</Code><Message>Access Denied\nTime:1</Message></Error>",
                "AccessDenied: Access Denied",
            ),
            ("<Code>NoSuchBucket</Code>", "NoSuchBucket"),
            ("connection refused", "connection refused"),
        ] {
            let error = StorageError::store("list s3://b", generic(text));
            assert_eq!(error.to_string(), format!("cannot list s3://b: {expected}"));
        }
    }
}
