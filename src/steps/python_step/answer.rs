//! Converts the Python process's result to step outputs or an error.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PythonStep;
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    interpreter::{Interpreter, NoInterpreter},
    steps::{StepContext, StepError},
    value::{self, Mapping},
};

/// The JSON document that `bridge.py` writes after the function call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Failed {
        failure: Failure,
    },
    Returned {
        /// `None` if the function did not return a dictionary.
        result: Option<Returned>,
        /// The working directory when the function returned.
        directory: String,
        /// Environment variables that the function set (`Some`) or removed (`None`).
        variables: BTreeMap<String, Option<String>>,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct Returned {
    outputs: serde_json::Map<String, serde_json::Value>,
    /// Notes about outputs that were changed or lost.
    notes: Vec<Note>,
}

/// Name of a changed or lost output, the difference from the returned value, and the reason.
#[derive(Debug, Deserialize)]
struct Note(String, Effect, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Lost,
    Changed,
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    kind: Kind,
    message: String,
    frames: Vec<Frame>,
    /// Name of the module that could not be imported.
    #[serde(default)]
    missing: String,
    /// Name of the input that the function does not accept.
    input: Option<String>,
    /// Names of the functions in the module, used for spelling suggestions.
    #[serde(default)]
    known: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The module that should contain the function does not exist.
    Missing,
    /// An import inside the function's module failed.
    Import,
    /// The module does not contain a function with this name.
    Function,
    /// The inputs do not match the function's signature.
    Inputs,
    /// The function raised an exception.
    Raised,
}

/// A Python traceback entry.
#[derive(Debug, Deserialize)]
struct Frame {
    file: String,
    line: Option<u64>,
    function: String,
    code: String,
}

impl Answer {
    /// Returns the step's outputs, or `None` if the function did not return a dictionary. Also applies the function's
    /// changes to the working directory and environment to the context for the following steps.
    pub(super) fn into_outputs(
        self,
        step: &PythonStep,
        interpreter: &Interpreter,
        lacking: Option<NoInterpreter>,
        context: &mut StepContext<'_>,
    ) -> Result<Option<Mapping>, StepError> {
        match self {
            Self::Failed { failure } => Err(failure.into_error(step, interpreter, lacking)),
            Self::Returned { result, directory, variables } => {
                context.directory = directory.into();
                let notes = result.as_ref().map(|result| &result.notes).into_iter().flatten();
                for Note(output, effect, reason) in notes {
                    let effect = match effect {
                        Effect::Lost => "is lost",
                        Effect::Changed => "is changed",
                    };
                    let message = format!("the output '{output}' of {} {effect}: {reason}", step.name);
                    warn(context, message, "return only strings, numbers, lists and dictionaries");
                }
                for (name, value) in variables {
                    context.environment.to_mut().set(name, value);
                }
                let output = |(name, value): (&String, &serde_json::Value)| {
                    (name.as_str().into(), value::from_json(value))
                };
                Ok(result.map(|result| result.outputs.iter().map(output).collect()))
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
                let help =
                    "install the package in this interpreter, list it in `requires`, or set PREFECTL_PYTHON";
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
