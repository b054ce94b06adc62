//! Validates expressions in steps and in fields that depend on step outputs.

use std::collections::BTreeSet;

use crate::{
    deployment::{PullSteps, ResolvedDeployment, StepSections},
    diagnostics::{Code, Diagnostic, did_you_mean},
    pointer::Pointer,
    project::Findings,
    resolve::{
        expressions::{Names, Stage, any_expressions},
        outputs::KnownOutputs,
    },
    template::expression::{self, Checked},
    value::Value,
};

/// Validates the expressions in a deployment's steps and in fields that depend on step outputs.
pub(crate) fn check_expressions(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    names: &Names,
    findings: &mut Findings<'_>,
) {
    let mut before = KnownOutputs::default();
    for listed in sections.build.iter().chain(&sections.push) {
        if let Some(item) = listed.item() {
            let inputs = Value::Mapping(item.all_inputs.clone());
            check_template(&inputs, &listed.pointer.join(item.name), deployment, &before, names, findings);
        }
        before.add(&listed.step);
    }
    let all = KnownOutputs::in_fields(sections, &deployment.spec);
    if any_expressions(&deployment.fields) {
        let (fields, _) = deployment.fields.without_steps();
        let checked = expression::check(&Value::Mapping(fields), &BTreeSet::new());
        unknown_outputs(&checked, &deployment.pointer(), &all, findings);
    }
    if let PullSteps::Listed(steps) = &sections.pull {
        check_template(
            &Value::Sequence(steps.clone()),
            &sections.pull_pointer,
            deployment,
            &all,
            names,
            findings,
        );
    }
}

fn check_template(
    template: &Value,
    at: &Pointer,
    deployment: &ResolvedDeployment,
    known: &KnownOutputs,
    names: &Names,
    findings: &mut Findings<'_>,
) {
    if !expression::may_have_expressions(template) {
        return;
    }
    let mut stage = Stage::new(names, deployment.scope.clone(), known);
    stage.later.extend(deployment.flow.is_none().then(|| "flow".to_owned()));
    let checked = expression::check(template, &stage.known());
    unknown_outputs(&checked, at, known, findings);
    for error in stage.evaluate(template, checked).1 {
        findings.at_value(&at.join_all(&error.path), names.diagnostic(&error));
    }
}

/// Reports expressions that refer to an output that the step does not have.
fn unknown_outputs(checked: &Checked, at: &Pointer, known: &KnownOutputs, findings: &mut Findings<'_>) {
    for used in checked.uses.iter().filter(|used| !used.is_guarded) {
        let Some(key) = used.keys.first().filter(|key| !known.may_have_key(&used.root, key)) else {
            continue;
        };
        let message = format!("step '{}' has no output '{key}'", used.root);
        let diagnostic = Diagnostic::error(Code::UNKNOWN_OUTPUT, message);
        let paths = known.paths();
        let wrong = format!("{}.{key}", used.root);
        let suggestion = did_you_mean(&wrong, paths.iter().map(String::as_str));
        let help = suggestion.map(|path| format!("did you mean `{path}`?"));
        findings.at_value(&at.join_all(&used.path), Diagnostic { help, ..diagnostic });
    }
}
