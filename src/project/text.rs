//! Generates the content of prefect.yaml files.

use serde_json::{Value as Json, json};

use super::{Fields, Key, StepList};
use crate::{
    steps::Section,
    value::{self, Value},
    yaml,
};

/// Comment above the `build` section in a generated file, including a line break.
pub(crate) const BUILD: &str = "# Build steps: run once before anything is deployed.\n";
pub(crate) const PUSH: &str = "# Push steps: upload images or code.\n";
pub(crate) const PULL: &str = "# Pull steps: run by workers before each flow run.\n";

/// Returns a generated project file's first lines: comments and the project name.
pub(crate) fn head(name: &str) -> String {
    format!(
        "# Deploy with `prefectl deploy --all`.\n\
         # `prefectl check` validates this file without a server.\n\n{}",
        yaml::write(&json!({"name": name}))
    )
}

/// Returns a deployment as an item of the list `deployments`.
pub(crate) fn entry(fields: &Json) -> String {
    yaml::write(&json!([fields]))
}

/// Returns a complete project file with one deployment. Moves the deployment's steps to the top level.
pub(crate) fn whole(name: &str, mut fields: Fields) -> String {
    let mut sections = vec![head(name)];
    for (section, comment) in [(Section::Build, BUILD), (Section::Push, PUSH), (Section::Pull, PULL)] {
        if let StepList::Steps(steps) = fields.steps(section) {
            let steps = value::to_json(&Value::Sequence(steps));
            sections.push(format!("{comment}{}", yaml::write(&json!({section.name(): steps}))));
        }
        fields.remove(Key::Steps(section));
    }
    let entry = entry(&value::to_json(&fields.to_template()));
    sections.push(format!("# One item per deployment.\ndeployments:\n{entry}"));
    sections.join("\n")
}
