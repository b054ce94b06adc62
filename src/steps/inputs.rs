//! Validates step inputs and converts them to typed values.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Input, Kind, StepEntry, StepError};
use crate::{
    diagnostics::did_you_mean,
    python,
    value::{self, Mapping, Value},
};

/// Converts inputs to the type `T`. The inputs must already be validated with [`problems`].
pub(super) fn typed<T: DeserializeOwned>(mapping: Mapping) -> Result<T, StepError> {
    serde_yaml::from_value(Value::Mapping(mapping))
        .map_err(|error| StepError::Input { key: None, message: error.to_string() })
}

/// Returns `true`, the default value of some boolean inputs.
pub(super) fn yes() -> bool {
    true
}

/// Deserializes a boolean. Null is treated as false, as in Python.
pub(super) fn true_or_not<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(deserializer)?.unwrap_or(false))
}

/// Checks a step's inputs for unknown names, missing values and wrong types. Returns each problem with the name of its
/// input, or with `None` for a missing input.
///
/// If `templated` is `false`, the inputs may still contain placeholders, so a string with placeholders is valid for
/// every type.
pub(crate) fn problems(
    entry: &StepEntry,
    mapping: &Mapping,
    templated: bool,
) -> Vec<(Option<String>, String)> {
    let mut problems = Vec::new();
    // Inputs whose names are probably misspelled are not reported as missing, too.
    let mut misspelled = Vec::new();
    for (key, value) in mapping {
        let name = key.as_str().unwrap_or_default();
        let named = |wanted: &str| entry.inputs.iter().find(|input| input.name == wanted);
        if let Some(input) = named(name).or_else(|| named(Input::ANY_OTHER)) {
            problems.extend(wrong_type(input, value, templated).map(|text| (Some(name.into()), text)));
        } else {
            misspelled.extend(did_you_mean(name, entry.inputs.iter().map(|input| input.name)));
            problems.push((Some(name.into()), unknown(entry, name)));
        }
    }
    let is_missing = |input: &&Input| {
        input.required && !mapping.contains_key(input.name) && !misspelled.contains(&input.name)
    };
    for input in entry.inputs.iter().filter(is_missing) {
        problems.push((
            None,
            format!("{} requires the input '{}': {}", entry.short_name(), input.name, input.meaning),
        ));
    }
    problems
}

fn unknown(entry: &StepEntry, name: &str) -> String {
    let known = entry.inputs.iter().map(|input| input.name);
    let suggestion = match did_you_mean(name, known.clone()) {
        Some(known) => format!("did you mean '{known}'?"),
        None => format!("known inputs: {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("{} has no input '{name}'; {suggestion}", entry.short_name())
}

fn wrong_type(input: &Input, value: &Value, templated: bool) -> Option<String> {
    let may_be_filled =
        !templated && value.as_str().is_some_and(|text| text.contains("{{") || text.contains("<<"));
    let default = value.is_null() && !input.required;
    (!may_be_filled && !default && !input.kind.accepts(value))
        .then(|| format!("'{}' must be {}, {}", input.name, input.kind.name(), difference(input.kind, value)))
}

/// Describes the difference between a value and a type: the first item of another type, or the type of the value.
fn difference(kind: Kind, value: &Value) -> String {
    let item = match (kind, value) {
        (Kind::Texts, Value::Sequence(items)) => {
            let mut items = items.iter().zip(1..);
            items.find(|(item, _)| !item.is_string()).map(|(item, number)| (format!("item {number}"), item))
        }
        (Kind::TextMapping, Value::Mapping(entries)) => {
            let entry = entries.iter().find(|(_, item)| !item.is_string());
            entry.map(|(key, item)| (format!("`{}`", python::to_text(key)), item))
        }
        _ => None,
    };
    match item {
        Some((name, item)) => format!("but {name} is {}", value::kind(item)),
        None => format!("not {}", value::kind(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::registry;

    #[test]
    fn problems_name_the_input_and_the_item() {
        for (step, inputs, key, message) in [
            ("run_shell_script", "{script: 7}", Some("script"), "'script' must be a string, not an integer"),
            (
                "run_shell_script",
                "{script: ls, env: {A: a, B: 1}}",
                Some("env"),
                "'env' must be a mapping of strings, but `B` is an integer",
            ),
            (
                "run_shell_script",
                "{script: ls, env: [a]}",
                Some("env"),
                "'env' must be a mapping of strings, not a list",
            ),
            (
                "git_clone",
                "{repository: r, directories: [a, 7]}",
                Some("directories"),
                "'directories' must be a list of strings, but item 2 is an integer",
            ),
            (
                "git_clone",
                "{repo: r}",
                Some("repo"),
                "git_clone has no input 'repo'; did you mean 'repository'?",
            ),
            (
                "run_shell_script",
                "{}",
                None,
                "run_shell_script requires the input 'script': one command per line",
            ),
        ] {
            let entry = registry::find(&format!("prefect.deployments.steps.{step}")).unwrap();
            let found = problems(entry, &serde_yaml::from_str(inputs).unwrap(), false);
            assert_eq!(found, [(key.map(str::to_owned), message.to_owned())], "{inputs}");
        }
    }
}
