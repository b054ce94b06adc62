//! The texts of which a prefect.yaml is made, whoever makes it.

use serde_json::{Value as Json, json};

use super::Section;
use crate::{
    value::{self, Mapping, Value},
    yaml,
};

/// What a section is for, as comments that end in a line end.
pub(crate) const BUILD: &str = "# What runs once before anything is registered.\n";
pub(crate) const PUSH: &str = "# Where what was built, or the flows themselves, go.\n";
pub(crate) const PULL: &str = "# What a worker does before it runs a flow.\n";

/// The beginning of a file.
pub(crate) fn head(name: &str) -> String {
    format!(
        "# How the flows of this project are deployed: `prefectl deploy --all`.\n\
         # `prefectl check` finds mistakes in this file without a server.\n\n{}",
        yaml::write(&json!({"name": name}))
    )
}

/// The lines of one deployment in the list of them.
pub(crate) fn entry(fields: &Json) -> String {
    yaml::write(&json!([fields]))
}

/// A file with one deployment, whose steps become those of the file.
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
    sections.push(format!("# One entry a deployment.\ndeployments:\n{entry}"));
    sections.join("\n")
}
