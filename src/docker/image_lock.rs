//! Image locks: files that pin the images of a deploy by their digests in the registry.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

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
    /// Tag under which the image was pushed.
    pub(crate) tag: String,
    /// Platforms of the image, such as `linux/amd64`. Empty if the registry does not report them.
    pub(crate) platforms: Vec<String>,
    /// Full names of the deployments that use the image.
    pub(crate) deployments: BTreeSet<String>,
}

/// The tag in a step's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepTag<'a> {
    /// The tag is not known, for example because it depends on the contents of the image.
    Unknown,
    /// A tag that comes from a template, and that may therefore differ from the tag in the lock.
    Rendered(&'a str),
    /// A tag from the project file. An image with a different tag is not the step's image.
    Fixed(&'a str),
}

impl<'a> StepTag<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Unknown => None,
            Self::Rendered(tag) | Self::Fixed(tag) => Some(tag),
        }
    }
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
    /// The file is not a valid lock. `position` is the line and the column of the error, if known.
    #[error(
        "invalid image lock {}{}: {reason}",
        path.display(),
        position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default()
    )]
    Invalid { path: PathBuf, position: Option<(usize, usize)>, reason: String },
}

/// The error returned if a lock does not determine a step's image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLocked {
    #[error("the image lock {} has no image for the repository '{repository}'", path.display())]
    Missing { path: PathBuf, repository: String, known: Vec<String> },
    #[error("the image lock {} has multiple images for the repository '{repository}'", path.display())]
    Ambiguous { path: PathBuf, repository: String, tags: Vec<String> },
    /// The project file contains a tag that the lock does not have.
    #[error("the image lock {} has no image '{repository}:{tag}'", path.display())]
    OtherTag { path: PathBuf, repository: String, tag: String, tags: Vec<String> },
}

impl NotLocked {
    /// Returns a hint for fixing the error.
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
            Self::OtherTag { tags, .. } => {
                let tags = names::first_of(tags, names::SHOWN);
                format!("the lock has the tag {tags}; create it again, or pass the image with --image")
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
    deployments: BTreeSet<String>,
}

/// A lock file's version, which is read first.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

impl ImageLock {
    /// Creates a lock. The images are sorted by repository and tag.
    pub(crate) fn new(path: &Path, images: impl IntoIterator<Item = LockedImage>) -> Self {
        let mut images: Vec<LockedImage> = images.into_iter().collect();
        images.sort_by(|a, b| a.key().cmp(&b.key()));
        Self { path: path.to_owned(), images }
    }

    /// Reads a lock file. Messages show the path `shown`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is invalid.
    pub(crate) fn read(path: &Path, shown: &Path) -> Result<Self, ImageLockError> {
        Self::parse(shown, &fs::read_text(path)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ImageLockError> {
        let invalid =
            |reason: String| ImageLockError::Invalid { path: path.to_owned(), position: None, reason };
        let syntax = |error: serde_json::Error| {
            let position = (error.line(), error.column().max(1));
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            ImageLockError::Invalid { path: path.to_owned(), position: Some(position), reason }
        };
        let Version { schema } = serde_json::from_str(text).map_err(syntax)?;
        if schema != SCHEMA {
            return Err(invalid(format!("the schema version is {schema}, but only {SCHEMA} is supported")));
        }
        let document: Document = serde_json::from_str(text).map_err(syntax)?;
        let image = |(index, entry): (usize, Entry)| {
            entry.image().map_err(|reason| invalid(format!("images[{index}]: {reason}")))
        };
        let images: Vec<LockedImage> =
            document.images.into_iter().enumerate().map(image).collect::<Result<_, _>>()?;
        let lock = Self::new(path, images);
        match lock.images.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            Some(pair) => Err(invalid(format!("image '{}' is listed twice", pair[0].name_with_tag()))),
            None => Ok(lock),
        }
    }

    /// Adds the images of deployments to a lock. Removes the previous images that only these deployments used. Keeps
    /// the images of other deployments.
    #[must_use]
    pub(crate) fn merged(self, images: Vec<LockedImage>) -> Self {
        let deployed: BTreeSet<String> = images.iter().flat_map(|image| image.deployments.clone()).collect();
        let mut merged: BTreeMap<String, LockedImage> = BTreeMap::new();
        for mut image in self.images {
            image.deployments.retain(|name| !deployed.contains(name));
            if !image.deployments.is_empty() {
                merged.insert(image.name_with_tag(), image);
            }
        }
        for mut image in images {
            if let Some(other) = merged.remove(&image.name_with_tag()) {
                image.deployments.extend(other.deployments);
            }
            merged.insert(image.name_with_tag(), image);
        }
        Self::new(&self.path, merged.into_values())
    }

    /// Writes the lock to a file atomically. The same images always result in the same file contents.
    pub(crate) fn write(&self, path: &Path) -> Result<(), FileError> {
        let document = Document { schema: SCHEMA, images: self.images.iter().map(Entry::from).collect() };
        fs::replace(path, &format!("{:#}\n", serde_json::json!(document)))
    }

    /// Returns whether the lock contains an image from a repository.
    pub(crate) fn has_repository(&self, repository: &str) -> bool {
        self.images.iter().any(|image| image.image.name() == repository)
    }

    /// Finds the image from a repository. `tag` selects one of multiple images from the same repository.
    ///
    /// # Errors
    ///
    /// Fails if the lock has no image from the repository, if no image has the required fixed tag, or if the repository
    /// has multiple images but no image has the tag.
    pub(crate) fn find(&self, repository: &str, tag: StepTag<'_>) -> Result<&LockedImage, NotLocked> {
        let found: Vec<&LockedImage> =
            self.images.iter().filter(|image| image.image.name() == repository).collect();
        let (path, repository) = (self.path.clone(), repository.to_owned());
        if let Some(image) = found.iter().find(|image| tag.text() == Some(&image.tag)) {
            return Ok(image);
        }
        match (found.as_slice(), tag) {
            ([], _) => {
                let mut known: Vec<String> =
                    self.images.iter().map(|image| image.image.name().to_owned()).collect();
                known.dedup();
                Err(NotLocked::Missing { path, repository, known })
            }
            (several, StepTag::Fixed(tag)) => {
                Err(NotLocked::OtherTag { path, repository, tag: tag.to_owned(), tags: tags(several) })
            }
            ([image], _) => Ok(image),
            (several, _) => Err(NotLocked::Ambiguous { path, repository, tags: tags(several) }),
        }
    }
}

fn tags(images: &[&LockedImage]) -> Vec<String> {
    images.iter().map(|image| image.tag.clone()).collect()
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
    fn from(LockedImage { image, tag, platforms, deployments }: &LockedImage) -> Self {
        Self {
            repository: image.name().to_owned(),
            tag: tag.clone(),
            digest: image.digest().unwrap_or_default().to_owned(),
            reference: image.to_string(),
            platforms: platforms.clone(),
            deployments: deployments.clone(),
        }
    }
}

impl Entry {
    fn image(self) -> Result<LockedImage, String> {
        let Self { repository, tag, digest, reference, platforms, deployments } = self;
        ImageName::parse(&repository, None).map_err(|error| error.to_string())?;
        check_tag(&tag).map_err(|error| error.to_string())?;
        let expected = format!("{repository}@{digest}");
        if reference != expected {
            return Err(format!("the reference '{reference}' does not match '{expected}'"));
        }
        let image = reference.parse().map_err(|error: super::reference::ReferenceError| error.to_string())?;
        Ok(LockedImage { image, tag, platforms, deployments })
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
        let deployments = [format!("flow/{tag}")].into();
        LockedImage { image, tag: tag.to_owned(), platforms: vec!["linux/amd64".to_owned()], deployments }
    }

