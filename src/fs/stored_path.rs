//! Paths in JSON documents.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A path that is serialized without loss: as a string or, if it is not valid UTF-8, as a list of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub(crate) struct StoredPath(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    #[cfg(unix)]
    Bytes(Vec<u8>),
}

impl StoredPath {
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }
}

impl From<PathBuf> for StoredPath {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

impl From<StoredPath> for PathBuf {
    fn from(StoredPath(path): StoredPath) -> Self {
        path
    }
}

impl From<Form> for StoredPath {
    fn from(form: Form) -> Self {
        Self(match form {
            Form::Text(text) => text.into(),
            #[cfg(unix)]
            Form::Bytes(bytes) => {
                <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into()
            }
        })
    }
}

impl From<StoredPath> for Form {
    fn from(StoredPath(path): StoredPath) -> Self {
        match path.into_os_string().into_string() {
            Ok(text) => Self::Text(text),
            #[cfg(unix)]
            Err(other) => Self::Bytes(std::os::unix::ffi::OsStringExt::into_vec(other)),
            #[cfg(not(unix))]
            Err(other) => Self::Text(other.to_string_lossy().into_owned()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_every_path() {
        for (bytes, expected) in [(&b"/a/\xc3\xa9"[..], json!("/a/é")), (b"/\xff", json!([47, 255]))] {
            let path = StoredPath(Path::new(OsStr::from_bytes(bytes)).to_owned());
            assert_eq!(json!(path), expected);
            assert_eq!(serde_json::from_value::<StoredPath>(expected).unwrap(), path);
        }
    }
}
