//! Steps that call a Python function from the project or an installed package.
//!
//! The script `bridge.py` calls the function in the user's Python interpreter. The script reads the function name and
//! inputs from a private file, deletes this file before the call, and writes the result to another file. Only the
//! function uses stdout and stderr.

mod answer;

use std::{io::Write as _, path::Path};

use serde::Deserialize;
use serde_json::json;

use self::answer::Answer;
use super::{LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs};
use crate::{
    fs::{self, FileError},
    interpreter::{Interpreter, NoInterpreter, Script},
    process::{Completion, Finished},
    python,
    value::{self, Mapping, Value},
};

const BRIDGE: &str = include_str!("bridge.py");

/// Entry for all step names that are not in the registry. [`inputs_of_call`] creates its inputs.
pub(super) const ENTRY: StepEntry = StepEntry {
    name: "a Python function",
    aliases: &[],
    kind: StepKind::PythonFunction,
    section: None,
    // A function may have arbitrary dependencies, so two calls only share a run if they come from the same position in
    // the file.
    sharing: Sharing::SamePlace,
    access: |_| LocalAccess::Writes,
    inputs: &[],
    outputs: &[],
    create: |mapping| Ok(Box::new(inputs::typed::<PythonStep>(mapping)?)),
};

/// Returns the inputs of [`ENTRY`] for calling the Python function `function` with the given inputs.
pub(super) fn inputs_of_call(function: &str, requires: Option<Value>, inputs: Mapping) -> Mapping {
    let requires = match requires {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Sequence(items)) => items,
        Some(item) => vec![item],
    };
    let requires: Vec<Value> = requires.iter().map(|item| python::to_text(item).into()).collect();
    Mapping::from_iter([
        ("function".into(), function.into()),
        ("requires".into(), requires.into()),
        ("inputs".into(), inputs.into()),
    ])
}

/// A step that calls a Python function.
#[derive(Debug, Deserialize)]
struct PythonStep {
    /// Function name as written in the project file: `module.function`, `module:object.method` or
    /// `path/script.py:function`.
    #[serde(rename = "function")]
    name: String,
    /// Packages to install if they are missing.
    requires: Vec<String>,
    inputs: Mapping,
}

impl PythonStep {
    async fn run_in_python(&self, context: &mut StepContext<'_>) -> Result<Option<Mapping>, StepError> {
        let (interpreter, lacking) = self.interpreter(context).await?;
        let folder = fs::private_folder("prefectl-step-").map_err(|error| {
            StepError::failed(format!("cannot create a temporary directory for a Python step: {error}"))
        })?;
        let (request, answer) = (folder.path().join("request"), folder.path().join("answer"));
        self.write(&request).map_err(|error| FileError::new("write", &request, error))?;
        let arguments = [text(&request), text(&answer)];
        let script = Script::new(BRIDGE, arguments.iter().map(String::as_str), &context.environment);
        // The step ends when the function returns, even if a process started by the function keeps running, as in
        // Prefect.
        let (directory, progress) = (&context.directory, Some(context.progress));
        let run = script.run(&interpreter.program, directory, Completion::Exit, progress);
        let finished = run
            .await
            .map_err(|error| StepError::failed(format!("cannot start {}: {error}", interpreter.program)))?;
        let answer = fs::read_text_if_exists(&answer)?;
        let answer: Answer = answer
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| self.no_answer(&interpreter, &finished))?;
        answer.into_outputs(self, &interpreter, lacking, context)
    }

    /// Returns the first interpreter that has the function's package. If no interpreter has the package, returns the
    /// first interpreter that starts, together with the search error.
    async fn interpreter(
        &self,
        context: &StepContext<'_>,
    ) -> Result<(Interpreter, Option<NoInterpreter>), StepError> {
        let search = context.search_python();
        let any = || async { search.find(&[]).await.map_err(|none| self.no_interpreter(&none)) };
        let package = self.package();
        if self.name.contains(".py:") || is_of_project(package, &context.directory) {
            return Ok((any().await?, None));
        }
        match search.find(&[package]).await {
            Ok(interpreter) => Ok((interpreter, None)),
            Err(lacking) => Ok((any().await?, Some(lacking))),
        }
    }

    /// Returns the name of the top-level package or module that contains the function.
    fn package(&self) -> &str {
        self.name.split(['.', ':']).next().unwrap_or_default()
    }

    /// Writes the call to a new file that is readable only by the current user.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let inputs = value::to_json(&Value::Mapping(self.inputs.clone()));
        let request = json!({"name": self.name, "requires": self.requires, "inputs": inputs});
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(request.to_string().as_bytes())
    }

    fn no_interpreter(&self, none: &NoInterpreter) -> StepError {
        StepError::Failed {
            message: format!("{} is a Python function, and {none}", self.name),
            help: Some("install Python, activate a virtual environment, or set PREFECTL_PYTHON".to_owned()),
        }
    }

    /// Returns the error for an interpreter that exited without writing a result.
    fn no_answer(&self, interpreter: &Interpreter, finished: &Finished) -> StepError {
        let end = match finished.code {
            code if code < 0 => format!("was killed by signal {}", -code),
            code => format!("exited with code {code}"),
        };
        StepError::failed(format!("{} {end} before {} returned", interpreter.program, self.name))
    }
}

impl Step for PythonStep {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(self.run_in_python(context))
    }
}

/// Returns whether a module is a file or directory in the project. Python prefers project modules to installed modules.
fn is_of_project(module: &str, directory: &Path) -> bool {
    directory.join(module).is_dir() || directory.join(format!("{module}.py")).is_file()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
