//! The deployment data that the server stores for workers.

use std::path::Path;

use super::render;
use crate::{
    api::Deployment,
    deployment::{DeployContext, DesiredDeployment, StepSections},
    diagnostics::{Code, Diagnostic},
    flow::{Entrypoint, FlowError, Inspector},
    fs,
    pointer::Pointer,
    project::{Fields, Findings, Key},
    steps::{Section, StepItem, registry},
    validate::PreparedDeployment,
    value::{self, Mapping, Value},
};

/// Maximum number of file names listed in a message.
const NAMES_SHOWN: usize = 8;

/// Deployment data that workers use to pull the code and start the flow.
#[derive(Debug, Clone)]
pub(crate) struct StoredDeployment {
    /// Full name of the deployment.
    pub(crate) deployment: String,
    pub(crate) entrypoint: String,
    /// Expected name of the flow.
    pub(crate) flow_name: Option<String>,
    pub(crate) steps: Vec<Value>,
    /// Location of the steps in the file.
    pub(crate) pointer: Pointer,
    /// Whether the flow runs in a container. Directories of the image only exist in the container.
    pub(crate) has_image: bool,
}

impl StoredDeployment {
    /// Returns the data that a deploy would store for a prepared deployment. Adds errors to `findings` and returns `None`
    /// if the deployment is invalid.
    pub(super) fn of_prepared(
        prepared: &PreparedDeployment,
        outputs: &Mapping,
        ctx: &DeployContext<'_>,
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let steps = render::pull_steps(prepared, outputs, ctx, findings).ok()?;
        let PreparedDeployment { resolved: deployment, sections } = prepared;
        Some(Self {
            deployment: deployment.full_name(),
            entrypoint: deployment.entrypoint()?.to_owned(),
            flow_name: deployment.flow.as_ref().map(|flow| flow.name.clone()),
            steps: listed(steps.as_ref()),
            pointer: sections.pull_pointer.clone(),
            has_image: deployment.fields.image().is_some_and(|image| !image.is_null()),
        })
    }

    /// Returns the data that a deploy stores for a rendered deployment.
    pub(crate) fn of_rendered(desired: &DesiredDeployment, sections: &StepSections) -> Self {
        Self {
            deployment: desired.full_name(),
            entrypoint: desired.entrypoint.clone(),
            flow_name: Some(desired.flow_name.clone()),
            steps: listed(desired.pull_steps.as_ref()),
            pointer: sections.pull_pointer.clone(),
            has_image: desired.job_variables.get(Fields::IMAGE).is_some_and(|image| !image.is_null()),
        }
    }

    /// Returns the data that the server stores for a deployment.
    pub(super) fn of_server(name: &str, flow: &str, deployment: &Deployment) -> Self {
        let image = deployment.job_variables.get(Fields::IMAGE);
        Self {
            deployment: name.to_owned(),
            entrypoint: deployment.entrypoint().unwrap_or_default().to_owned(),
            flow_name: Some(flow.to_owned()),
            steps: deployment.pull_steps().iter().map(value::from_json).collect(),
            pointer: Pointer::root().join(Key::Steps(Section::Pull)),
            has_image: image.is_some_and(|image| !image.is_null()),
        }
    }

    /// Returns the reason why a step works only on a worker, or `None` if the step can run on this machine.
    pub(super) fn out_of_reach(&self, index: usize, current: &Path) -> Option<String> {
        let item = StepItem::parse(&self.steps[index])?;
        if item.entry().is_none() {
            // Workers also fail if the step name is misspelled.
            return registry::doubt(item.name)
                .is_none()
                .then(|| format!("step '{}' only runs on workers", item.name));
        }
        let directory = item.working_directory()?;
        let is_elsewhere = !directory.contains("{{") && !current.join(directory).is_dir();
        if is_elsewhere && self.has_image {
            return Some(format!("the directory '{directory}' only exists in the image"));
        }
        let is_relative = Path::new(directory).is_relative();
        (is_elsewhere && is_relative && index == 0)
            .then(|| format!("workers look for the directory '{directory}' in their own working directory"))
    }

