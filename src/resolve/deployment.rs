//! Resolves a deployment's templates and inspects its flow.

use crate::{
    deployment::{DeploymentSpec, ResolvedDeployment, StepSections},
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    project::{Fields, Findings, Key},
    resolve::{
        expressions::{self, Names},
        inspection::Inspection,
        outputs::KnownOutputs,
    },
    template::{self, Filled, ResolveError, Substitution, SubstitutionKind, TooLarge, missing_value},
    value::Value,
};

/// Resolves a deployment before its steps run. Values that depend on step outputs are not resolved.
///
/// Adds errors in the deployment to `findings`. Returns `None` if the deployment's fields are invalid.
///
/// # Errors
///
/// Fails if a request to the server fails.
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
    let template = Value::Mapping(early.fields.into_tree());
    let filled =
        template::deployment_before_steps(&template, inspection.ctx.environment, inspection.resolver).await;
    let value = match filled {
        Ok(mut filled) => {
            filled.substitutions.retain(|note| !is_in_steps(note));
            template::mark_injected(&mut filled.substitutions, &spec.fields.to_template());
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
    let fields = Fields::from(fields);
    let flow = inspection.flow(&fields, &pointer, findings);
    let scope = names.for_deployment(&fields, flow.as_deref());
    let fields = if fields == spec.fields { spec.fields.clone() } else { fields };
    Ok(Some(ResolvedDeployment { spec, fields, pending: early.pending, scope, flow }))
}

/// Returns whether a substitution is in a step. Steps are resolved again when they run.
fn is_in_steps(note: &Substitution) -> bool {
    let first = note.path.segments().first();
    matches!(first, Some(Segment::Key(key)) if matches!(Key::parse(key), Some(Key::Steps(_))))
}

/// Returns a filled template without reporting warnings about its substitutions. Reports an error if the template is
/// incomplete because the templates insert too much data.
pub(crate) fn complete(filled: Filled, pointer: &Pointer, findings: &mut Findings<'_>) -> Value {
    if let Some(error) = TooLarge::find(&filled.substitutions) {
        findings.at_value(pointer, too_large(&error));
    }
    filled.value
}

fn too_large(error: &TooLarge) -> Diagnostic {
    Diagnostic::error(Code::TEMPLATE_SIZE, error.to_string())
        .help("insert large values less often, or read them when the flow runs")
}

/// Reports warnings about substitutions, and an error if the templates insert too much data.
pub(crate) fn note(notes: &[Substitution], pointer: &Pointer, findings: &mut Findings<'_>) {
    let mut excess = TooLarge::find(notes);
    for note in notes {
        let at = pointer.join_all(&note.path);
        let placeholder = &note.placeholder;
        let diagnostic = match note.kind {
            SubstitutionKind::Missing => {
                Diagnostic::warning(Code::UNKNOWN_PLACEHOLDER, missing_value(note.label()))
            }
            SubstitutionKind::MissingVariable => Diagnostic::warning(
                Code::UNKNOWN_VARIABLE,
                format!("{placeholder} refers to a missing variable and becomes an empty string"),
            ),
            SubstitutionKind::Embedded(kind) => Diagnostic::warning(
                Code::EMBEDDED_VALUE,
                format!("{placeholder} is {kind} and is inserted as Python formats it"),
            ),
            SubstitutionKind::EnvironmentWithoutDollar => Diagnostic::warning(
                Code::ENVIRONMENT_WITHOUT_DOLLAR,
                format!("{placeholder} is replaced by the environment variable, not by a step output"),
            )
            .help(format!("use {{{{ ${} }}}} to refer to the environment variable", note.name)),
            SubstitutionKind::Secret => Diagnostic::warning(
                Code::SECRET_IN_CLEAR,
                format!("the secret value of {placeholder} will be stored in plain text on the server"),
            ),
            SubstitutionKind::Injected => template::injected_warning(placeholder),
            // The placeholders after the first are not helpful.
            SubstitutionKind::TooLarge => match excess.take() {
                Some(error) => too_large(&error),
                None => continue,
            },
            SubstitutionKind::Environment => continue,
        };
        findings.at_value(&at, diagnostic);
    }
}
