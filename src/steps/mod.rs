//! Steps of the `build`, `push` and `pull` sections.
//!
//! Each built-in step has a file in this module and a row in [`registry`]. It takes typed inputs, which come from the
//! rendered mapping under its name, and returns a mapping of outputs.

mod docker_build;
mod docker_push;
mod effects;
mod git_clone;
mod image_policy;
mod inputs;
mod ordering;
mod pip_install;
mod preview;
mod pull_with_block;
mod python_step;
pub(crate) mod registry;
mod remote_folder;
mod remote_storage;
mod reporting;
mod runner;
mod schema;
mod set_working_directory;
mod shell;
mod shell_words;
mod step_cache;
mod storage;

pub(crate) use image_policy::ImagePolicy;
pub(crate) use inputs::problems;
pub(crate) use preview::{Preview, PreviewState, PreviewedStep};
pub(crate) use runner::{List, Listed, RunError, Runner, StepFailure, name_and_id, time_limit};
pub(crate) use schema::schemas;
pub(crate) use shell_words::{shell_operator, words as split_words};
pub(crate) use step_cache::Ran;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;

use crate::{
    clock::Clock,
    environment::Environment,
    interpreter::{Search, SearchScope},
    progress::Progress,
    template::Resolver,
    value::{Mapping, Value},
};

/// The environment in which a step runs.
pub(crate) struct StepContext<'a> {
    /// The working directory. A step can change it for the following steps.
    pub(crate) directory: PathBuf,
    /// The environment variables. A step can change them for the following steps.
    pub(crate) environment: Cow<'a, Environment>,
    /// The Python interpreter that the user selected with `--python`.
    pub(crate) python: Option<&'a str>,
    /// Prefix of image names without a `/` (setting `PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE`).
    pub(crate) docker_namespace: Option<&'a str>,
    pub(crate) images: &'a ImagePolicy,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    /// Resolves blocks, and knows the secrets to redact.
    pub(crate) resolver: &'a Resolver<'a>,
    /// Set by a step that has no outputs at all. An earlier output with its id is then kept.
    pub(crate) without_outputs: bool,
}

impl StepContext<'_> {
    /// Returns a copy of the context that reports to another receiver.
    fn with_progress<'b>(&'b self, progress: &'b dyn Progress) -> StepContext<'b> {
        StepContext {
            directory: self.directory.clone(),
            environment: Cow::Borrowed(&self.environment),
            progress,
            ..*self
        }
    }

    /// Returns the search for a Python interpreter.
    fn search_python(&self) -> Search<'_> {
        Search {
            chosen: self.python,
            scope: SearchScope::Project,
            environment: &self.environment,
            directory: &self.directory,
        }
    }

    /// Returns the directory of a step's input `directory`, or the working directory if it is absent.
    fn resolve_directory(&self, input: Option<&Path>) -> Result<PathBuf, StepError> {
        let directory = self.directory.join(input.unwrap_or(Path::new(".")));
        if directory.is_dir() {
            return Ok(directory);
        }
        let named = input.unwrap_or(&directory).display();
        Err(StepError::input("directory", format!("directory '{named}' does not exist")))
    }
}

/// Returns the outputs of a step that runs programs: their trimmed stdout and stderr.
fn printed_outputs(stdout: &str, stderr: &str) -> Mapping {
    [("stdout", stdout), ("stderr", stderr)]
        .map(|(key, text)| (key.into(), text.trim().into()))
        .into_iter()
        .collect()
}

/// A step with validated inputs.
pub(crate) trait Step: Send + Sync {
    /// Runs the step and returns its outputs.
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>>;
}

/// The reason why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// Invalid inputs. `key` is the name of the invalid input, if the error concerns one.
    #[error("{message}")]
    Input { key: Option<String>, message: String },
    /// A failure while the step ran. `help` is advice for the user.
    #[error("{message}")]
    Failed { message: String, help: Option<String> },
}

impl StepError {
    pub(crate) fn input(key: &str, message: impl Into<String>) -> Self {
        Self::Input { key: Some(key.to_owned()), message: message.into() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: None }
    }
}

/// The section that a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Build,
    Push,
    Any,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Push => "push",
            Self::Any => "any section",
        }
    }
}

/// The type of an input, for validation and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Integer,
    Number,
    /// A string or a number, such as an image tag.
    Scalar,
    Mapping,
    /// A list of strings.
    Texts,
    Any,
}

impl Kind {
    /// Returns the type's name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Scalar => "a string or a number",
            Self::Mapping => "a mapping",
            Self::Texts => "a list of strings",
            Self::Any => "anything",
        }
    }

    /// Whether a value has this type. Null is not checked here: it is valid for every optional input.
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Boolean => value.is_bool(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Scalar => value.is_string() || value.is_number(),
            Self::Mapping => value.is_mapping(),
            Self::Texts => value.as_sequence().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Any => true,
        }
    }
}

/// An input of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// The default as text. Empty if there is none, or if `meaning` describes it.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

impl Input {
    /// The name of an entry for inputs with any other name.
    pub(crate) const ANY_OTHER: &'static str = "*";

    /// Creates a required input.
    pub(crate) const fn required(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self { name, kind, required: true, default: "", meaning }
    }

    /// Creates an optional input. `default` is empty if there is no default.
    pub(crate) const fn optional(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, required: false, default, meaning }
    }
}

/// The condition under which two uses of a step share one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Equal inputs in the same directory.
    SameInputs,
    /// Equal inputs, written in the same place of the file: an anchor, or the section for all deployments.
    SamePlace,
    /// Every use runs.
    Never,
}

/// A row of the registry.
pub(crate) struct StepEntry {
    /// The full name, as written in `prefect.yaml`.
    pub(crate) name: &'static str,
    /// Other module paths of the same function in Prefect.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) phase: Phase,
    pub(crate) sharing: Sharing,
    pub(crate) inputs: &'static [Input],
    /// Keys of the outputs.
    pub(crate) outputs: &'static [&'static str],
    /// Creates the step from its rendered inputs, without `id` and `requires`.
    pub(crate) create: fn(Mapping) -> Result<Box<dyn Step>, StepError>,
}

impl StepEntry {
    /// Whether the step can change this machine, so that the order of its runs matters. Builds and pushes do not.
    fn is_ordered(&self) -> bool {
        self.phase == Phase::Any
    }

    /// Returns the last component of the name.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}
