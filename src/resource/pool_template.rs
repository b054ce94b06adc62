//! Checks a work pool's declared base job template against the server's rules.

use serde_json::{Map, Value as Json};

use super::fields::Placeholders;
use crate::{
    api::JsonObject,
    diagnostics::{Code, Diagnostic, did_you_mean},
    json_schema::{self, Nullable},
    pointer::Pointer,
    project::{Findings, Part},
    template::placeholder::{self, Kind},
};

/// Checks the template at `pointer` in the file.
pub(super) fn check(
    template: &JsonObject,
    placeholders: Placeholders,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) {
    if template.is_empty() {
        return;
    }
    let mut object = |key: &str| {
        let pointer = pointer.join(key);
        let message = match template.get(key) {
            Some(Json::Object(entries)) if !entries.is_empty() => return Some(entries),
            None => format!("the base job template has no `{key}`"),
            Some(_) => format!("`{key}` of the base job template must be a non-empty mapping"),
        };
        findings.at_value(&pointer, Diagnostic::error(Code::WORK_POOL_VARIABLE, message));
        None
    };
    let (configuration, schema) = (object("job_configuration"), object("variables"));
    let (Some(configuration), Some(schema)) = (configuration, schema) else { return };
    let no_properties = Map::new();
    let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&no_properties);
    let job = pointer.join("job_configuration");
    for (key, value) in configuration {
        undeclared_variables(value, properties, placeholders, &job.join(key.as_str()), findings);
    }
    check_schema(schema, properties, &pointer.join("variables"), findings);
}

/// Reports placeholders for undeclared variables.
fn undeclared_variables(
    value: &Json,
    properties: &Map<String, Json>,
    placeholders: Placeholders,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) {
    match value {
        Json::String(text) => {
            for found in placeholder::find(text) {
                if placeholders.may_change(found.text) || properties.contains_key(found.name) {
                    continue;
                }
                let message = format!("the base job template has no variable '{}'", found.name);
                let similar = did_you_mean(found.name, properties.keys().map(String::as_str));
                let help = match (similar, found.kind()) {
                    (Some(known), _) => format!("did you mean '{known}'?"),
                    (None, Kind::Standard) => {
                        "add it to `properties` of `variables`, or to `add_variables` of the work pool"
                            .to_owned()
                    }
                    (None, _) => "a job configuration can only refer to variables of the template".to_owned(),
                };
                let diagnostic = Diagnostic::error(Code::WORK_POOL_VARIABLE, message).help(help);
                findings.at_part(pointer, Part::new(text, found.range), diagnostic);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                undeclared_variables(item, properties, placeholders, &pointer.join(index), findings);
            }
        }
        Json::Object(entries) => {
            for (key, entry) in entries {
                undeclared_variables(entry, properties, placeholders, &pointer.join(key.as_str()), findings);
            }
        }
        _ => {}
    }
}

/// Reports an invalid schema and defaults that do not match the schema.
fn check_schema(
    schema: &JsonObject,
    properties: &Map<String, Json>,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) {
    let schema = Json::Object(schema.clone());
    if let Some(reason) = json_schema::invalid_schema(&schema) {
        let message = format!("`variables` of the base job template is not a valid JSON schema: {reason}");
        findings.at_value(pointer, Diagnostic::error(Code::WORK_POOL_VARIABLE, message));
        return;
    }
    let is_reference = |default: &Json| default.get("$ref").is_some();
    let defaults = properties.iter().filter_map(|(name, property)| {
        let default = property.get("default").filter(|default| !is_reference(default))?;
        Some((name.clone(), default.clone()))
    });
    for violation in json_schema::violations(&Json::Object(defaults.collect()), &schema, Nullable::All) {
        let Some(name) = violation.path.first() else { continue };
        let message = format!("the default of variable '{name}' is invalid: {}", violation.message);
        let pointer = pointer.join("properties").join(name.as_str()).join("default");
        findings.at_value(&pointer, Diagnostic::error(Code::WORK_POOL_VARIABLE, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::json_object;

    #[test]
    fn job_configurations_refer_to_variables_of_the_template() {
        for (placeholder, unresolved, replaced) in [
            ("{{ image }}", None, None),
            ("{{ imag }}", Some("did you mean 'image'?"), Some("did you mean 'image'?")),
            ("{{ $HOME }}", None, Some("a job configuration can only refer to variables of the template")),
            (
                "{{ prefect.variables.a }}",
                None,
                Some("a job configuration can only refer to variables of the template"),
            ),
        ] {
            let template = json_object(json!({
                "job_configuration": {"env": [placeholder]},
                "variables": {"properties": {"image": {"type": "string"}}},
            }));
            for (placeholders, expected) in
                [(Placeholders::Unresolved, unresolved), (Placeholders::Replaced, replaced)]
            {
                let mut findings = Findings::new(None);
                check(&template, placeholders, &Pointer::root(), &mut findings);
                let found: Vec<String> = findings.take().into_iter().filter_map(|found| found.help).collect();
                assert_eq!(found, Vec::from_iter(expected), "{placeholder} {placeholders:?}");
            }
        }
    }
}
