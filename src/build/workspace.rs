//! Runs pull steps like a worker: in a separate directory, and with only the data that the server stores.

use std::path::{Path, PathBuf};

use crate::{
    build::step_context::step_context,
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    docker::registry::ImageDigests,
    flow::{Entrypoint, FlowError, Inspector},
    pointer::Pointer,
    steps::{List, Listed, Runner, Section, StepContext, StepFailure, StepItem, registry},
    template::{Resolver, expression::Scope},
    value::{Mapping, Value},
};

/// Maximum number of file names listed in a message.
const NAMES_SHOWN: usize = 8;

/// The deployment data that a worker receives.
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
    /// Whether the flow runs in a container, which contains the image's directories.
    pub(crate) has_image: bool,
}

/// Result of pull steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pulled {
    /// The code was pulled. A worker would start the flow in this directory.
    Code { directory: PathBuf, outputs: Mapping },
    /// The code cannot be accessed from this machine.
    OutOfReach { reason: String },
}

/// Runs the pull steps of a deployment in an empty directory.
///
/// # Errors
///
/// Returns the error of the first step that fails.
pub(crate) async fn pull(
    stored: &StoredDeployment,
    workspace: &Path,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<Pulled, StepFailure> {
    if stored.steps.is_empty() {
        let reason = "no pull step fetches the code, so workers look for the code in their working \
                      directory or image";
        return Ok(Pulled::OutOfReach { reason: reason.to_owned() });
    }
    let digests = ImageDigests::default();
    let mut context =
        StepContext { directory: workspace.to_owned(), ..step_context(ctx, resolver, &digests) };
    let scope = Scope::new(ctx.environment);
    let mut outputs = Mapping::new();
    let mut chosen = workspace.to_owned();
    for (index, step) in stored.steps.iter().enumerate() {
        if let Some(reason) = stored.out_of_reach(index, &context.directory) {
            return Ok(Pulled::OutOfReach { reason });
        }
        let listed = Listed { step: step.clone(), pointer: stored.pointer.join(index), place: None };
        let before = context.directory.clone();
        let list = List {
            deployment: stored.deployment.clone(),
            steps: vec![(Section::Pull, &listed)],
            outputs: &mut outputs,
            scope: &scope,
            context: &mut context,
        };
        // A worker does not share step runs, so each step has its own runner.
        let runner = Runner::new(resolver, 1, ctx.options.strict);
        runner.run(vec![list]).await.map_err(|(_, failure)| failure)?;
        match directory_of(step, &outputs) {
            Some(directory) => chosen = context.directory.join(directory),
            None if context.directory != before => chosen.clone_from(&context.directory),
            None => {}
        }
    }
    Ok(Pulled::Code { directory: chosen, outputs })
}

impl StoredDeployment {
    /// Returns the reason why a step works only on a worker. Returns `None` if the step can run on this machine.
    fn out_of_reach(&self, index: usize, current: &Path) -> Option<String> {
        let item = StepItem::parse(&self.steps[index])?;
        if item.entry().is_none() {
            // A name that is probably misspelled also fails on workers.
            return registry::doubt(item.name)
                .is_none()
                .then(|| format!("the step '{}' only runs on workers", item.name));
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
    pub(crate) fn find_flow(&self, directory: &Path, ctx: &DeployContext<'_>) -> Result<String, Diagnostic> {
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

    /// Returns a warning if the pulled file differs from the local file, for example because of an
    /// uncommitted change.
    pub(crate) fn is_older(&self, directory: &Path, ctx: &DeployContext<'_>) -> Option<Diagnostic> {
        let (file, _) = self.entrypoint.rsplit_once(':')?;
        let here = std::fs::read(ctx.directory.join(file)).ok()?;
        let pulled = std::fs::read(directory.join(file)).ok()?;
        let message = format!(
            "deployment '{}': the pull steps fetch a version of '{file}' that differs from the local file",
            self.deployment
        );
        (here != pulled).then(|| {
            Diagnostic::warning(Code::PULLED_CODE_DIFFERS, message)
                .help("commit and push your changes, or upload them")
        })
    }
}

/// Returns the directory in the outputs of a step. Returns `None` if the step does not output a directory.
fn directory_of<'o>(step: &Value, outputs: &'o Mapping) -> Option<&'o str> {
    const DIRECTORY: &str = "directory";
    let item = StepItem::parse(step)?;
    let known = registry::outputs(item.name).is_none_or(|outputs| outputs.contains(&DIRECTORY));
    let own = match item.id() {
        Some(id) => outputs.get(id.as_str())?.get(DIRECTORY),
        None => outputs.get(DIRECTORY).filter(|_| known),
    };
    own?.as_str().filter(|directory| !directory.is_empty())
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
    fn steps_that_need_a_worker_are_not_failures() {
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

    #[test]
    fn uses_the_directory_output_of_the_step() {
        let outputs = serde_yaml::from_str("{clone: {directory: a}, directory: b, stdout: x}").unwrap();
        for (step, expected) in [
            ("prefect.deployments.steps.git_clone: {id: clone}", Some("a")),
            ("prefect.deployments.steps.git_clone: {}", Some("b")),
            ("prefect.deployments.steps.run_shell_script: {}", None),
        ] {
            let step: Value = serde_yaml::from_str(step).unwrap();
            assert_eq!(directory_of(&step, &outputs), expected, "{step:?}");
        }
    }
}
