//! Validates the parameters and job variables that `ignore_changes` lists.

use serde_json::{Map, Value as Json};

use crate::{
    api::WorkPool,
    deployment::ResolvedDeployment,
    diagnostics::{Code, Diagnostic, did_you_mean},
    flow::Flow,
    pointer::Pointer,
    project::{Findings, IgnorableField, IgnoredFields, Key, Project},
    validate::PreparedDeployment,
};

/// Reports parameters in the deployment's `ignore_changes` that its flow does not have.
pub(super) fn parameters(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let Some(flow) = &deployment.flow else { return };
    let at = deployment.pointer_to(Key::IgnoreChanges);
    for (index, name) in first_keys(&deployment.fields.ignore_changes(), IgnorableField::Parameters) {
        if !has_parameter(flow, name) {
            let message = format!("the flow has no parameter '{name}'");
            let help = suggestion(name, parameter_names(flow));
            let diagnostic = Diagnostic { help, ..Diagnostic::error(Code::IGNORED_FIELD, message) };
            findings.at_value(&at.join(index), diagnostic);
        }
    }
}

/// Reports parameters in the top-level `ignore_changes` that no flow has. `deployments` must be all
/// deployments of the file.
pub(crate) fn check_ignored_parameters(
    project: &Project,
    deployments: &[PreparedDeployment],
    findings: &mut Findings<'_>,
) {
    let at = Pointer::root().join(Key::IgnoreChanges);
    for (index, name) in first_keys(&project.ignore_changes, IgnorableField::Parameters) {
        // A flow that could not be read may have the parameter.
        let flows = || deployments.iter().map(|prepared| prepared.resolved.flow.as_deref());
        if flows().all(|flow| flow.is_some_and(|flow| !has_parameter(flow, name))) {
            let message = format!("no flow has a parameter '{name}'");
            let help = suggestion(name, flows().flatten().flat_map(parameter_names));
            let diagnostic = Diagnostic { help, ..Diagnostic::error(Code::IGNORED_FIELD, message) };
            findings.at_value(&at.join(index), diagnostic);
        }
    }
}

/// Warns about job variables in the deployment's `ignore_changes` that its work pool does not define.
pub(super) fn job_variables(deployment: &ResolvedDeployment, pool: &WorkPool, findings: &mut Findings<'_>) {
    let properties = pool.variables_schema().and_then(|schema| schema.get("properties")?.as_object());
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else { return };
    let at = deployment.pointer_to(Key::IgnoreChanges);
    for (index, name) in first_keys(&deployment.fields.ignore_changes(), IgnorableField::JobVariables) {
        if !properties.contains_key(name) {
            let message = format!("job variable '{name}' is not defined by work pool '{}'", pool.name);
            let help = suggestion(name, properties.keys().map(String::as_str));
            let diagnostic = Diagnostic { help, ..Diagnostic::warning(Code::UNKNOWN_JOB_VARIABLE, message) };
            findings.at_value(&at.join(index), diagnostic);
        }
    }
}

/// Returns the index in `ignored` and the first key of each path into `field`.
fn first_keys(ignored: &IgnoredFields, field: IgnorableField) -> impl Iterator<Item = (usize, &str)> {
    let paths = ignored.paths().iter().enumerate().filter(move |(_, path)| path.field == field);
    paths.filter_map(|(index, path)| Some((index, path.keys.first()?.as_str())))
}

fn parameter_names(flow: &Flow) -> impl Iterator<Item = &str> {
    let properties = flow.parameters.get("properties").and_then(Json::as_object);
    properties.into_iter().flat_map(Map::keys).map(String::as_str)
}

fn has_parameter(flow: &Flow, name: &str) -> bool {
    parameter_names(flow).any(|known| known == name)
}

fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    did_you_mean(name, known).map(|known| format!("did you mean '{known}'?"))
}
