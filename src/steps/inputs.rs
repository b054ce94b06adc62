//! From the mapping under a step's name to the step's typed inputs.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Input, StepEntry, StepError};
use crate::{
    diagnostics::did_you_mean,
    value::{self, Mapping, Value},
};

/// The typed inputs of a mapping; the entry has been checked with [`problems`] before, where it could be.
pub(super) fn typed<T: DeserializeOwned>(mapping: Mapping) -> Result<T, StepError> {
    serde_yaml::from_value(Value::Mapping(mapping))
        .map_err(|error| StepError::Input { key: None, message: error.to_string() })
}

/// What a switch is that is on unless a step says otherwise.
pub(super) fn yes() -> bool {
    true
}

/// A switch; null turns it off, as it does in Python.
pub(super) fn true_or_not<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(deserializer)?.unwrap_or(false))
}

/// What is wrong with a step's inputs: unknown names, missing ones, wrong types.
///
/// With `templated` false the values may still hold placeholders, so that text is taken for any type.
pub(crate) fn problems(
    entry: &StepEntry,
    mapping: &Mapping,
    templated: bool,
) -> Vec<(Option<String>, String)> {
    let mut problems = Vec::new();
    for (key, value) in mapping {
        let name = key.as_str().unwrap_or_default();
        let named = |wanted: &str| entry.inputs.iter().find(|input| input.name == wanted);
        match named(name).or_else(|| named(Input::ANY_OTHER)) {
            Some(input) => {
                problems.extend(wrong_type(input, value, templated).map(|text| (Some(name.into()), text)));
            }
            None => problems.push((Some(name.into()), unknown(entry, name))),
        }
    }
    for input in entry.inputs.iter().filter(|input| input.required && !mapping.contains_key(input.name)) {
        problems.push((
            None,
            format!("{} needs the input '{}': {}", entry.short_name(), input.name, input.meaning),
        ));
    }
    problems
}

fn unknown(entry: &StepEntry, name: &str) -> String {
    let known = entry.inputs.iter().map(|input| input.name);
    let suggestion = match did_you_mean(name, known.clone()) {
        Some(known) => format!("did you mean '{known}'?"),
        None => format!("it takes {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("{} has no input '{name}'; {suggestion}", entry.short_name())
}

fn wrong_type(input: &Input, value: &Value, templated: bool) -> Option<String> {
    let may_be_filled =
        !templated && value.as_str().is_some_and(|text| text.contains("{{") || text.contains("<<"));
    let default = value.is_null() && !input.required;
    (!may_be_filled && !default && !input.kind.accepts(value))
        .then(|| format!("'{}' must be {}, not {}", input.name, input.kind.name(), value::kind(value)))
}
