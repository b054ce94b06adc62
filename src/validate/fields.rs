//! Validates the scalar fields of a deployment.

use crate::{
    deployment::ResolvedDeployment,
    diagnostics::{Code, Diagnostic, did_you_mean},
    names::FORBIDDEN_CHARACTERS,
    pointer::Pointer,
    project::{Field, Findings, Key, PoolKey, blame_misspelled_key},
    resolve::version,
    template::is_template,
};

pub(super) fn name(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let at = deployment.pointer_to(Key::Name);
    match deployment.name() {
        None => {
            let cause = (Key::Name, Code::NO_NAME);
            if !blame_misspelled_key(&deployment.fields, &deployment.pointer(), cause, findings) {
                missing_name(&deployment.pointer(), findings);
            }
        }
        Some(name) if is_template(name) => {}
        Some(name) => {
            if let Some(refused) = name.chars().find(|character| FORBIDDEN_CHARACTERS.contains(character)) {
                let message =
                    format!("the deployment name '{name}' contains the forbidden character '{refused}'");
                findings.at_value(&at, Diagnostic::error(Code::DEPLOYMENT_NAME, message));
            }
        }
    }
}

/// Adds an error about a deployment without a name. `at` is the location of the deployment.
pub(crate) fn missing_name(at: &Pointer, findings: &mut Findings<'_>) {
    let error = Diagnostic::error(Code::NO_NAME, "A deployment name must be provided.");
    findings.at_value(&at.join(Key::Name), error);
}

pub(super) fn work_pool(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    if deployment.work_pool().is_some() {
        return;
    }
    let cause = (Key::WorkPool, Code::NO_WORK_POOL);
    if !blame_misspelled_key(&deployment.fields, &deployment.pointer(), cause, findings) {
        missing_work_pool(&deployment.pointer(), findings);
    }
}

/// Adds an error about a deployment without a work pool. `at` is the location of the deployment.
pub(crate) fn missing_work_pool(at: &Pointer, findings: &mut Findings<'_>) {
    let message = "A work pool is required to deploy this flow. Please specify a work pool name via the '--pool' \
                   flag or in your prefect.yaml file.";
    let at = at.join(Key::WorkPool).join(PoolKey::Name);
    findings.at_value(&at, Diagnostic::error(Code::NO_WORK_POOL, message));
}

pub(super) fn version_type(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let kind = deployment.fields.text(Key::VersionType).literal();
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else { return };
    if let Err(error) = version::check_type(kind) {
        let diagnostic = Diagnostic::error(Code::VERSION_TYPE, error.to_string());
        let help = did_you_mean(kind, version::TYPES).map(|known| format!("did you mean {known}?"));
        findings.at_value(&deployment.pointer_to(Key::VersionType), Diagnostic { help, ..diagnostic });
    }
}

pub(super) fn concurrency_limit(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let at = deployment.pointer_to(Key::ConcurrencyLimit);
    match deployment.fields.concurrency_limit() {
        Field::Absent | Field::Null | Field::Template(_) => {}
        Field::Literal(limit) => {
            if let Some((key, message)) = limit.problem() {
                let at = key.map_or_else(|| at.clone(), |key| at.join(key));
                findings.at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, message));
            }
        }
        Field::Mismatch(_) => {
            let message = "the concurrency limit must be an integer";
            findings.at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, message));
        }
    }
}