    /// Finds the flow in the directory where a worker would start it. Returns the flow's name.
    ///
    /// # Errors
    ///
    /// Fails if the entrypoint cannot be read in that directory.
    pub(super) fn find_flow(&self, directory: &Path, ctx: &DeployContext<'_>) -> Result<String, Diagnostic> {
        let wrong = |message: String| {
            let message = format!("deployment '{}': {message}", self.deployment);
            Diagnostic::error(Code::PULLED_CODE, message)
        };
        let entrypoint = Entrypoint::parse(&self.entrypoint).map_err(|error| wrong(error.to_string()))?;
        let flow = Inspector::new().inspect(&entrypoint, directory, ctx.environment);
        let flow = flow.map_err(|error| {
            let missing = matches!(error, FlowError::FileMissing { .. } | FlowError::ModuleMissing { .. });
            let message =
                format!("the pull steps do not fetch the entrypoint '{}': {error}", self.entrypoint);
            let help = error.help().or_else(|| missing.then(|| contents(directory)));
            Diagnostic { help, ..wrong(message) }
        })?;
        if let Some(warning) = flow.warnings.first() {
            return Err(Diagnostic { help: warning.help.clone(), ..wrong(warning.message.clone()) });
        }
        match &self.flow_name {
            Some(expected) if *expected != flow.name => Err(wrong(format!(
                "the pull steps fetch a different version of '{}': its flow is '{}', not '{expected}'",
                self.entrypoint, flow.name
            ))),
            _ => Ok(flow.name.clone()),
        }
    }

    /// Reports a warning if the pulled file differs from the local file, for example because of an uncommitted change.
    pub(super) fn compare_with_local_file(&self, directory: &Path, ctx: &DeployContext<'_>) {
        let Some((file, _)) = self.entrypoint.rsplit_once(':') else { return };
        let read = |directory: &Path| fs::read_bytes(&directory.join(file)).ok();
        if let (Some(local), Some(pulled)) = (read(ctx.directory), read(directory))
            && local != pulled
        {
            let message = format!(
                "deployment '{}': the pull steps fetch a version of '{file}' that differs from the local file",
                self.deployment
            );
            let warning = Diagnostic::warning(Code::PULLED_CODE_DIFFERS, message);
            ctx.progress.warn(&warning.help("commit and push your changes, or upload them"));
        }
    }
}

/// Converts pull steps from JSON to values.
fn listed(steps: Option<&serde_json::Value>) -> Vec<Value> {
    let steps = steps.and_then(|steps| steps.as_array()).map(Vec::as_slice).unwrap_or_default();
    steps.iter().map(value::from_json).collect()
}

/// Returns a message that lists the contents of a directory.
fn contents(directory: &Path) -> String {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    if names.is_empty() {
        return "the directory where the flow would start is empty".to_owned();
    }
    names.sort_unstable();
    let more = if names.len() > NAMES_SHOWN { ", ..." } else { "" };
    names.truncate(NAMES_SHOWN);
    format!("the directory where the flow would start contains {}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_steps_that_only_run_on_workers() {
        const SET: &str = "prefect.deployments.steps.set_working_directory";
        for (step, has_image, expected) in [
            (format!("{SET}: {{directory: /opt/prefect/nowhere}}"), true, Some("only exists in the image")),
            (format!("{SET}: {{directory: /opt/prefect/nowhere}}"), false, None),
            (format!("{SET}: {{directory: flows}}"), false, Some("in their own working directory")),
            (format!("{SET}: {{directory: '{{{{ clone.directory }}}}'}}"), true, None),
            (format!("{SET}: {{directory: /}}"), true, None),
            ("my_company.steps.fetch: {}".to_owned(), false, Some("only runs on workers")),
            ("prefect.projects.steps.git_clone_project: {}".to_owned(), false, None),
        ] {
            let stored = StoredDeployment {
                deployment: "f/d".into(),
                entrypoint: "flow.py:f".into(),
                flow_name: None,
                steps: vec![serde_yaml::from_str(&step).unwrap()],
                pointer: Pointer::root(),
                has_image,
            };
            let directory = tempfile::tempdir().unwrap();
            let reason = stored.out_of_reach(0, directory.path());
            assert_eq!(reason.is_some(), expected.is_some(), "{step}");
            assert!(reason.unwrap_or_default().contains(expected.unwrap_or_default()), "{step}");
        }
    }
}
