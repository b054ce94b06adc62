//! Command-line options that make image steps rebuild images or use existing images.

use std::path::PathBuf;

use super::StepError;
use crate::docker::{
    image_lock::{ImageLock, StepTag},
    reference::ImageReference,
};

/// Options that control image steps. By default, the steps run as defined in the project file.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImagePolicy {
    /// Whether to build and push images that already exist.
    pub(crate) rebuild: bool,
    /// Whether to build without cached layers from earlier builds.
    pub(crate) no_layer_cache: bool,
    /// Existing images to use instead of building and pushing.
    pub(crate) given: Vec<ImageReference>,
    pub(crate) lock: LockUse,
}

/// Use of an image lock.
#[derive(Debug, Clone, Default)]
pub(crate) enum LockUse {
    #[default]
    None,
    /// Run the steps and write the pushed images to the lock file.
    Write(PathBuf),
    /// Use the lock's images instead of building and pushing.
    Read(ImageLock),
}

/// An existing image that replaces an image step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replacement<'a> {
    pub(crate) image: &'a ImageReference,
    /// Image tag. A locked image has a tag even though its reference only has a digest.
    pub(crate) tag: Option<&'a str>,
}

impl ImagePolicy {
    /// Returns whether existing images replace all image steps.
    pub(crate) fn skips_builds(&self) -> bool {
        !self.given.is_empty() || self.reads_lock()
    }

    pub(crate) fn reads_lock(&self) -> bool {
        matches!(self.lock, LockUse::Read(_))
    }

    pub(crate) fn writes_lock(&self) -> bool {
        matches!(self.lock, LockUse::Write(_))
    }

    /// Returns the existing image that replaces the step for the image `name`, or `None` if the step must run. `tag` is
    /// the tag in the step's inputs, which selects from multiple locked images.
    ///
    /// If there is no lock and only one image is given, the image replaces every step. Otherwise, the image with the
    /// same repository replaces the step.
    ///
    /// # Errors
    ///
    /// Fails if no image has the same repository.
    pub(crate) fn replacement(
        &self,
        name: &str,
        tag: StepTag<'_>,
    ) -> Result<Option<Replacement<'_>>, StepError> {
        let given = |image| Replacement { image, tag: ImageReference::tag(image) };
        if let Some(image) = self.given.iter().find(|image| image.name() == name) {
            return Ok(Some(given(image)));
        }
        if let LockUse::Read(lock) = &self.lock {
            let locked = lock.find(name, tag).map_err(Box::new)?;
            return Ok(Some(Replacement { image: &locked.image, tag: Some(&locked.tag) }));
        }
        match self.given.as_slice() {
            [] => Ok(None),
            [image] => Ok(Some(given(image))),
            several => {
                let given: Vec<String> = several.iter().map(ToString::to_string).collect();
                Err(StepError::input(
                    "image_name",
                    format!("none of the given images is for the repository '{name}': {}", given.join(", ")),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacement(given: &[&str], name: &str) -> Option<String> {
        let given = given.iter().map(|text| text.parse().unwrap()).collect();
        let policy = ImagePolicy { given, ..ImagePolicy::default() };
        policy.replacement(name, StepTag::Unknown).unwrap().map(|replacement| replacement.image.to_string())
    }

    #[test]
    fn uses_the_image_of_the_repository_or_the_only_image() {
        assert_eq!(replacement(&[], "r/a"), None);
        assert_eq!(replacement(&["x:1"], "r/a").as_deref(), Some("x:1"));
        assert_eq!(replacement(&["x:1", "r/a:2"], "r/a").as_deref(), Some("r/a:2"));
        let given = ["x:1", "y:1"].map(|text| text.parse().unwrap()).to_vec();
        let policy = ImagePolicy { given, ..ImagePolicy::default() };
        assert!(
            policy.replacement("r/a", StepTag::Unknown).unwrap_err().to_string().contains("'r/a': x:1, y:1")
        );
    }
}
