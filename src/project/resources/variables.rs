//! Prefect variable declarations.

use super::{names, reader::Reader};
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    template,
    value::to_json,
};

/// Maximum length of a variable's JSON value in bytes.
const MAX_LENGTH: usize = 5000;

/// A declared variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: serde_json::Value,
    pub(crate) pointer: Pointer,
}

/// Reads the mapping from names to values.
pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Vec<Variable> {
    let is_rendered = reader.is_rendered();
    let pointer = reader.pointer.join("variables");
    let Some(entries) = reader.mapping("variables") else { return Vec::new() };
    let mut variables = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.as_str() else { continue };
        let pointer = pointer.join(name);
        if let Err(reason) = names::variable(name) {
            let message = format!("invalid variable name '{name}': {reason}");
            reader.findings.at_key(&pointer, Diagnostic::error(Code::RESOURCE_NAME, message));
            continue;
        }
        if !is_rendered && template::has_template(value) {
            continue;
        }
        let value = to_json(value);
        if value.to_string().len() > MAX_LENGTH {
            let message = format!("the value of variable '{name}' is longer than {MAX_LENGTH} bytes");
            reader.findings.at_value(&pointer, Diagnostic::error(Code::RESOURCE_VALUE, message));
            continue;
        }
        variables.push(Variable { name: name.to_owned(), value, pointer });
    }
    variables
}
