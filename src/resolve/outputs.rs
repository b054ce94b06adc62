//! Determines which step outputs are known before the steps run.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    deployment::{DeploymentSpec, StepSections},
    python,
    steps::{Listed, StepItem, registry},
    value::Value,
};

/// Names available to templates after certain steps have run.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownOutputs {
    names: BTreeMap<String, Name>,
    /// Whether a step's outputs are unknown. If so, any name may exist.
    open: bool,
}

#[derive(Debug, Clone)]
enum Name {
    /// A step ID with known outputs.
    Id(&'static [&'static str]),
    /// A step ID with unknown outputs, or a value with unknown keys.
    Anything,
    /// A single output: a string, a number, or a list of strings or numbers.
    Output,
}

impl KnownOutputs {
    /// Returns the outputs available to a deployment's fields.
    pub(crate) fn in_fields(sections: &StepSections, spec: &DeploymentSpec) -> Self {
        let mut known = Self::after(sections.build.iter().chain(&sections.push));
        let variables = spec.variables.keys().map(python::to_text);
        known.names.extend(variables.map(|name| (name, Name::Anything)));
        known
    }

    pub(crate) fn after<'a>(steps: impl IntoIterator<Item = &'a Listed>) -> Self {
        let mut known = Self::default();
        for listed in steps {
            known.add(&listed.step);
        }
        known
    }

    /// Adds a step's outputs. Returns the step IDs shadowed by these outputs.
    pub(crate) fn add(&mut self, step: &Value) -> Vec<String> {
        let Some(item) = StepItem::parse(step) else { return Vec::new() };
        let id = item.id();
        let Some(outputs) = registry::outputs(item.name) else {
            self.open = true;
            self.names.extend(id.map(|id| (id, Name::Anything)));
            return Vec::new();
        };
        self.names.extend(id.map(|id| (id, Name::Id(outputs))));
        let mut replaced = Vec::new();
        for output in outputs {
            let before = self.names.insert((*output).to_owned(), Name::Output);
            replaced.extend(matches!(before, Some(Name::Id(_))).then(|| (*output).to_owned()));
        }
        replaced
    }

    /// Returns whether an output path such as `build-image.tags[0]` can resolve to a value.
    pub(crate) fn may_have(&self, path: &str) -> bool {
        let path = path.replace('[', ".").replace(']', "");
        let mut keys = path.split('.');
        let first = keys.next().unwrap_or_default();
        self.open || self.names.get(first).is_some_and(|name| name.may_have(keys.next()))
    }

    /// Returns whether the step with the ID `name` can have the output `key`. Returns `true` if `name` is not the ID of
    /// a step with known outputs.
    pub(crate) fn may_have_key(&self, name: &str, key: &str) -> bool {
        match self.names.get(name) {
            Some(Name::Id(outputs)) => outputs.contains(&key),
            _ => true,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Returns the outputs of the step with the given ID, or `None` if the step does not exist or its outputs are
    /// unknown.
    pub(crate) fn outputs_of(&self, id: &str) -> Option<&'static [&'static str]> {
        match self.names.get(id) {
            Some(Name::Id(outputs)) => Some(outputs),
            _ => None,
        }
    }

    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.names.keys().cloned().collect()
    }

    /// Returns the known names, as used in placeholders.
    pub(crate) fn paths(&self) -> Vec<String> {
        let paths = self.names.iter().flat_map(|(name, value)| match value {
            Name::Id(outputs) => outputs.iter().map(|output| format!("{name}.{output}")).collect(),
            Name::Anything | Name::Output => vec![name.clone()],
        });
        paths.collect()
    }
}

impl Name {
    fn may_have(&self, key: Option<&str>) -> bool {
        match (self, key) {
            (Self::Anything, _) | (_, None) => true,
            (Self::Id(outputs), Some(key)) => outputs.contains(&key),
            (Self::Output, Some(key)) => key.parse::<i64>().is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(steps: &str) -> (KnownOutputs, Vec<String>) {
        let steps: Vec<Value> = serde_yaml::from_str(steps).unwrap();
        let mut known = KnownOutputs::default();
        let replaced = steps.iter().flat_map(|step| known.add(step)).collect();
        (known, replaced)
    }

    const SHELL: &str = "prefect.deployments.steps.run_shell_script";
    const BUILD: &str = "prefect_docker.deployments.steps.build_docker_image";

    #[test]
    fn outputs_are_available_by_id_and_by_name() {
        let (known, replaced) =
            known(&format!("[{SHELL}: {{id: hash, script: x}}, {BUILD}: {{id: b-i, image_name: x}}, {{}}]"));
        for (path, expected) in [
            ("hash.stdout", true),
            ("hash.stdot", false),
            ("hash", true),
            ("hsh.stdout", false),
            ("stdout", true),
            ("stdout.x", false),
            ("b-i.image", true),
            ("b-i.additional_tags[0]", true),
            ("additional_tags[0]", true),
            ("additional_tags[x]", false),
            ("b-i[image]", true),
            ("digest", false),
        ] {
            assert_eq!(known.may_have(path), expected, "{path}");
        }
        assert_eq!(replaced, [""; 0]);
        assert!(known.paths().contains(&"b-i.tag".to_owned()));
    }

    #[test]
    fn output_replaces_an_id_with_the_same_name() {
        let (known, replaced) = known(&format!("[{BUILD}: {{id: image, image_name: x}}]"));
        assert_eq!(replaced, ["image"]);
        assert!(known.may_have("image") && !known.may_have("image.tag"));
    }

    #[test]
    fn accepts_any_output_of_an_unknown_step() {
        let (known, _) = known("[my_company.steps.sign: {id: s}]");
        assert!(known.is_open() && known.may_have("anything.at.all"));
    }
}
