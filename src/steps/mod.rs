//! Steps in a project file's `build`, `push` and `pull` sections.
//!
//! Each built-in step is implemented in a file in this module and has an entry in [`registry`]. Step inputs are
//! deserialized from the rendered mapping under the step name. A step returns a mapping of outputs.

mod built_images;
mod docker_build;
mod docker_push;
mod dry_run;
mod effects;
mod failure;
mod git_clone;
mod history;
mod image_policy;
mod inputs;
mod item;
mod ordering;
mod pip_install;
mod pull_with_block;
mod python_step;
pub(crate) mod registry;
mod remote_folder;
mod remote_storage;
mod replaced_step;
mod reporting;
mod runner;
mod schema;
mod section;
mod set_working_directory;
mod shell;
mod shell_words;
mod step_cache;
mod storage;
#[cfg(test)]
mod testing;

pub(crate) use built_images::BuiltImages;
pub(crate) use docker_build::{build_context, dockerfile_path};
pub(crate) use dry_run::{DistinctStep, DryRun, DryRunState};
pub(crate) use failure::{RunError, StepFailure};
pub(crate) use history::History;
pub(crate) use image_policy::{ImagePolicy, LockUse};
pub(crate) use inputs::problems;
pub(crate) use item::{Listed, StepItem, step};
pub(crate) use runner::{List, Runner, TIMEOUT, time_limit};
pub(crate) use schema::schemas;
pub(crate) use section::Section;
pub(crate) use shell_words::{shell_operator, split_words};
pub(crate) use step_cache::CompletedStep;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;

use crate::{
    clock::Clock,
    docker::{image_lock::NotLocked, registry::ImageDigests},
    environment::Environment,
    fs::FileError,
    interpreter::{Search, SearchScope},
    progress::Progress,
    template::Resolver,
    value::{Mapping, Value},
};

/// The context in which a step runs.
pub(crate) struct StepContext<'a> {
    /// The working directory. A step can change it for all following steps.
    pub(crate) directory: PathBuf,
    /// The environment variables. A step can change them for all following steps.
    pub(crate) environment: Cow<'a, Environment>,
    /// The Python interpreter selected with `--python`, or `None`.
    pub(crate) python: Option<&'a str>,
    /// Namespace that is prepended to image names without a `/`, from the setting
    /// `PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE`.
    pub(crate) docker_namespace: Option<&'a str>,
    pub(crate) images: &'a ImagePolicy,
    /// Digests of images that earlier steps have found in registries.
    pub(crate) digests: &'a ImageDigests,
    pub(crate) clock: &'a Clock,
    pub(crate) progress: &'a dyn Progress,
    /// Resolves block and variable references and collects the secrets to redact.
    pub(crate) resolver: &'a Resolver<'a>,
}

impl StepContext<'_> {
    /// Returns a copy of the context that reports progress to another receiver.
    fn with_progress<'b>(&'b self, progress: &'b dyn Progress) -> StepContext<'b> {
        StepContext {
            directory: self.directory.clone(),
            environment: Cow::Borrowed(&self.environment),
            progress,
            ..*self
        }
    }

    /// Returns the search parameters for the user's Python interpreter.
    fn search_python(&self) -> Search<'_> {
        Search {
            chosen: self.python,
            scope: SearchScope::Project,
            environment: &self.environment,
            directory: &self.directory,
        }
    }

    /// Returns the directory given by a step's input `directory`, or the working directory if the input is
    /// not set.
    ///
    /// # Errors
    ///
    /// Fails if the directory does not exist.
    fn resolve_directory(&self, input: Option<&Path>) -> Result<PathBuf, StepError> {
        let directory = self.directory.join(input.unwrap_or(Path::new(".")));
        if directory.is_dir() {
            return Ok(directory);
        }
        let named = input.unwrap_or(&directory).display();
        Err(StepError::input("directory", format!("directory '{named}' does not exist")))
    }
}

/// Returns the outputs `stdout` and `stderr` for a step that runs programs. Trims surrounding whitespace.
fn printed_outputs(stdout: &str, stderr: &str) -> Mapping {
    [("stdout", stdout), ("stderr", stderr)]
        .map(|(key, text)| (key.into(), text.trim().into()))
        .into_iter()
        .collect()
}

/// The future of a step run.
pub(crate) type RunFuture<'a> = BoxFuture<'a, Result<Option<Mapping>, StepError>>;

/// A build, push or pull step whose inputs have been validated.
pub(crate) trait Step: Send + Sync {
    /// Runs the step. Returns its outputs, or `None` if a Python function did not return a dictionary. If the function
    /// does not return a dictionary, an earlier step with the same step ID keeps its outputs.
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a>;
}

