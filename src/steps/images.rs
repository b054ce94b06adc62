//! What the command line says about images: build them anew, or take one that is there.

use super::StepError;
use crate::docker::reference::ImageReference;

/// How the Docker steps are to be taken; by default as they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImagePolicy {
    /// Build and push also what is there already.
    pub(crate) rebuild: bool,
    /// Reuse no layers of earlier builds.
    pub(crate) no_layer_cache: bool,
    /// Build and push nothing: these are the images.
    pub(crate) given: Vec<ImageReference>,
}

impl ImagePolicy {
    /// Nothing but what the steps say.
    #[cfg(test)]
    pub(crate) const AS_WRITTEN: Self = Self { rebuild: false, no_layer_cache: false, given: Vec::new() };

    /// The image to take in place of the one that a step names; `None` if the step is to run.
    ///
    /// It is the one of the same repository, or the only one that was given.
    ///
    /// # Errors
    ///
    /// When several images were given and none is of that repository.
    pub(crate) fn in_place_of(&self, name: &str) -> Result<Option<&ImageReference>, StepError> {
        match self.given.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => several.iter().find(|image| image.name() == name).map(Some).ok_or_else(|| {
                let given: Vec<String> = several.iter().map(ToString::to_string).collect();
                StepError::input(
                    "image_name",
                    format!("none of the images given is of the repository {name}: {}", given.join(", ")),
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(given: &[&str], name: &str) -> Option<String> {
        let given = given.iter().map(|text| text.parse().unwrap()).collect();
        let policy = ImagePolicy { given, ..ImagePolicy::AS_WRITTEN };
        policy.in_place_of(name).unwrap().map(ToString::to_string)
    }

    #[test]
    fn the_image_of_the_repository_is_taken_or_the_only_one() {
        assert_eq!(taken(&[], "r/a"), None);
        assert_eq!(taken(&["x:1"], "r/a").as_deref(), Some("x:1"));
        assert_eq!(taken(&["x:1", "r/a:2"], "r/a").as_deref(), Some("r/a:2"));
        let given = ["x:1", "y:1"].map(|text| text.parse().unwrap()).to_vec();
        let policy = ImagePolicy { given, ..ImagePolicy::AS_WRITTEN };
        assert!(policy.in_place_of("r/a").unwrap_err().to_string().contains("r/a: x:1, y:1"));
    }
}
