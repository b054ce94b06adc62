//! Validates the structure, names, inputs and IDs of steps.

use super::shell_script::{self, Problem};
use crate::{
    deployment::StepSections,
    diagnostics::{Code, Diagnostic, Fix},
    environment::Environment,
    pointer::Pointer,
    project::{Findings, Part},
    resolve::outputs::KnownOutputs,
    steps::{
        Kind as StepInputKind, Listed, StepEntry, StepError, StepItem, TIMEOUT, problems, registry,
        time_limit,
    },
    template::{
        has_template,
        placeholder::{self, Kind},
    },
    value::{self, Mapping, Value},
    yaml,
};

/// Validates a build or push step. Validates the input values only if no value contains a template.
pub(super) fn step(listed: &Listed, findings: &mut Findings<'_>) {
    let Some(item) = well_formed(listed, findings) else { return };
    let pointer = listed.pointer.join(item.name);
    let Some(entry) = item.entry() else {
        // An unknown name may be a Python function, which cannot be validated.
        if let Some(doubt) = registry::doubt(item.name) {
            let message = format!("step '{}' does not exist", item.name);
            let fix = name_fix(item.name, &pointer, findings);
            findings.at_key(&pointer, Diagnostic::error(Code::UNKNOWN_STEP, message).help(doubt).fix(fix));
        }
        return;
    };
    let mut inputs = own_inputs(item);
    if let Err(error) = time_limit(entry, &mut inputs) {
        let diagnostic = Diagnostic::error(Code::STEP_INPUT, error.to_string());
        findings.at_value(&pointer.join(TIMEOUT), diagnostic);
    }
    let problems = problems(entry, &inputs, false);
    if problems.is_empty() {
        values(entry, &inputs, &pointer, findings);
    }
    for (key, message) in problems {
        let diagnostic = Diagnostic::error(Code::STEP_INPUT, message);
        match key {
            Some(key) => {
                let at = pointer.join(key.as_str());
                let diagnostic = quoted(entry, &key, &at, diagnostic, findings);
                findings.at_key(&at, diagnostic);
            }
            None => findings.at_key(&pointer, diagnostic),
        }
    }
    shell(item, &pointer, findings);
}

/// Returns a help text that suggests quoting the value of an input that must be a string.
fn quoted(
    entry: &StepEntry,
    key: &str,
    at: &Pointer,
    diagnostic: Diagnostic,
    findings: &Findings<'_>,
) -> Diagnostic {
    let is_text = entry.inputs.iter().any(|input| input.name == key && input.kind == StepInputKind::Text);
    if is_text { findings.with_quotes(at, diagnostic) } else { diagnostic }
}

/// Validates the inputs by constructing the step. Does nothing if an input contains a template.
fn values(entry: &StepEntry, inputs: &Mapping, pointer: &Pointer, findings: &mut Findings<'_>) {
    if inputs.values().any(has_template) {
        return;
    }
    if let Some((key, message)) = refused(entry, inputs) {
        let at = key.map_or_else(|| pointer.clone(), |key| pointer.join(key));
        findings.at_value(&at, Diagnostic::error(Code::STEP_INPUT, message));
    }
}

/// Reports required inputs that are empty because an environment variable is not set.
///
/// This check only runs before steps are run, because the variable may be set on a different machine.
pub(crate) fn unset_inputs(sections: &StepSections, environment: &Environment, findings: &mut Findings<'_>) {
    for listed in sections.build.iter().chain(&sections.push) {
        let Some(item) = listed.item() else { continue };
        let Some(entry) = item.entry() else { continue };
        for input in entry.inputs.iter().filter(|input| input.required) {
            let text = item.all_inputs.get(input.name).and_then(Value::as_str).unwrap_or_default();
            let Some(placeholder) = placeholder::only(text) else { continue };
            let variable = placeholder.environment_name();
            if placeholder.kind() != Kind::Environment || environment.non_empty(variable).is_some() {
                continue;
            }
            let message = format!("input '{}' of step '{}' is empty", input.name, entry.short_name());
            let diagnostic = Diagnostic::error(Code::STEP_INPUT, message)
                .help(format!("set the environment variable {variable}"));
            findings.at_value(&listed.pointer.join(item.name).join(input.name), diagnostic);
        }
    }
}

/// Validates pull steps. Problems are reported as warnings, because pull steps run on workers.
pub(super) fn pull(steps: &[Value], pointer: &Pointer, findings: &mut Findings<'_>) {
    for (index, step) in steps.iter().enumerate() {
        let Some((Some(name), inputs)) = step
            .as_mapping()
            .and_then(|step| step.iter().next())
            .map(|(name, inputs)| (name.as_str(), inputs))
        else {
            continue;
        };
        let step_pointer = pointer.join(index);
        let pointer = step_pointer.join(name);
        if let Some(doubt) = registry::doubt(name) {
            let message = format!("pull step '{name}' does not exist on workers");
            let fix = name_fix(name, &pointer, findings);
            let diagnostic = Diagnostic::warning(Code::UNKNOWN_PULL_STEP, message).help(doubt).fix(fix);
            findings.at_key(&pointer, diagnostic);
        }
        if let Some((message, help)) = invalid_form(step, name, inputs) {
            let message = format!("workers will fail: {message}");
            let fix = form_fix(step, &step_pointer, findings);
            let diagnostic = Diagnostic::warning(Code::PULL_STEP_FORM, message).help(help).fix(fix);
            findings.at_key(&pointer, diagnostic);
        } else if let Some(item) = StepItem::parse(step) {
            pull_inputs(item, &pointer, findings);
        }
    }
}

