//! Writes the images that the steps of a deploy have pushed to an image lock.

use std::path::Path;

use crate::{
    docker::{image_lock::ImageLock, registry::ImageDigests},
    fs::FileError,
    steps::{Ran, StepKind},
};

/// The reason why an image lock was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnwrittenLock {
    /// A step has built an image that is not in its registry.
    #[error("the image '{image}' has not been pushed, so the image lock cannot contain its digest")]
    NotPushed { image: String },
    #[error(transparent)]
    File(#[from] FileError),
}

/// Writes a lock file with the images that the steps have built and pushed.
///
/// # Errors
///
/// Fails if an image is not in its registry, or if the file cannot be written.
pub(crate) fn write(path: &Path, ran: &[Ran], digests: &ImageDigests) -> Result<(), UnwrittenLock> {
    let pushed = digests.pushed();
    let is_image_step =
        |ran: &&Ran| matches!(ran.kind, StepKind::BuildDockerImage | StepKind::PushDockerImage);
    for image in ran.iter().filter(is_image_step).filter_map(Ran::image) {
        if !pushed.iter().any(|pushed| pushed.name_with_tag() == image) {
            return Err(UnwrittenLock::NotPushed { image: image.to_owned() });
        }
    }
    ImageLock::new(path, pushed).write()?;
    Ok(())
}
