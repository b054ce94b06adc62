//! Errors of pushes and pulls. If the store sent a message, the error includes it.

use std::{error::Error, path::PathBuf};

use object_store::Error as StoreError;

use crate::fs::FileError;

/// The error returned if a push or pull fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// An input of the step is invalid. `key` is the name of the input.
    #[error("{message}")]
    Input { key: &'static str, message: String },

    /// The default credentials of this machine cannot be used.
    #[error("{message}")]
    Credentials { message: String, help: String },

    #[error("cannot {action}: {}", reason(source))]
    Store { action: String, source: Box<StoreError> },

    #[error("the folder '{folder}' in {bucket} contains no objects")]
    Nothing { bucket: String, folder: String },

    #[error("the folder '{folder}' in {bucket} contains more than {most} objects")]
    TooMany { bucket: String, folder: String, most: usize },

    #[error("the object '{0}' would be written outside the target directory")]
    UnsafeKey(String),

    #[error("'{}' would be written outside the target directory through a symbolic link", .0.display())]
    Link(PathBuf),

    #[error("the file name {0:?} is not valid as an object key")]
    FileName(PathBuf),

    #[error("'{}' is neither a file nor a directory", .0.display())]
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

    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        let text = match self {
            Self::Credentials { help, .. } => help,
            Self::Store { source, .. } => match source.as_ref() {
                StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                    "check the credentials and their permissions for this bucket"
                }
                StoreError::InvalidPath { .. } => {
                    "rename the object; a key with empty components, `.` or `..` cannot be stored as a file"
                }
                _ => return None,
            },
            Self::Nothing { .. } => "check the folder, which must be the same as in the push step",
            Self::TooMany { .. } => "set `folder` to a folder that contains only the code",
            Self::FileName(_) | Self::NoFile(_) => "remove the entry or add it to the ignore file",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Returns the reason for a store's error: the code and the message in the response, or the message of the
/// root cause.
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

/// Returns the contents of the first XML element with the given name.
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
    fn shows_the_message_of_an_xml_response() {
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
