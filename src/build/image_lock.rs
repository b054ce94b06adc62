//! Writes the images that the steps of a deploy have pushed to an image lock.

use std::path::Path;

use crate::{
    docker::{
        image_lock::{ImageLock, ImageLockError},
        registry::ImageDigests,
    },
    fs::FileError,
    steps::{CompletedStep, StepKind},
};

/// The error returned if an image lock is not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnwrittenLock {
    /// A step has built an image that is not in its registry.
    #[error("the image '{image}' has not been pushed, so the image lock cannot contain its digest")]
    NotPushed { image: String },
    /// The existing lock file is invalid, so no images can be added.
    #[error(transparent)]
    Existing(#[from] ImageLockError),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Writes the images that the steps have built and pushed to a lock file. Keeps the images of other deployments in an
/// existing file, so that a deploy of a few deployments does not remove them.
///
/// # Errors
///
/// Fails if an image is not in its registry, or if the file cannot be read or written.
pub(crate) fn write(
    path: &Path,
    completed: &[CompletedStep],
    digests: &ImageDigests,
) -> Result<(), UnwrittenLock> {
    let mut images = digests.pushed();
    let is_image_step =
        |step: &&CompletedStep| matches!(step.kind, StepKind::BuildDockerImage | StepKind::PushDockerImage);
    for step in completed.iter().filter(is_image_step) {
        let Some(name) = step.image() else { continue };
        match images.iter_mut().find(|image| image.name_with_tag() == name) {
            Some(image) => image.deployments.extend(step.deployments.iter().cloned()),
            None => return Err(UnwrittenLock::NotPushed { image: name.to_owned() }),
        }
    }
    let existing = if path.exists() { ImageLock::read(path, path)? } else { ImageLock::new(path, []) };
    Ok(existing.merged(images).write(path)?)
}
