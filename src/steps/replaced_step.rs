//! Outputs of image steps replaced by existing images. The outputs are known before the steps run.

use super::{ImagePolicy, StepError, StepKind, docker_build, docker_push};
use crate::{
    docker::{
        image_lock::StepTag,
        inputs::Tag,
        reference::{ImageName, split_tag},
    },
    template::pending,
    value::{Mapping, Value},
};

/// Returns the outputs of an image step replaced by an existing image, or `None` if the step is not replaced or its
/// image name is unknown or invalid. `has_fixed_tag` specifies whether the file contains the tag.
///
/// # Errors
///
/// Fails if the existing images do not include the step's image.
pub(super) fn outputs(
    images: &ImagePolicy,
    kind: StepKind,
    inputs: &Mapping,
    has_fixed_tag: bool,
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
    let tag = inputs.get("tag").filter(|tag| !pending::is_pending(tag));
    let tag = Tag::of(tag).map(|tag| tag.text()).filter(|tag| tag != docker_build::AUTO);
    let tag = match tag.as_deref().or(tag_in_name) {
        None => StepTag::Unknown,
        Some(tag) if has_fixed_tag => StepTag::Fixed(tag),
        Some(tag) => StepTag::Rendered(tag),
    };
    Ok(images.replacement(name.as_str(), tag)?.map(outputs_of))
}
