//! Validates a run's parameters against its flow's schema, with the same rules as the server.

use serde_json::Value;

use crate::{
    api::{Deployment, JsonObject},
    json_schema::{self, Nullable},
    python,
};

/// Error for invalid parameters of a run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    #[error(
        "The following parameters were specified but not found on the deployment: {unknown}\n  {available}"
    )]
    Unknown { unknown: String, available: String },
    #[error("Error creating flow run: {}", .0.join("\n"))]
    Invalid(Vec<String>),
}

/// Validates the given parameters merged with the deployment's parameters.
pub(super) fn check(deployment: &Deployment, given: &JsonObject) -> Result<(), ParameterError> {
    check_names(deployment, given)?;
    let is_enforced = deployment.raw.get("enforce_parameter_schema").and_then(Value::as_bool).unwrap_or(true);
    let Some(schema) = deployment.parameter_schema().cloned().filter(|_| is_enforced) else {
        return Ok(());
    };
    let mut parameters = deployment.parameters.clone();
    parameters.extend(given.clone());
    let problems = problems(parameters, &Value::Object(schema));
    if problems.is_empty() { Ok(()) } else { Err(ParameterError::Invalid(problems)) }
}

/// Checks that the flow accepts each given parameter, even if the parameter schema is not enforced.
fn check_names(deployment: &Deployment, given: &JsonObject) -> Result<(), ParameterError> {
    let schema = deployment.parameter_schema();
    let known = schema.and_then(|schema| schema.get("properties")?.as_object());
    let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
    let unknown: Vec<&str> = given.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let available = match known.filter(|known| !known.is_empty()) {
        Some(known) => format!(
            "The following parameters are available on the deployment: {}",
            python::names(known.keys().map(String::as_str))
        ),
        None => "This deployment does not accept parameters.".to_owned(),
    };
    Err(ParameterError::Unknown { unknown: python::names(unknown), available })
}

fn problems(mut parameters: JsonObject, schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let missing = required.filter_map(Value::as_str).filter(|name| !parameters.contains_key(*name));
    let mut problems: Vec<String> = missing
        .map(|name| format!("Validation failed. Failure reason: '{name}' is a required property"))
        .collect();
    // The server replaces placeholders when it creates the run, so their values are unknown here.
    parameters.retain(|_, value| !is_filled_in_later(value));
    let violations = json_schema::violations(&Value::Object(parameters), schema, Nullable::WithoutDefault);
    problems.extend(violations.into_iter().map(|violation| {
        let field = violation.path.join(".");
        format!("Validation failed for field '{field}'. Failure reason: {}", violation.message)
    }));
    problems
}

/// Returns whether a value contains a placeholder that the server replaces.
fn is_filled_in_later(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.contains_key("__prefect_kind") || fields.values().any(is_filled_in_later)
        }
        Value::Array(items) => items.iter().any(is_filled_in_later),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(given: &Value, enforce: bool) -> Result<(), String> {
        let deployment = json!({
            "id": "0b7a5a3e-0000-4000-8000-000000000001", "name": "d",
            "flow_id": "0b7a5a3e-0000-4000-8000-000000000002",
            "parameters": {"n": 1}, "enforce_parameter_schema": enforce,
            "parameter_openapi_schema": {
                "type": "object", "required": ["who"],
                "properties": {"who": {"type": "string"}, "n": {"type": "integer"}},
            },
        });
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        check(&deployment, given.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn checks_parameters_with_those_of_the_deployment() {
        assert_eq!(checked(&json!({"who": "x"}), true), Ok(()));
        assert_eq!(checked(&json!({"who": {"__prefect_kind": "jinja", "template": "x"}}), true), Ok(()));
        assert_eq!(checked(&json!({"who": [{"__prefect_kind": "json", "value": "1"}]}), true), Ok(()));
        let error = checked(&json!({"n": "many"}), true).unwrap_err();
        assert!(error.contains("'who' is a required property\n"), "{error}");
        assert!(error.contains("for field 'n'. Failure reason: \"many\" is not of type"), "{error}");
    }

    #[test]
    fn checks_names_if_the_schema_is_not_enforced() {
        assert_eq!(checked(&json!({"n": "many"}), false), Ok(()));
        let error = checked(&json!({"x": 1}), false).unwrap_err();
        assert!(error.ends_with("The following parameters are available on the deployment: 'who', 'n'"));
    }
}
