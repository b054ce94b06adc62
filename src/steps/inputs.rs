//! Validates step inputs and converts them to typed values.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Input, StepEntry, StepError};
use crate::{
    diagnostics::did_you_mean,
    value::{self, Mapping, Value},
};

/// Converts inputs to the type `T`. The inputs must already be validated with [`problems`].
pub(super) fn typed<T: DeserializeOwned>(mapping: Mapping) -> Result<T, StepError> {
    serde_yaml::from_value(Value::Mapping(mapping))
        .map_err(|error| StepError::Input { key: None, message: error.to_string() })
}

/// Default for boolean inputs that default to `true`.
pub(super) fn yes() -> bool {
    true
}

/// Deserializes a boolean. As in Python, null is treated as false.
pub(super) fn true_or_not<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(deserializer)?.unwrap_or(false))
}

/// Checks a step's inputs for unknown names, missing values and wrong types. Returns each problem with its input name,
/// if any.
///
/// If `templated` is `false`, the inputs may still contain placeholders, so a string with placeholders is valid for
/// every type.
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
        .then(|| format!("'{}' must be {}, not {}", input.name, input.kind.name(), value::kind(value)))
}
