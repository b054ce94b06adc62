//! Command-line options that make image steps rebuild images or use existing images.

use super::StepError;
use crate::docker::reference::ImageReference;

/// Options that control image steps. By default, the steps run as defined in the project file.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImagePolicy {
    /// Whether to build and push images that already exist.
    pub(crate) rebuild: bool,
    /// Whether to build without cached layers from earlier builds.
    pub(crate) no_layer_cache: bool,
    /// Existing images to use instead of building and pushing.
    pub(crate) given: Vec<ImageReference>,
}

impl ImagePolicy {
    /// The default policy, which runs all image steps as defined in the project file.
    #[cfg(test)]
    pub(crate) const AS_WRITTEN: Self = Self { rebuild: false, no_layer_cache: false, given: Vec::new() };

    /// Returns the existing image that replaces the step for the image `name`, or `None` if the step must
    /// run.
    ///
    /// A single image replaces every step. If there are several images, the one with the same repository is
    /// used.
    ///
    /// # Errors
    ///
    /// Returns an error if there are several images and none of them has the same repository.
    pub(crate) fn replacement(&self, name: &str) -> Result<Option<&ImageReference>, StepError> {
        match self.given.as_slice() {
            [] => Ok(None),
            [image] => Ok(Some(image)),
            several => several.iter().find(|image| image.name() == name).map(Some).ok_or_else(|| {
                let given: Vec<String> = several.iter().map(ToString::to_string).collect();
                StepError::input(
                    "image_name",
                    format!("none of the given images is for the repository '{name}': {}", given.join(", ")),
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacement(given: &[&str], name: &str) -> Option<String> {
        let given = given.iter().map(|text| text.parse().unwrap()).collect();
        let policy = ImagePolicy { given, ..ImagePolicy::AS_WRITTEN };
        policy.replacement(name).unwrap().map(ToString::to_string)
    }

    #[test]
    fn uses_the_image_of_the_repository_or_the_only_image() {
        assert_eq!(replacement(&[], "r/a"), None);
        assert_eq!(replacement(&["x:1"], "r/a").as_deref(), Some("x:1"));
        assert_eq!(replacement(&["x:1", "r/a:2"], "r/a").as_deref(), Some("r/a:2"));
        let given = ["x:1", "y:1"].map(|text| text.parse().unwrap()).to_vec();
        let policy = ImagePolicy { given, ..ImagePolicy::AS_WRITTEN };
        assert!(policy.replacement("r/a").unwrap_err().to_string().contains("'r/a': x:1, y:1"));
    }
}
