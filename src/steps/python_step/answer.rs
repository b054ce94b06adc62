//! What came of a call, and what users are told about it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PythonStep;
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    interpreter::{Interpreter, NoInterpreter},
    steps::{StepContext, StepError},
    value::{self, Mapping, Value},
};

/// What the bridge writes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Failed {
        failure: Failure,
    },
    Returned {
        /// `None` where the function returned no dictionary, which gives no outputs.
        result: Option<Returned>,
        /// The current directory in the end.
        directory: String,
        /// The environment variables that the function has set, and removed.
        variables: BTreeMap<String, Option<String>>,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct Returned {
    outputs: serde_json::Map<String, serde_json::Value>,
    /// Items that JSON cannot tell, with their types.
    lost: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    kind: Kind,
    message: String,
    frames: Vec<Frame>,
    /// The module that could not be imported.
    #[serde(default)]
    missing: String,
    /// The input that the function does not have.
    input: Option<String>,
    /// The functions that there are.
    #[serde(default)]
    known: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The function's module is not there.
    Missing,
    /// Something that the function's module imports is not there, or fails.
    Import,
    /// The module has no such function.
    Function,
    /// The function does not take these inputs.
    Inputs,
    /// The function raised an exception.
    Raised,
}

/// A line of a traceback.
#[derive(Debug, Deserialize)]
struct Frame {
    file: String,
    line: Option<u64>,
    function: String,
    code: String,
}

impl Answer {
    /// The outputs of the step. Directory and environment of what comes after it are as the function
    /// has left them.
    pub(super) fn into_outputs(
        self,
        step: &PythonStep,
        interpreter: &Interpreter,
        lacking: Option<NoInterpreter>,
        context: &mut StepContext<'_>,
    ) -> Result<Mapping, StepError> {
        match self {
            Self::Failed { failure } => Err(failure.into_error(step, interpreter, lacking)),
            Self::Returned { result, directory, variables } => {
                context.directory = directory.into();
                let lost = result.as_ref().map(|result| &result.lost).into_iter().flatten();
                for (key, kind) in lost {
                    let message = format!("the output '{key}' of {} is lost: JSON has no {kind}", step.name);
                    warn(context, message, "return text, a number, a list or a dictionary");
                }
                for (name, value) in variables {
                    context.environment.to_mut().set(name, value);
                }
                context.without_outputs = result.is_none();
                let outputs = result.map(|result| value::from_json(&result.outputs.into()));
                Ok(match outputs {
                    Some(Value::Mapping(outputs)) => outputs,
                    _ => Mapping::new(),
                })
            }
        }
    }
}

fn warn(context: &StepContext<'_>, message: String, help: &str) {
    context.progress.warn(&Diagnostic::warning(Code::PYTHON_STEP_LOST, message).help(help));
}

impl Failure {
    fn into_error(
        self,
        step: &PythonStep,
        interpreter: &Interpreter,
        lacking: Option<NoInterpreter>,
    ) -> StepError {
        let python = format!("{} ({})", interpreter.program, interpreter.origin);
        let frames: String = self.frames.iter().map(Frame::line).collect();
        let (message, help) = match self.kind {
            Kind::Inputs => return StepError::Input { key: self.input, message: self.message },
            Kind::Raised => (self.message + &frames, None),
            Kind::Function => {
                let function = step.name.rsplit(['.', ':']).next().unwrap_or_default();
                let meant = did_you_mean(function, self.known.iter().map(String::as_str));
                (self.message, meant.map(|known| format!("did you mean '{known}'?")))
            }
            Kind::Import => {
                let install = format!("install {} in {python}, or list it in `requires`", self.missing);
                let help = Some(install).filter(|_| !self.missing.is_empty());
                (format!("{} cannot be imported: {}{frames}", step.name, self.message), help)
            }
            Kind::Missing => {
                let tried = lacking.map_or_else(|| format!("tried: {python}"), |lacking| lacking.to_string());
                let help = "install its package there, list it in `requires`, or set PREFECTL_PYTHON";
                (
                    format!("{} cannot be imported: {}; {tried}", step.name, self.message),
                    Some(help.to_owned()),
                )
            }
        };
        StepError::Failed { message, help }
    }
}

impl Frame {
    fn line(&self) -> String {
        let line = self.line.unwrap_or_default();
        format!("\n  {}:{line} in {}: {}", self.file, self.function, self.code)
    }
}
