//! Text of generated prefect.yaml files.

use serde_json::{Value as Json, json};

use super::Section;
use crate::{
    value::{self, Mapping, Value},
    yaml,
};

/// Comments above the step sections, each with a line break at the end.
pub(crate) const BUILD: &str = "# Build steps: run once before anything is deployed.\n";
pub(crate) const PUSH: &str = "# Push steps: upload images or code.\n";
pub(crate) const PULL: &str = "# Pull steps: run by workers before each flow run.\n";

/// Returns the first lines of a generated file.
pub(crate) fn head(name: &str) -> String {
    format!(
        "# Deploy with `prefectl deploy --all`.\n\
         # `prefectl check` validates this file without a server.\n\n{}",
        yaml::write(&json!({"name": name}))
    )
}

/// Returns the list item of one deployment.
pub(crate) fn entry(fields: &Json) -> String {
    yaml::write(&json!([fields]))
}

/// Returns a file with one deployment. The steps of the deployment become those of the file.
pub(crate) fn whole(name: &str, mut fields: Mapping) -> String {
    let mut sections = vec![head(name)];
    for (key, comment) in [("build", BUILD), ("push", PUSH), ("pull", PULL)] {
        if let Section::Steps(steps) = Section::of(&fields, key) {
            let steps = value::to_json(&Value::Sequence(steps));
            sections.push(format!("{comment}{}", yaml::write(&json!({key: steps}))));
        }
        fields.shift_remove(key);
    }
    let entry = entry(&value::to_json(&Value::Mapping(fields)));
    sections.push(format!("# One item per deployment.\ndeployments:\n{entry}"));
    sections.join("\n")
}
