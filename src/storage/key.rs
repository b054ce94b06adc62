//! Keys of objects: made of a folder and a path, and taken apart again without ever leaving the target.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

use object_store::path::Path as Key;

use super::StorageError;

/// The part of a bucket that a step works on; the empty one is the whole bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder(Key);

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

impl Folder {
    /// A folder as the step's input has it: `project/`, `./project` and `project` are the same.
    ///
    /// # Errors
    ///
    /// Why no key can begin so: a `..` or a leading slash, with which pushing and pulling would not agree.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Err(format!("the folder '{text}' begins with a slash, and keys of objects do not"));
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(format!("the folder '{text}' has a `..` in it"));
        }
        Key::parse(parts.join("/"))
            .map(Self)
            .map_err(|_| format!("the folder {text:?} has characters in it that keys of objects cannot have"))
    }

    /// What the keys of the folder begin with.
    pub(super) fn prefix(&self) -> &Key {
        &self.0
    }

    /// The key of the file at a path relative to the directory that is pushed.
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

    /// Where the object of a key belongs, relative to the directory that is pulled into; `None` for the folder
    /// itself, which some tools store as an empty object.
    ///
    /// Backslashes are separators, since the reference on Windows pushes such keys.
    ///
    /// # Errors
    ///
    /// A key that would lead out of the directory.
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
    fn keys_are_those_of_the_reference() {
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
            let made = folder.key_of(Path::new("a/x.py")).unwrap();
            assert_eq!(made.as_ref(), key);
            assert_eq!(folder.path_of(&made).unwrap().unwrap(), Path::new("a/x.py"));
        }
    }

    #[test]
    fn folders_that_pushing_and_pulling_see_differently_are_refused() {
        for folder in ["/abs", "a/../b", "..", "a\nb"] {
            assert!(Folder::parse(folder).is_err(), "{folder}");
        }
    }

    #[test]
    fn no_key_leads_out_of_the_directory() {
        let folder = Folder::parse("proj").unwrap();
        for key in [r"proj/..\..\evil", r"proj/a\..\b", r"proj/\etc\passwd", "project/x", "other"] {
            let error = folder.path_of(&Key::parse(key).unwrap()).unwrap_err();
            assert!(matches!(error, StorageError::UnsafeKey(_)), "{key}");
        }
        assert_eq!(folder.path_of(&Key::parse("proj").unwrap()).unwrap(), None);
        let of_windows = Key::parse(r"proj/sub\x.py").unwrap();
        assert_eq!(folder.path_of(&of_windows).unwrap(), Some("sub/x.py".into()));
    }

    #[test]
    fn names_that_no_key_can_have_are_refused() {
        let folder = Folder::parse("").unwrap();
        for name in ["a\nb", "../x", "/x"] {
            assert!(folder.key_of(Path::new(name)).is_err(), "{name}");
        }
    }
}
