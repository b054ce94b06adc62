//! Predicts the images that build steps will create. Image names that depend on step outputs are still unknown.

use std::path::Path;

use super::{
    History, Sharing, StepItem, StepKind,
    docker_build::AUTO,
    step_cache::{Identity, StepState},
};
use crate::{
    docker::{inputs::Tag, reference::ImageName},
    template::{self, expression::Scope, pending},
    value::{Mapping, Value},
};

/// Build step inputs that do not affect the image contents.
const WITHOUT_EFFECT_ON_CONTENTS: [&str; 6] =
    ["image_name", "tag", "additional_tags", "quiet", "timeout", "push"];

/// The images that a build step writes.
#[derive(Debug)]
pub(crate) struct BuiltImages {
    /// Image names in the form `image_name:tag`.
    pub(crate) references: Vec<String>,
    contents: Option<Identity>,
}

impl BuiltImages {
    /// Returns the images that a step writes. Excludes images without a tag and images whose names depend on other
    /// steps' outputs. Returns `None` if the step does not build an image.
    pub(crate) fn of(
        item: StepItem<'_>,
        scope: &Scope,
        directory: &Path,
        docker_namespace: Option<&str>,
    ) -> Option<Self> {
        if item.kind() != StepKind::BuildDockerImage {
            return None;
        }
        let evaluate = |value: &Value| pending::evaluate(value, scope, &Mapping::new());
        let mut inputs: Mapping = item.inputs().map(|(key, value)| (key.clone(), evaluate(value))).collect();
        let references = references(&inputs, docker_namespace);
        inputs.retain(|key, value| {
            let key = key.as_str().unwrap_or_default();
            let is_default = key == "dockerfile" && value.as_str() == Some("Dockerfile");
            !value.is_null() && !is_default && !WITHOUT_EFFECT_ON_CONTENTS.contains(&key)
        });
        let step_state = StepState { directory, docker_namespace: None, history: History::default() };
        let contents = Identity::new(item.name, Sharing::SameBuild, &inputs, step_state, None);
        Some(Self { references, contents })
    }

    /// Returns whether two steps build the same image.
    pub(crate) fn have_equal_contents(&self, other: &Self) -> bool {
        self.contents == other.contents
    }
}

fn references(inputs: &Mapping, docker_namespace: Option<&str>) -> Vec<String> {
    let Some(name) = inputs.get("image_name").and_then(Value::as_str).filter(|name| is_known(name)) else {
        return Vec::new();
    };
    let name = ImageName::parse(name, docker_namespace)
        .map_or_else(|_| name.to_owned(), |name| name.as_str().to_owned());
    let additional = match inputs.get("additional_tags") {
        Some(Value::Sequence(tags)) => tags.clone(),
        tags => tags.cloned().into_iter().collect(),
    };
    let tag = inputs.get("tag").filter(|tag| tag.as_str() != Some(AUTO));
    let tags = tag.into_iter().chain(&additional).filter_map(|tag| Tag::of(Some(tag)));
    let tags = tags.map(|tag| tag.text()).filter(|tag| !tag.is_empty() && is_known(tag));
    tags.map(|tag| format!("{name}:{tag}")).collect()
}

/// Returns whether a string has the same value in all steps: its only templates are environment variables.
fn is_known(text: &str) -> bool {
    let has_only_variables = || text.split("{{").skip(1).all(|rest| rest.trim_start().starts_with('$'));
    !pending::is_pending(&Value::from(text))
        && (!template::has_template(&Value::from(text)) || (!text.contains("<<") && has_only_variables()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{environment::Environment, steps};

    fn images(inputs: &str, directory: &Path) -> BuiltImages {
        let step = steps::step(StepKind::BuildDockerImage, serde_yaml::from_str(inputs).unwrap());
        let scope = Scope::new(&[("STAGE", "dev")].into_iter().collect::<Environment>());
        BuiltImages::of(StepItem::parse(&step).unwrap(), &scope, directory, Some("team")).unwrap()
    }

    #[test]
    fn knows_the_names_of_images() {
        for (inputs, expected) in [
            ("{image_name: r/x, tag: latest}", &["r/x:latest"][..]),
            ("{image_name: x, tag: 1, additional_tags: [2, b]}", &["team/x:1", "team/x:2", "team/x:b"]),
            ("{image_name: r/x, additional_tags: b}", &["r/x:b"]),
            ("{image_name: r/x}", &[]),
            ("{image_name: r/x, tag: auto}", &[]),
            ("{image_name: r/x, tag: '<< env.STAGE >>'}", &["r/x:dev"]),
            ("{image_name: r/x, tag: '{{ $TAG }}'}", &["r/x:{{ $TAG }}"]),
            ("{image_name: r/x, tag: '{{ sha.stdout }}'}", &[]),
            ("{image_name: r/x, tag: '<< sha.stdout >>'}", &[]),
            ("{image_name: '{{ $R }}/{{ name.stdout }}', tag: latest}", &[]),
        ] {
            assert_eq!(images(inputs, Path::new("/p")).references, expected, "{inputs}");
        }
    }

    #[test]
    fn compares_the_contents_of_images() {
        let build = |inputs: &str, directory: &str| images(inputs, Path::new(directory));
        let first = build("{image_name: r/x, tag: latest, dockerfile: Dockerfile}", "/p/a");
        for (inputs, directory, expected) in [
            ("{image_name: r/x, tag: latest}", "/p/a", true),
            ("{image_name: r/x, tag: latest, additional_tags: [b], quiet: true}", "/p/a", true),
            ("{image_name: r/x, tag: latest, path: /p/a}", "/p/b", true),
            ("{image_name: r/x, tag: latest}", "/p/b", false),
            ("{image_name: r/x, tag: latest, dockerfile: B}", "/p/a", false),
            ("{image_name: r/x, tag: latest, target: t}", "/p/a", false),
        ] {
            let equal = first.have_equal_contents(&build(inputs, directory));
            assert_eq!(equal, expected, "{inputs} in {directory}");
        }
    }
}