/// The error returned if a step fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// An input is invalid. `key` is the input name, or `None` if the error does not concern a single input.
    #[error("{message}")]
    Input { key: Option<String>, message: String },
    /// The image lock does not contain the step's image.
    #[error(transparent)]
    NotLocked(#[from] Box<NotLocked>),
    /// The step failed while it was running. `help` contains a hint for the user.
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

impl From<FileError> for StepError {
    fn from(error: FileError) -> Self {
        Self::failed(error.to_string())
    }
}

/// The kind of a step: a built-in step or a Python function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    RunShellScript,
    PipInstallRequirements,
    SetWorkingDirectory,
    GitClone,
    PullFromRemoteStorage,
    PullWithBlock,
    BuildDockerImage,
    PushDockerImage,
    PushToS3,
    PullFromS3,
    PushToGcs,
    PullFromGcs,
    PushToAzure,
    PullFromAzure,
    PythonFunction,
}

/// The type of a step input, used for validation and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Integer,
    Number,
    /// A string or a number, for example an image tag.
    Scalar,
    Mapping,
    /// A mapping whose values are strings.
    TextMapping,
    Texts,
    Any,
}

impl Kind {
    /// Returns the type's name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Scalar => "a string or a number",
            Self::Mapping => "a mapping",
            Self::TextMapping => "a mapping of strings",
            Self::Texts => "a list of strings",
            Self::Any => "anything",
        }
    }

    /// Returns whether a value has this type. Callers handle null, which every optional input accepts.
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Boolean => value.is_bool(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Scalar => value.is_string() || value.is_number(),
            Self::Mapping => value.is_mapping(),
            Self::TextMapping => {
                value.as_mapping().is_some_and(|entries| entries.values().all(Value::is_string))
            }
            Self::Texts => value.as_sequence().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Any => true,
        }
    }
}

/// Definition of a step input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// The default value as shown in the documentation. Empty if the input has no default or if `meaning` describes the
    /// default.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

impl Input {
    /// Name of the catch-all definition for inputs that are not defined individually.
    pub(crate) const ANY_OTHER: &'static str = "*";

    /// Defines a required input.
    pub(crate) const fn required(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self { name, kind, required: true, default: "", meaning }
    }

    /// Defines an optional input. An empty `default` means that the input has no default.
    pub(crate) const fn optional(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, required: false, default, meaning }
    }
}

/// The condition for sharing a step run between deployments.
///
/// Except for images, the same runs of writing steps must have preceded the step in both deployments because the result
/// may depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The inputs and the working directory are identical.
    SameInputs,
    /// The inputs and the build context are identical. The working directory may differ unless an input
    /// refers to it. The preceding steps may differ, as in the cache of `prefect-docker`.
    SameBuild,
    /// The inputs are identical. The working directory and the preceding steps may differ.
    SameImage,
    /// The inputs are identical and come from the same position in the project file, through either a YAML anchor or
    /// the top-level section that applies to all deployments.
    SamePlace,
    /// The step runs for every deployment.
    Never,
}

/// A step's access to this machine's files, programs and images. The access determines which steps of different
/// deployments run concurrently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalAccess {
    /// The step does not depend on changes made by other deployments' steps.
    None,
    /// The step only reads, for example files in a build context. Reading steps run concurrently.
    Reads,
    /// The step may make arbitrary changes, so its position among all deployments' steps matters.
    Writes,
}

/// An entry of the step registry.
pub(crate) struct StepEntry {
    /// The full name of the step, as used in `prefect.yaml`.
    pub(crate) name: &'static str,
    /// Alternative import paths of the same function in Prefect.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) kind: StepKind,
    /// The step's section. `None` if the step can be used in any section.
    pub(crate) section: Option<Section>,
    pub(crate) sharing: Sharing,
    /// Returns the local access of a step with the given inputs, which may contain templates.
    pub(crate) access: fn(&Mapping) -> LocalAccess,
    pub(crate) inputs: &'static [Input],
    /// Names of the outputs.
    pub(crate) outputs: &'static [&'static str],
    /// Creates the step from its rendered inputs, without `id` and `requires`.
    pub(crate) create: fn(Mapping) -> Result<Box<dyn Step>, StepError>,
}

impl StepEntry {
    /// Returns the last component of the step's full name.
    pub(crate) fn short_name(&self) -> &'static str {
        short_name(self.name)
    }

    /// Returns the name of the step's section, or `any section`.
    pub(crate) fn section_name(&self) -> &'static str {
        self.section.map_or("any section", Section::name)
    }
}

/// Returns the last component of a step name.
fn short_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
