//! Steps as written in a project file. A step is a mapping from its name to its inputs.

use super::{RunError, StepEntry, StepKind, registry};
use crate::{
    diagnostics::Place,
    pointer::Pointer,
    python,
    value::{self, Mapping, Value},
};

/// Name of the input that lists a step's required packages on a worker. Like `id`, this input is not passed to the
/// step.
const REQUIRES: &str = "requires";

/// A step in a step list, together with its location.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) step: Value,
    /// Path to the step within the project file.
    pub(crate) pointer: Pointer,
    /// Location in the project file. Deployments that share the step through a YAML anchor or a top-level section have
    /// the same location.
    pub(crate) place: Option<Place>,
}

impl Listed {
    /// Returns the parsed step, or `None` if the step is malformed.
    pub(crate) fn item(&self) -> Option<StepItem<'_>> {
        StepItem::parse(&self.step)
    }
}

/// A well-formed step: a name and a mapping of inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepItem<'a> {
    /// Name of the step as written in the project file.
    pub(crate) name: &'a str,
    /// Inputs of the step, including `id` and `requires`.
    pub(crate) all_inputs: &'a Mapping,
}

impl<'a> StepItem<'a> {
    /// Name of the input with the step ID. Templates refer to the outputs by this ID.
    pub(crate) const ID: &'static str = "id";
    /// Name of the `run_shell_script` input that contains the script.
    pub(crate) const SCRIPT: &'static str = "script";

    /// Parses a step. Returns `None` if the step is malformed.
    pub(crate) fn parse(step: &'a Value) -> Option<Self> {
        let entries = step.as_mapping().filter(|entries| entries.len() == 1)?;
        let (name, inputs) = entries.iter().next()?;
        Some(Self { name: name.as_str().unwrap_or_default(), all_inputs: inputs.as_mapping()? })
    }

    /// Returns the step ID, or `None` if the step has no ID. Templates refer to the outputs by this ID.
    pub(crate) fn id(self) -> Option<String> {
        self.all_inputs.get(Self::ID).filter(|id| value::is_truthy(id)).map(python::to_text)
    }

    /// Returns the step's inputs without `id` and `requires`.
    pub(crate) fn inputs(self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        self.all_inputs.iter().filter(|(key, _)| !matches!(key.as_str(), Some(Self::ID | REQUIRES)))
    }

    /// Returns the step's registry entry, or `None` if the step is not built in.
    pub(crate) fn entry(self) -> Option<&'static StepEntry> {
        registry::find(self.name)
    }

    pub(crate) fn kind(self) -> StepKind {
        self.entry().map_or(StepKind::PythonFunction, |entry| entry.kind)
    }

    /// Returns whether the step builds an image with a generated Dockerfile.
    pub(crate) fn generates_dockerfile(self) -> bool {
        self.kind() == StepKind::BuildDockerImage && self.text("dockerfile") == Some("auto")
    }

    /// Returns the target directory of a `set_working_directory` step, or `None` for other steps.
    pub(crate) fn working_directory(self) -> Option<&'a str> {
        self.text("directory").filter(|_| self.kind() == StepKind::SetWorkingDirectory)
    }

    /// Returns the script of a `run_shell_script` step that runs without a shell, or `None` for other steps.
    pub(crate) fn script_without_shell(self) -> Option<&'a str> {
        let has_shell = self
            .all_inputs
            .get("shell")
            .is_some_and(|shell| *shell != Value::Bool(false) && !shell.is_null());
        self.text(Self::SCRIPT).filter(|_| self.kind() == StepKind::RunShellScript && !has_shell)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.all_inputs.get(key)?.as_str()
    }
}

/// Creates a step of the given kind, as written in a project file.
pub(crate) fn step(kind: StepKind, inputs: Mapping) -> Value {
    Mapping::from_iter([(registry::name(kind).into(), Value::Mapping(inputs))]).into()
}

/// The inputs and options of a step to run.
pub(super) struct Parts {
    pub(super) inputs: Mapping,
    pub(super) id: Option<Value>,
    pub(super) requires: Option<Value>,
}

/// Splits a step into its name and inputs. Returns `None` for an empty step, which is ignored.
pub(super) fn parts(step: &Value) -> Option<(&str, Result<Parts, RunError>)> {
    let mapping = step.as_mapping()?;
    let (name, inputs) = mapping.iter().last()?;
    let name = name.as_str().unwrap_or_default();
    if mapping.len() > 1 {
        let others: Vec<_> = mapping.keys().skip(1).filter_map(Value::as_str).collect();
        return Some((name, Err(RunError::SeveralKeys(others.join(", ")))));
    }
    let Some(inputs) = inputs.as_mapping() else {
        return Some((name, Err(RunError::NoInputs(value::kind(inputs)))));
    };
    let mut inputs = inputs.clone();
    let id = inputs.shift_remove(StepItem::ID).filter(value::is_truthy);
    let requires = inputs.shift_remove(REQUIRES);
    Some((name, Ok(Parts { inputs, id, requires })))
}
