//! Object keys, built from a folder and a relative path. A pull converts them back to paths inside the target
//! directory.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

use object_store::path::Path as Key;

use super::StorageError;

/// A folder in a bucket. The empty folder means the whole bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder(Key);

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

impl Folder {
    /// Parses the input `folder` of a step. `project/`, `./project` and `project` are equivalent.
    ///
    /// # Errors
    ///
    /// Returns a message if the folder starts with a slash or contains `..`, because a push and a pull would
    /// then use different keys.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Err(format!("the folder '{text}' must not start with a slash"));
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(format!("the folder '{text}' contains `..`"));
        }
        Key::parse(parts.join("/")).map(Self).map_err(|_| {
            format!("the folder {text:?} contains characters that are not allowed in object keys")
        })
    }

    /// Returns the common prefix of all keys in the folder.
    pub(super) fn prefix(&self) -> &Key {
        &self.0
    }

    /// Returns the object key of a file, given the path relative to the pushed directory.
    pub(super) fn key_of(&self, relative: &Path) -> Result<Key, StorageError> {
        let name = || StorageError::FileName(relative.to_owned());
        let mut key = self.0.as_ref().to_owned();
        for component in relative.components() {
            let Component::Normal(part) = component else { return Err(name()) };
            if !key.is_empty() {
                key.push('/');
            }
            key.push_str(part.to_str().ok_or_else(name)?);
        }
        Key::parse(key).map_err(|_| name())
    }

    /// Returns the path of an object relative to the target directory, or `None` for the folder itself, which some
    /// tools store as an empty object.
    ///
    /// Backslashes count as separators, because Prefect on Windows creates keys with backslashes.
    ///
    /// # Errors
    ///
    /// Fails if the path would lead outside the target directory.
    pub(super) fn path_of(&self, key: &Key) -> Result<Option<PathBuf>, StorageError> {
        let unsafe_key = || StorageError::UnsafeKey(key.to_string());
        let prefix = self.0.as_ref();
        let rest = key.as_ref().strip_prefix(prefix).ok_or_else(unsafe_key)?;
        let rest = if prefix.is_empty() || rest.is_empty() {
            rest
        } else {
            rest.strip_prefix('/').ok_or_else(unsafe_key)?
        };
        let path = PathBuf::from(rest.replace('\\', "/"));
        if !path.components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(unsafe_key());
        }
        Ok((!rest.is_empty()).then_some(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_the_same_keys_as_prefect() {
        for (folder, key) in [
            ("proj", "proj/a/x.py"),
            ("proj/", "proj/a/x.py"),
            ("./proj/", "proj/a/x.py"),
            ("a//b/./c", "a/b/c/a/x.py"),
            ("", "a/x.py"),
            (".", "a/x.py"),
            ("é %20", "é %20/a/x.py"),
        ] {
            let folder = Folder::parse(folder).unwrap();
            let found = folder.key_of(Path::new("a/x.py")).unwrap();
            assert_eq!(found.as_ref(), key);
            assert_eq!(folder.path_of(&found).unwrap().unwrap(), Path::new("a/x.py"));
        }
    }

    #[test]
    fn rejects_ambiguous_folders() {
        for folder in ["/abs", "a/../b", "..", "a\nb"] {
            assert!(Folder::parse(folder).is_err(), "{folder}");
        }
    }

    #[test]
    fn rejects_keys_outside_the_target() {
        let folder = Folder::parse("proj").unwrap();
        for key in [r"proj/..\..\evil", r"proj/a\..\b", r"proj/\etc\passwd", "project/x", "other"] {
            let error = folder.path_of(&Key::parse(key).unwrap()).unwrap_err();
            assert!(matches!(error, StorageError::UnsafeKey(_)), "{key}");
        }
        assert_eq!(folder.path_of(&Key::parse("proj").unwrap()).unwrap(), None);
        let windows_key = Key::parse(r"proj/sub\x.py").unwrap();
        assert_eq!(folder.path_of(&windows_key).unwrap(), Some("sub/x.py".into()));
    }

    #[test]
    fn rejects_names_that_are_invalid_as_keys() {
        let folder = Folder::parse("").unwrap();
        for name in ["a\nb", "../x", "/x"] {
            assert!(folder.key_of(Path::new(name)).is_err(), "{name}");
        }
    }
}
