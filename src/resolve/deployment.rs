//! From what was picked to deployments whose flow is known: options, early templates, the flow's source.

use std::sync::Arc;

use crate::{
    deployment::{DeploymentSpec, ResolvedDeployment, STEP_SECTIONS, StepSections},
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    project::Findings,
    resolve::{
        expressions::{self, Names},
        inspection::Inspection,
        outputs::KnownOutputs,
    },
    template::{self, ResolveError, Substitution, SubstitutionKind, missing_value},
    value::{Mapping, Value},
};

/// Fills in what can be known before any step runs, and reads the flow.
///
/// # Errors
///
/// When the server cannot be asked; what is wrong with the deployment becomes findings.
pub(crate) async fn resolve(
    inspection: &Inspection<'_>,
    names: &Names,
    spec: DeploymentSpec,
    findings: &mut Findings<'_>,
) -> Result<Option<ResolvedDeployment>, ResolveError> {
    let pointer = spec.declared.pointer();
    let (build, push) = StepSections::build_and_push(inspection.project, &spec);
    let known = KnownOutputs::after(build.iter().chain(&push));
    let early = expressions::before_steps(inspection, names, &spec, &known, findings).await;
    let template = Value::Mapping(early.fields);
    let filled =
        template::deployment_before_steps(&template, inspection.ctx.environment, inspection.resolver).await;
    let value = match filled {
        Ok(mut filled) => {
            filled.substitutions.retain(|note| !is_in_steps(note));
            template::mark_injected(&mut filled.substitutions, &Value::Mapping(Mapping::clone(&spec.fields)));
            note(&filled.substitutions, &pointer, findings);
            filled.value
        }
        Err(ResolveError::Blocks(errors)) => {
            for error in errors {
                let diagnostic = Diagnostic::error(Code::REFERENCE, error.to_string());
                findings.at_value(&pointer.join_all(&error.path), diagnostic);
            }
            template
        }
        Err(error) => return Err(error),
    };
    let Value::Mapping(fields) = value else { return Ok(None) };
    let flow = inspection.flow(&fields, &pointer, findings);
    let scope = names.of_deployment(&fields, flow.as_deref());
    let fields = if fields == *spec.fields { Arc::clone(&spec.fields) } else { fields.into() };
    Ok(Some(ResolvedDeployment { spec, fields, pending: early.pending, scope, flow }))
}

/// Whether a note is about a step, which is filled in again when it runs.
fn is_in_steps(note: &Substitution) -> bool {
    let first = note.path.segments().first();
    matches!(first, Some(Segment::Key(key)) if STEP_SECTIONS.contains(&key.as_str()))
}

/// Warns of what templating came upon.
pub(crate) fn note(notes: &[Substitution], pointer: &Pointer, findings: &mut Findings<'_>) {
    for note in notes {
        let at = pointer.join_all(&note.path);
        let placeholder = &note.placeholder;
        let diagnostic = match note.kind {
            SubstitutionKind::Missing => {
                Diagnostic::warning(Code::UNKNOWN_PLACEHOLDER, missing_value(note.label()))
            }
            SubstitutionKind::MissingVariable => Diagnostic::warning(
                Code::UNKNOWN_VARIABLE,
                format!("there is no variable for {placeholder}, which becomes empty text"),
            ),
            SubstitutionKind::Embedded(kind) => Diagnostic::warning(
                Code::EMBEDDED_VALUE,
                format!("{placeholder} is {kind}, and becomes Python's text for it inside other text"),
            ),
            SubstitutionKind::EnvironmentWithoutDollar => Diagnostic::warning(
                Code::ENVIRONMENT_WITHOUT_DOLLAR,
                format!(
                    "{placeholder} is filled in from the environment, before any step output of that name"
                ),
            )
            .help(format!("write {{{{ ${} }}}} if the environment is meant", note.name)),
            SubstitutionKind::Secret => Diagnostic::warning(
                Code::SECRET_IN_CLEAR,
                format!("the secret of {placeholder} will be stored in clear text on the server"),
            ),
            SubstitutionKind::Injected => template::injected_warning(placeholder),
            SubstitutionKind::Environment => continue,
        };
        findings.at_value(&at, diagnostic);
    }
}