    #[test]
    fn written_locks_are_sorted_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.lock.json");
        let images = [image("r/b", "2", 'b'), image("r/a", "1", 'a'), image("r/b", "1", 'c')];
        ImageLock::new(&path, images.clone()).write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        ImageLock::new(&path, images.into_iter().rev()).write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            document["images"][0],
            json!({
                "repository": "r/a", "tag": "1", "digest": digest('a'),
                "reference": format!("r/a@{}", digest('a')), "platforms": ["linux/amd64"],
                "deployments": ["flow/1"],
            })
        );
        let lock = ImageLock::read(&path, &path).unwrap();
        let found = |repository: &str, tag| lock.find(repository, tag).cloned();
        let unknown = StepTag::Unknown;
        assert_eq!(found("r/a", unknown), Ok(image("r/a", "1", 'a')));
        assert_eq!(found("r/a", StepTag::Rendered("other")), Ok(image("r/a", "1", 'a')));
        assert_eq!(found("r/b", StepTag::Fixed("2")), Ok(image("r/b", "2", 'b')));
        assert!(
            matches!(found("r/a", StepTag::Fixed("2")), Err(NotLocked::OtherTag { tags, .. }) if tags == ["1"])
        );
        assert!(
            matches!(found("r/b", unknown), Err(NotLocked::Ambiguous { tags, .. }) if tags == ["1", "2"])
        );
        assert!(
            matches!(found("r/c", unknown), Err(NotLocked::Missing { known, .. }) if known == ["r/a", "r/b"])
        );
    }

    #[test]
    fn partial_deploys_keep_the_images_of_other_deployments() {
        let used = |image: LockedImage, names: &[&str]| LockedImage {
            deployments: names.iter().map(ToString::to_string).collect(),
            ..image
        };
        let images = [used(image("r/a", "1", 'a'), &["one"]), used(image("r/b", "1", 'b'), &["one", "two"])];
        let lock = ImageLock::new(Path::new("lock"), images.clone());
        assert_eq!(lock.clone().merged(Vec::new()), lock);
        let merged = lock.merged(vec![used(image("r/a", "2", 'c'), &["one"])]).images;
        assert_eq!(merged, [used(image("r/a", "2", 'c'), &["one"]), used(image("r/b", "1", 'b'), &["two"])]);
    }

    #[test]
    fn rejects_damaged_locks() {
        let entry = json!({
            "repository": "r/a", "tag": "1", "digest": digest('a'), "reference": format!("r/a@{}", digest('a')),
            "platforms": [], "deployments": [],
        });
        let with = |key: &str, value: &str| {
            let mut entry = entry.clone();
            entry[key] = json!(value);
            json!({"schema": 1, "images": [entry]}).to_string()
        };
        for (text, expected) in [
            (json!({"schema": 1, "images": [entry]}).to_string(), ""),
            (String::new(), "EOF while parsing"),
            ("[".to_owned(), "lock:1:1: EOF while parsing"),
            ("{\n \"images\": []}".to_owned(), "lock:2:14: missing field `schema`"),
            (json!({"schema": 2, "images": []}).to_string(), "the schema version is 2"),
            (json!({"schema": 1}).to_string(), "missing field `images`"),
            (json!({"schema": 1, "images": [entry, entry]}).to_string(), "'r/a:1' is listed twice"),
            (with("repository", "R"), "images[0]: the image name `R` contains uppercase letters"),
            (with("tag", "a b"), "is not a valid tag"),
            (with("digest", &digest('b')), "does not match 'r/a@sha256:bbb"),
            (with("reference", "r/a:1"), "the reference 'r/a:1' does not match"),
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
