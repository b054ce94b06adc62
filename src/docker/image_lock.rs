//! Image locks: files that pin the images of a deploy by their digests in the registry.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::reference::{ImageName, ImageReference, check_tag};
use crate::{
    fs::{self, FileError},
    names,
};

/// Version of the file format.
const SCHEMA: u32 = 1;

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockedImage {
    /// Reference of the form `repository@digest`.
    pub(crate) image: ImageReference,
    /// Tag with which the image was pushed.
    pub(crate) tag: String,
    /// Platforms of the image, such as `linux/amd64`. Empty if the registry does not report them.
    pub(crate) platforms: Vec<String>,
}

/// The images that a lock file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageLock {
    path: PathBuf,
    images: Vec<LockedImage>,
}

/// The error returned if a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageLockError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("invalid image lock {}: {reason}", path.display())]
    Invalid { path: PathBuf, reason: String },
}

/// The error returned if a lock does not determine the image of a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLocked {
    #[error("the image lock {} has no image for the repository '{repository}'", path.display())]
    Missing { path: PathBuf, repository: String, known: Vec<String> },
    #[error("the image lock {} has several images for the repository '{repository}'", path.display())]
    Ambiguous { path: PathBuf, repository: String, tags: Vec<String> },
}

impl NotLocked {
    /// Returns a suggestion.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Missing { known, .. } if known.is_empty() => {
                "the lock is empty; create it with `prefectl deploy --image-lock` without --skip-build"
                    .to_owned()
            }
            Self::Missing { known, .. } => {
                let known = names::first_of(known, names::SHOWN);
                format!("the lock has {known}; create it again, or pass the image with --image")
            }
            Self::Ambiguous { tags, .. } => {
                format!("set the `tag` of the step to {}", names::first_of(tags, names::SHOWN))
            }
        }
    }
}

/// The contents of a lock file.
#[derive(Serialize, Deserialize)]
struct Document {
    schema: u32,
    images: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    repository: String,
    tag: String,
    digest: String,
    reference: String,
    platforms: Vec<String>,
}

impl ImageLock {
    /// Creates a lock. The images are sorted by repository and tag.
    pub(crate) fn new(path: &Path, images: impl IntoIterator<Item = LockedImage>) -> Self {
        let mut images: Vec<LockedImage> = images.into_iter().collect();
        images.sort_by(|a, b| a.key().cmp(&b.key()));
        Self { path: path.to_owned(), images }
    }

    /// Reads a lock file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is invalid.
    pub(crate) fn read(path: &Path) -> Result<Self, ImageLockError> {
        Self::parse(path, &fs::read_text(path)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ImageLockError> {
        let invalid = |reason: String| ImageLockError::Invalid { path: path.to_owned(), reason };
        let document: serde_json::Value =
            serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if document.get("schema").and_then(serde_json::Value::as_u64) != Some(SCHEMA.into()) {
            return Err(invalid(format!("the file does not have the schema version {SCHEMA}")));
        }
        let document: Document =
            serde_json::from_value(document).map_err(|error| invalid(error.to_string()))?;
        let images: Result<Vec<LockedImage>, String> =
            document.images.into_iter().map(Entry::image).collect();
        let lock = Self::new(path, images.map_err(invalid)?);
        match lock.images.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            Some(pair) => Err(invalid(format!("the image '{}' occurs twice", pair[0].name_with_tag()))),
            None => Ok(lock),
        }
    }

    /// Writes the lock file atomically. The same images always result in the same text.
    pub(crate) fn write(&self) -> Result<(), FileError> {
        let document = Document { schema: SCHEMA, images: self.images.iter().map(Entry::from).collect() };
        fs::replace(&self.path, &format!("{:#}\n", serde_json::json!(document)))
    }

    /// Returns whether the lock has an image of a repository.
    pub(crate) fn has_repository(&self, repository: &str) -> bool {
        self.images.iter().any(|image| image.image.name() == repository)
    }

    /// Finds the image of a repository. `tag` selects between several images of the same repository.
    ///
    /// # Errors
    ///
    /// Fails if the lock has no image of the repository, or several of which none has the tag.
    pub(crate) fn find(&self, repository: &str, tag: Option<&str>) -> Result<&LockedImage, NotLocked> {
        let found: Vec<&LockedImage> =
            self.images.iter().filter(|image| image.image.name() == repository).collect();
        match found.as_slice() {
            [] => {
                let mut known: Vec<String> =
                    self.images.iter().map(|image| image.image.name().to_owned()).collect();
                known.dedup();
                Err(NotLocked::Missing { path: self.path.clone(), repository: repository.to_owned(), known })
            }
            [image] => Ok(image),
            several => {
                several.iter().find(|image| Some(image.tag.as_str()) == tag).copied().ok_or_else(|| {
                    NotLocked::Ambiguous {
                        path: self.path.clone(),
                        repository: repository.to_owned(),
                        tags: several.iter().map(|image| image.tag.clone()).collect(),
                    }
                })
            }
        }
    }
}

impl LockedImage {
    fn key(&self) -> (&str, &str) {
        (self.image.name(), &self.tag)
    }

