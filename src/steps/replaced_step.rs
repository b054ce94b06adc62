//! Outputs of image steps that existing images replace, which are known before the steps run.

use super::{ImagePolicy, StepError, StepKind, docker_build, docker_push};
use crate::{
    docker::reference::{ImageName, split_tag},
    template::pending,
    value::{Mapping, Value},
};

/// Returns the outputs of an image step that an existing image replaces. Returns `None` if the step is not
/// replaced, and if the name of its image is unknown or invalid.
///
/// # Errors
///
/// Returns an error if the existing images do not include the image of the step.
pub(super) fn outputs(
    images: &ImagePolicy,
    kind: StepKind,
    inputs: &Mapping,
    namespace: Option<&str>,
) -> Result<Option<Mapping>, StepError> {
    let outputs_of = match kind {
        StepKind::BuildDockerImage => docker_build::outputs_of,
        StepKind::PushDockerImage => docker_push::outputs_of,
        _ => return Ok(None),
    };
    let name = inputs.get("image_name").filter(|name| !pending::is_pending(name));
    let Some(name) = name.and_then(Value::as_str) else { return Ok(None) };
    let (name, tag_in_name) = split_tag(name);
    let Ok(name) = ImageName::parse(name, namespace) else { return Ok(None) };
    let tag = inputs.get("tag").and_then(Value::as_str).or(tag_in_name);
    Ok(images.replacement(name.as_str(), tag)?.map(outputs_of))
}
