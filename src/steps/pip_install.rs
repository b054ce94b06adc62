//! The `pip_install_requirements` step installs a requirements file with the user's Python interpreter.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
    printed_outputs,
};
use crate::{interpreter::Script, process::Completion, value::Mapping};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.pip_install_requirements",
    aliases: &["prefect.deployments.steps.utility.pip_install_requirements"],
    kind: StepKind::PipInstallRequirements,
    section: None,
    sharing: Sharing::SameInputs,
    access: |_| LocalAccess::Writes,
    inputs: &[
        Input::optional("directory", Kind::Text, "the current directory", "working directory"),
        Input::optional("requirements_file", Kind::Text, "requirements.txt", "file to install"),
        Input::optional("stream_output", Kind::Boolean, "true", "show the output while the step runs"),
    ],
    outputs: &["stdout", "stderr"],
    create: |mapping| Ok(Box::new(inputs::typed::<PipInstall>(mapping)?)),
};

#[derive(Debug, Deserialize)]
struct PipInstall {
    directory: Option<PathBuf>,
    requirements_file: Option<String>,
    #[serde(default = "inputs::yes", deserialize_with = "inputs::true_or_not")]
    stream_output: bool,
}

impl Step for PipInstall {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.install(context).await.map(Some) })
    }
}

impl PipInstall {
    async fn install(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let directory = context.resolve_directory(self.directory.as_deref())?;
        let search = context.search_python();
        let first = search.candidates().into_iter().next();
        let python = first.map_or_else(|| "python3".to_owned(), |candidate| candidate.program);
        let file = self.requirements_file.as_deref().unwrap_or("requirements.txt");
        // Installing a package may run its setup script. The script must not see the API credentials.
        let environment = context.environment.without_api_credentials();
        let pip = Script::module("pip", ["install", "-r", file], &environment);
        let progress = self.stream_output.then_some(context.progress);
        let finished =
            pip.run(&python, &directory, Completion::OutputClosed, progress).await.map_err(|error| {
                StepError::Failed {
                    message: format!("cannot start the Python interpreter '{python}': {error}"),
                    help: Some(
                        "install Python, activate a virtual environment, or set PREFECTL_PYTHON".into(),
                    ),
                }
            })?;
        if finished.code != 0 {
            let stderr: Vec<&str> = finished.stderr.trim().lines().collect();
            let (code, stderr) = (finished.code, stderr.join("\n  | "));
            return Err(StepError::failed(format!(
                "pip_install_requirements failed with error code {code}: {stderr}"
            )));
        }
        Ok(printed_outputs(&finished.stdout, &finished.stderr))
    }
}