    /// Returns the reference of the form `repository:tag`.
    pub(crate) fn name_with_tag(&self) -> String {
        format!("{}:{}", self.image.name(), self.tag)
    }
}

impl From<&LockedImage> for Entry {
    fn from(LockedImage { image, tag, platforms }: &LockedImage) -> Self {
        Self {
            repository: image.name().to_owned(),
            tag: tag.clone(),
            digest: image.digest().unwrap_or_default().to_owned(),
            reference: image.to_string(),
            platforms: platforms.clone(),
        }
    }
}

impl Entry {
    fn image(self) -> Result<LockedImage, String> {
        let Self { repository, tag, digest, reference, platforms } = self;
        ImageName::parse(&repository, None).map_err(|error| error.to_string())?;
        check_tag(&tag).map_err(|error| error.to_string())?;
        let expected = format!("{repository}@{digest}");
        if reference != expected {
            return Err(format!("the reference '{reference}' is not '{expected}'"));
        }
        let image = reference.parse().map_err(|error: super::reference::ReferenceError| error.to_string())?;
        Ok(LockedImage { image, tag, platforms })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(character: char) -> String {
        format!("sha256:{}", character.to_string().repeat(64))
    }

    fn image(repository: &str, tag: &str, character: char) -> LockedImage {
        let image = format!("{repository}@{}", digest(character)).parse().unwrap();
        LockedImage { image, tag: tag.to_owned(), platforms: vec!["linux/amd64".to_owned()] }
    }

    #[test]
    fn written_locks_are_sorted_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.lock.json");
        let images = [image("r/b", "2", 'b'), image("r/a", "1", 'a'), image("r/b", "1", 'c')];
        ImageLock::new(&path, images.clone()).write().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        ImageLock::new(&path, images.into_iter().rev()).write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            document["images"][0],
            json!({
                "repository": "r/a", "tag": "1", "digest": digest('a'),
                "reference": format!("r/a@{}", digest('a')), "platforms": ["linux/amd64"],
            })
        );
        let lock = ImageLock::read(&path).unwrap();
        assert_eq!(lock.find("r/a", Some("other")).unwrap(), &image("r/a", "1", 'a'));
        assert_eq!(lock.find("r/b", Some("2")).unwrap(), &image("r/b", "2", 'b'));
        assert!(
            matches!(lock.find("r/b", None), Err(NotLocked::Ambiguous { tags, .. }) if tags == ["1", "2"])
        );
        assert!(
            matches!(lock.find("r/c", None), Err(NotLocked::Missing { known, .. }) if known == ["r/a", "r/b"])
        );
    }

    #[test]
    fn rejects_damaged_locks() {
        let entry = json!({
            "repository": "r/a", "tag": "1", "digest": digest('a'), "reference": format!("r/a@{}", digest('a')),
            "platforms": [],
        });
        let with = |key: &str, value: &str| {
            let mut entry = entry.clone();
            entry[key] = json!(value);
            json!({"schema": 1, "images": [entry]}).to_string()
        };
        for (text, expected) in [
            (json!({"schema": 1, "images": [entry]}).to_string(), ""),
            (String::new(), "EOF while parsing"),
            ("[]".to_owned(), "schema version 1"),
            (json!({"schema": 2, "images": []}).to_string(), "schema version 1"),
            (json!({"schema": 1}).to_string(), "missing field `images`"),
            (json!({"schema": 1, "images": [entry, entry]}).to_string(), "'r/a:1' occurs twice"),
            (with("repository", "R"), "contains uppercase letters"),
            (with("tag", "a b"), "is not a valid tag"),
            (with("digest", &digest('b')), "is not 'r/a@sha256:bbb"),
            (with("reference", "r/a:1"), "the reference 'r/a:1' is not"),
        ] {
            let error = ImageLock::parse(Path::new("lock"), &text).err();
            let message = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(
                message.contains(expected) && message.is_empty() == expected.is_empty(),
                "{text}: {message}"
            );
        }
    }
}