/// Warns about inputs that would make a pull step fail on a worker.
fn pull_inputs(item: StepItem<'_>, pointer: &Pointer, findings: &mut Findings<'_>) {
    let Some(entry) = item.entry() else { return };
    let inputs = own_inputs(item);
    let mut problems = problems(entry, &inputs, false);
    if problems.is_empty() && !inputs.values().any(has_template) {
        problems.extend(refused(entry, &inputs));
    }
    for (key, message) in problems {
        let diagnostic = Diagnostic::warning(Code::PULL_STEP_INPUT, format!("workers will fail: {message}"));
        let at = key.as_deref().map_or_else(|| pointer.clone(), |key| pointer.join(key));
        let diagnostic = match &key {
            Some(key) => quoted(entry, key, &at, diagnostic, findings),
            None => diagnostic,
        };
        findings.at_key(&at, diagnostic);
    }
    shell(item, pointer, findings);
}

/// Returns the inputs of a step. Inputs that every step accepts are omitted.
fn own_inputs(item: StepItem<'_>) -> Mapping {
    item.inputs().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Constructs the step to validate its inputs. Returns the error's key and message, or `None` if the inputs are valid.
fn refused(entry: &StepEntry, inputs: &Mapping) -> Option<(Option<String>, String)> {
    match (entry.create)(inputs.clone()) {
        Err(StepError::Input { key, message }) => Some((key, message)),
        _ => None,
    }
}

/// Returns the step if its structure is valid. Adds a finding and returns `None` if the structure is invalid.
/// An empty step is skipped.
fn well_formed<'a>(listed: &'a Listed, findings: &mut Findings<'_>) -> Option<StepItem<'a>> {
    let (name, inputs) = listed.step.as_mapping()?.iter().next()?;
    let name = name.as_str()?;
    if let Some((message, help)) = invalid_form(&listed.step, name, inputs) {
        let at = listed.pointer.join(name);
        let fix = form_fix(&listed.step, &listed.pointer, findings);
        findings.at_key(&at, Diagnostic::error(Code::STEP_FORM, message).help(help).fix(fix));
        return None;
    }
    listed.item()
}

/// Returns the fix for a step whose name is misspelled or was only used in Prefect 2.
fn name_fix(name: &str, pointer: &Pointer, findings: &Findings<'_>) -> Option<Fix> {
    yaml::rename_key(findings.document()?, pointer, registry::replacement(name)?)
}

/// Returns the fix for a step with multiple keys. If the other keys are steps, splits the list item. Otherwise, indents
/// the inputs under the step name.
fn form_fix(step: &Value, pointer: &Pointer, findings: &Findings<'_>) -> Option<Fix> {
    let others = step.as_mapping()?.keys().skip(1);
    let steps = others.filter_map(Value::as_str).filter(|name| registry::find(name).is_some()).count();
    match steps {
        0 => yaml::indent_below_first(findings.document()?, pointer),
        _ => yaml::split_item(findings.document()?, pointer),
    }
}

/// Returns a message and a help text if the structure of a step is invalid, or `None` otherwise.
fn invalid_form(step: &Value, name: &str, inputs: &Value) -> Option<(String, &'static str)> {
    let others: Vec<_> = step.as_mapping()?.keys().skip(1).filter_map(Value::as_str).collect();
    if !others.is_empty() {
        let is_step = |name: &&str| registry::find(name).is_some();
        let help = if others.iter().any(is_step) {
            "write each step as a separate list item"
        } else {
            "indent the inputs of the step further than its name"
        };
        return Some((format!("Step has unexpected additional keys: {}", others.join(", ")), help));
    }
    let help = "indent the inputs under the name, or use `{}` if the step has no inputs";
    match inputs {
        Value::Mapping(_) => None,
        Value::Null => Some((format!("step '{name}' has no inputs"), help)),
        other => {
            Some((format!("the inputs of step '{name}' must be a mapping, not {}", value::kind(other)), help))
        }
    }
}

/// Warns about a script that uses shell syntax although it runs without a shell.
fn shell(item: StepItem<'_>, pointer: &Pointer, findings: &mut Findings<'_>) {
    let Some(script) = item.script_without_shell() else { return };
    for Problem { range, message } in shell_script::problems(script) {
        let diagnostic = Diagnostic::warning(Code::SHELL_NEEDED, message)
            .help("write one command per line, or add `shell: true` to run each line with /bin/sh");
        findings.at_part(&pointer.join(StepItem::SCRIPT), Part::new(script, range), diagnostic);
    }
}

/// Warns about step IDs that are hidden by an output with the same name.
pub(super) fn ids(sections: &StepSections, findings: &mut Findings<'_>) {
    let steps: Vec<&Listed> = sections.build.iter().chain(&sections.push).collect();
    let mut known = KnownOutputs::default();
    for listed in &steps {
        for id in known.add(&listed.step) {
            let has_id = |item: &StepItem<'_>| item.id().as_ref() == Some(&id);
            let Some(owner) = steps.iter().rev().find(|listed| listed.item().as_ref().is_some_and(has_id))
            else {
                continue;
            };
            let Some(item) = owner.item() else { continue };
            let message = format!("the step ID '{id}' is hidden by an output with the same name");
            let diagnostic =
                Diagnostic::warning(Code::ID_IS_OUTPUT, message).help("use a different ID for the step");
            findings.at_value(&owner.pointer.join(item.name).join(StepItem::ID), diagnostic);
        }
    }
}
