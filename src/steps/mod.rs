//! Steps: what `build`, `push` and `pull` sections list.
//!
//! A step is one file here and one row in [`registry`]. It has typed inputs, made from the templated mapping
//! under its name, and gives a mapping of outputs.

mod beside;
mod distinct;
mod docker_build;
mod docker_push;
mod effects;
mod git_clone;
mod images;
mod inputs;
mod objects;
mod pip_install;
mod preview;
mod pull_with_block;
mod python_step;
pub(crate) mod registry;
mod remote_storage;
mod runner;
mod schema;
mod set_working_directory;
mod shell;
mod split;
mod storage;
mod told;
mod turns;

pub(crate) use distinct::Ran;
pub(crate) use images::ImagePolicy;
pub(crate) use inputs::problems;
pub(crate) use preview::{Preview, PreviewedStep, Progressed};
pub(crate) use runner::{List, Listed, RunError, Runner, StepFailure, name_and_id, time_limit};
pub(crate) use schema::schemas;

pub(crate) use split::{shell_operator, words as split_words};

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

/// What a step may use of its surroundings.
pub(crate) struct StepContext<'a> {
    /// The current directory; `set_working_directory` changes it for the steps after it.
    pub(crate) directory: PathBuf,
    /// A step can change it for those after it, as it can change the directory.
    pub(crate) environment: Cow<'a, Environment>,
    /// The interpreter that the user has chosen for what is written in Python.
    pub(crate) python: Option<&'a str>,
    /// Prefixed to image names without a `/` (setting `PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE`).
    pub(crate) docker_namespace: Option<&'a str>,
    pub(crate) images: &'a ImagePolicy,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    /// Finds blocks, and knows the secrets that must not be shown.
    pub(crate) resolver: &'a Resolver<'a>,
    /// Set by a step that has no outputs, not even empty ones: what has its id keeps its meaning.
    pub(crate) without_outputs: bool,
}

impl StepContext<'_> {
    /// The same surroundings with somebody else who is told.
    fn telling<'b>(&'b self, progress: &'b dyn Progress) -> StepContext<'b> {
        StepContext {
            directory: self.directory.clone(),
            environment: Cow::Borrowed(&self.environment),
            progress,
            ..*self
        }
    }

    /// Where to look for Python.
    fn search_python(&self) -> Search<'_> {
        Search {
            chosen: self.python,
            scope: SearchScope::Project,
            environment: &self.environment,
            directory: &self.directory,
        }
    }

    /// The directory that a step's input `directory` names; the current one without it.
    fn directory_of(&self, input: Option<&Path>) -> Result<PathBuf, StepError> {
        let directory = self.directory.join(input.unwrap_or(Path::new(".")));
        if directory.is_dir() {
            return Ok(directory);
        }
        let named = input.unwrap_or(&directory).display();
        Err(StepError::input("directory", format!("there is no directory '{named}'")))
    }
}

/// The outputs of a step that runs programs: what they printed, without blanks around it.
fn printed(stdout: &str, stderr: &str) -> Mapping {
    [("stdout", stdout), ("stderr", stderr)]
        .map(|(key, text)| (key.into(), text.trim().into()))
        .into_iter()
        .collect()
}

/// A step with its inputs, ready to run.
pub(crate) trait Step: Send + Sync {
    /// Runs the step and returns its outputs.
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>>;
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// An input that cannot be used; `key` is the input's name where one is to blame.
    #[error("{message}")]
    Input { key: Option<String>, message: String },
    /// The step ran and failed; `help` says what to do, where that is known.
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

/// The section a step belongs in.
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

/// The type of an input, for checking before anything runs and for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Integer,
    Number,
    /// Text or a number, such as an image tag.
    Scalar,
    Mapping,
    /// A list of texts.
    Texts,
    Any,
}

impl Kind {
    /// The type in the words of messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Scalar => "text or a number",
            Self::Mapping => "a mapping",
            Self::Texts => "a list of texts",
            Self::Any => "anything",
        }
    }

    /// Whether a value fits; null fits every input that has a default.
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
    /// What an input has that is not given; empty where that is nothing, or where `meaning` says it.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

impl Input {
    /// The name that stands for inputs of any other name.
    pub(crate) const ANY_OTHER: &'static str = "*";

    /// An input that must be given.
    pub(crate) const fn required(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self { name, kind, required: true, default: "", meaning }
    }

    /// An input that need not be given; `default` is empty where that means nothing.
    pub(crate) const fn optional(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, required: false, default, meaning }
    }
}

/// When two uses of a step are one, which runs once for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The same inputs in the same directory.
    SameInputs,
    /// That, and written in one place of the file: an anchor, or the section for all deployments.
    SamePlace,
    Never,
}

/// A row of the registry.
pub(crate) struct StepEntry {
    /// The fully qualified name, as `prefect.yaml` writes it.
    pub(crate) name: &'static str,
    /// Other module paths under which the reference has the same function.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) phase: Phase,
    pub(crate) sharing: Sharing,
    pub(crate) inputs: &'static [Input],
    /// The keys of the outputs.
    pub(crate) outputs: &'static [&'static str],
    /// Makes the step of its templated inputs (without `id` and `requires`).
    pub(crate) create: fn(Mapping) -> Result<Box<dyn Step>, StepError>,
}

impl StepEntry {
    /// Whether the step leaves traces on this machine that steps after it may need. What only builds or pushes does not.
    fn is_ordered(&self) -> bool {
        self.phase == Phase::Any
    }

    /// The last part of the name, which people call the step by.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}
