//! Steps that are Python functions: of the project, or of a package that the user's Python has.
//!
//! The function is called by a small program (`bridge.py`) in the user's interpreter. It reads the name and the
//! inputs from a file that only the user may read and that is gone before the function is called, and writes the
//! result to another one, so that standard output and standard error are the function's own.

mod answer;

use std::{io::Write as _, path::Path};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use self::answer::Answer;
use super::{Phase, Sharing, Step, StepContext, StepEntry, StepError, inputs};
use crate::{
    fs::{self, FileError},
    interpreter::{Interpreter, NoInterpreter, Script},
    process::Finished,
    python,
    value::{self, Mapping, Value},
};

const BRIDGE: &str = include_str!("bridge.py");

/// What a name stands for that no row of the table has. Its inputs are those that [`call`] makes.
pub(super) const ENTRY: StepEntry = StepEntry {
    name: "a Python function",
    aliases: &[],
    phase: Phase::Any,
    // Nobody knows what a function depends on: as with scripts, only what is written in one place is one step.
    sharing: Sharing::SamePlace,
    inputs: &[],
    outputs: &[],
    create: |mapping| Ok(Box::new(inputs::typed::<PythonStep>(mapping)?)),
};

/// The inputs of [`ENTRY`] for a call of this function with these inputs.
pub(super) fn call(function: &str, requires: Option<Value>, inputs: Mapping) -> Mapping {
    let requires = match requires {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Sequence(items)) => items,
        Some(one) => vec![one],
    };
    let requires: Vec<Value> = requires.iter().map(|one| python::to_text(one).into()).collect();
    Mapping::from_iter([
        ("function".into(), function.into()),
        ("requires".into(), requires.into()),
        ("inputs".into(), inputs.into()),
    ])
}

/// A call of a Python function.
#[derive(Debug, Deserialize)]
struct PythonStep {
    /// As the file has it: `module.function`, `module:object.method` or `path/script.py:function`.
    #[serde(rename = "function")]
    name: String,
    /// What to install where it is missing.
    requires: Vec<String>,
    inputs: Mapping,
}

impl PythonStep {
    async fn run_in_python(&self, context: &mut StepContext<'_>) -> Result<Mapping, StepError> {
        let (interpreter, lacking) = self.interpreter(context).await?;
        let folder = TempDir::with_prefix("prefectl-step-").map_err(|error| {
            StepError::failed(format!("the folder for a Python step cannot be made: {error}"))
        })?;
        let (request, answer) = (folder.path().join("request"), folder.path().join("answer"));
        self.write(&request).map_err(|error| FileError::new("write", &request, error)).map_err(unwritable)?;
        let arguments = [text(&request), text(&answer)];
        let script = Script::new(BRIDGE, arguments.iter().map(String::as_str), &context.environment);
        let run = script.run(&interpreter.program, &context.directory, Some(context.progress));
        let finished = run
            .await
            .map_err(|error| StepError::failed(format!("cannot start {}: {error}", interpreter.program)))?;
        let answer = fs::read_text_if_exists(&answer).map_err(unwritable)?;
        let answer: Answer = answer
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| self.no_answer(&interpreter, &finished))?;
        answer.into_outputs(self, &interpreter, lacking, context)
    }

    /// The interpreter to use: the first that has the function's package, else the first that runs, with the reason
    /// why that may not do.
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

    /// The package or module that the function is in.
    fn package(&self) -> &str {
        self.name.split(['.', ':']).next().unwrap_or_default()
    }

    /// Writes what to call to a new file that only the user can read.
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

    /// The function took the interpreter with it.
    fn no_answer(&self, interpreter: &Interpreter, finished: &Finished) -> StepError {
        let end = match finished.code {
            code if code < 0 => format!("was ended by signal {}", -code),
            code => format!("ended with exit code {code}"),
        };
        StepError::failed(format!("{} {end} before {} returned", interpreter.program, self.name))
    }
}

impl Step for PythonStep {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>> {
        Box::pin(self.run_in_python(context))
    }
}

/// Whether a module is a file or a folder of the project, which comes before what is installed.
fn is_of_project(module: &str, directory: &Path) -> bool {
    directory.join(module).is_dir() || directory.join(format!("{module}.py")).is_file()
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn unwritable(error: FileError) -> StepError {
    StepError::failed(error.to_string())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
