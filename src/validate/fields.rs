//! Validates the scalar fields of a deployment.

use crate::{
    deployment::{ResolvedDeployment, desired},
    diagnostics::{Code, Diagnostic, did_you_mean},
    names::FORBIDDEN_CHARACTERS,
    project::Findings,
    resolve::{has_pending, is_pending, version},
};

pub(super) fn name(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let at = deployment.pointer(["name"]);
    match deployment.text("name") {
        None => {
            findings.at_value(&at, Diagnostic::error(Code::NO_NAME, "A deployment name must be provided."));
        }
        Some(name) if is_pending(name) => {}
        Some(name) => {
            if let Some(refused) = name.chars().find(|character| FORBIDDEN_CHARACTERS.contains(character)) {
                let message =
                    format!("the deployment name '{name}' contains the forbidden character '{refused}'");
                findings.at_value(&at, Diagnostic::error(Code::DEPLOYMENT_NAME, message));
            }
        }
    }
}

pub(super) fn work_pool(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    if deployment.work_pool().is_none() {
        let message = "A work pool is required to deploy this flow. Please specify a work pool name via the '--pool' \
                       flag or in your prefect.yaml file.";
        findings.at_value(
            &deployment.pointer(["work_pool", "name"]),
            Diagnostic::error(Code::NO_WORK_POOL, message),
        );
    }
}

pub(super) fn version_type(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let Some(kind) = deployment.text("version_type").filter(|kind| !is_pending(kind)) else { return };
    if let Err(error) = version::check_type(kind) {
        let diagnostic = Diagnostic::error(Code::VERSION_TYPE, error.to_string());
        let help = did_you_mean(kind, version::TYPES).map(|known| format!("did you mean {known}?"));
        findings.at_value(&deployment.pointer(["version_type"]), Diagnostic { help, ..diagnostic });
    }
}

pub(super) fn concurrency_limit(deployment: &ResolvedDeployment, findings: &mut Findings<'_>) {
    let Some(value) =
        deployment.fields.get("concurrency_limit").filter(|value| !value.is_null() && !has_pending(value))
    else {
        return;
    };
    let at = deployment.pointer(["concurrency_limit"]);
    match serde_yaml::from_value::<desired::ConcurrencyLimit>(value.clone()) {
        Ok(limit) => {
            if let Some((key, message)) = limit.problem() {
                let at = key.map_or_else(|| at.clone(), |key| at.join(key));
                findings.at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, message));
            }
        }
        Err(_) => findings
            .at_value(&at, Diagnostic::error(Code::CONCURRENCY_LIMIT, "the limit must be a whole number")),
    }
}
