//! Distinct steps and their results. Equal uses of a step share one run.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indexmap::IndexSet;
use tokio::sync::OnceCell;

use super::{Sharing, StepEntry, effects::Effects, ordering::StepOrder};
use crate::{
    progress::StepId,
    source::Span,
    value::{self, Mapping, Value},
};

/// A step that has run, for one or several deployments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// The short name of the step.
    pub(crate) step: String,
    /// The step's id, as templates refer to it.
    pub(crate) id: Option<String>,
    /// `build`, `push` or `pull`.
    pub(crate) section: &'static str,
    /// Whether the step can change this machine. Builds and pushes do not.
    pub(crate) is_ordered: bool,
    /// `None` if a Python function returned no dictionary.
    pub(crate) outputs: Option<Mapping>,
    /// Running time, without waiting for other steps.
    pub(crate) time: Duration,
    pub(crate) deployments: Vec<String>,
}

impl Ran {
    /// Returns the image that the step built, pushed or used.
    pub(crate) fn image(&self) -> Option<&str> {
        self.outputs.as_ref()?.get("image")?.as_str()
    }

    /// Whether the image existed, so that nothing was built or pushed.
    pub(crate) fn is_reused(&self) -> bool {
        let reused = self.outputs.as_ref().and_then(|outputs| outputs.get("reused"));
        reused.and_then(Value::as_bool) == Some(true)
    }
}

/// The key of a step in the cache.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Shared(Identity),
    /// A step that later uses do not share, by its number.
    Own(usize),
}

/// The facts that make two uses of a step equal.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    name: String,
    inputs: String,
    directory: PathBuf,
    /// The location in the file. Scripts are equal only if they are written in the same place: equal text may have
    /// different purposes.
    written: Option<Span>,
}

impl Identity {
    /// The input that makes a step run although an equal one has run.
    const IGNORE_CACHE: &'static str = "ignore_cache";

    /// Returns the identity of a use of a step. `None` if the step does not share its run.
    pub(super) fn new(
        name: &str,
        sharing: Sharing,
        inputs: &Mapping,
        directory: &Path,
        written: Option<Span>,
    ) -> Option<Self> {
        let written = match sharing {
            Sharing::SameInputs => None,
            Sharing::SamePlace => Some(written?),
            Sharing::Never => return None,
        };
        let mut inputs = inputs.clone();
        inputs.shift_remove(Self::IGNORE_CACHE);
        Some(Self {
            name: name.to_owned(),
            inputs: value::to_json(&Value::Mapping(inputs)).to_string(),
            directory: directory.to_owned(),
            written,
        })
    }
}

/// A distinct step with its result and its deployments.
pub(super) struct CachedStep {
    /// The id in progress events.
    pub(super) event_id: StepId,
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) section: &'static str,
    pub(super) is_ordered: bool,
    pub(super) result: OnceCell<(Effects, Duration)>,
    pub(super) deployments: Mutex<IndexSet<String>>,
}

/// A use of a step in a list.
pub(super) struct StepUse<'u> {
    /// The short form of the name in the file.
    pub(super) name: &'u str,
    pub(super) id: Option<String>,
    pub(super) section: &'static str,
    pub(super) entry: &'static StepEntry,
    pub(super) inputs: Mapping,
    pub(super) written: Option<Span>,
    pub(super) limit: Option<Duration>,
    pub(super) deployment: &'u str,
    /// Index of the list.
    pub(super) list: usize,
    pub(super) order: &'u StepOrder,
}

impl StepUse<'_> {
    pub(super) fn ignores_cache(&self) -> bool {
        self.inputs.get(Identity::IGNORE_CACHE).and_then(Value::as_bool) == Some(true)
    }

    /// Returns the identity that other uses must have to share the run. `None` if the run is not shared.
    pub(super) fn identity(&self, directory: &Path) -> Option<Identity> {
        Identity::new(self.entry.name, self.entry.sharing, &self.inputs, directory, self.written)
    }
}

impl CachedStep {
    pub(super) fn new(step: &StepUse<'_>, event_id: StepId) -> Self {
        Self {
            event_id,
            name: step.name.to_owned(),
            id: step.id.clone(),
            section: step.section,
            is_ordered: step.entry.is_ordered(),
            result: OnceCell::new(),
            deployments: Mutex::default(),
        }
    }

    /// Adds a deployment. Returns whether the step is new for it and was for other deployments before.
    pub(super) fn add_deployment(&self, deployment: &str) -> bool {
        let mut deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        deployments.insert(deployment.to_owned()) && deployments.len() > 1
    }

    /// Returns the report of the step, or `None` if it has not completed.
    pub(super) fn ran(&self) -> Option<Ran> {
        let (effects, time) = self.result.get()?;
        let deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Ran {
            step: self.name.clone(),
            id: self.id.clone(),
            section: self.section,
            is_ordered: self.is_ordered,
            outputs: effects.outputs.clone(),
            time: *time,
            deployments: deployments.iter().cloned().collect(),
        })
    }
}
