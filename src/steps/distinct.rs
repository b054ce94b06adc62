//! Which uses of steps are one, and what came of each.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indexmap::IndexSet;
use tokio::sync::OnceCell;

use super::{Sharing, StepEntry, effects::Effects, turns::Turns};
use crate::{
    progress::StepId,
    source::Span,
    value::{self, Mapping, Value},
};

/// A step that was done, once for all whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// The last part of the step's name.
    pub(crate) step: String,
    /// As templates write it.
    pub(crate) id: Option<String>,
    /// `build`, `push` or `pull`.
    pub(crate) section: &'static str,
    /// Whether it leaves traces on this machine; what only builds or pushes does not.
    pub(crate) is_ordered: bool,
    /// `None` of a function that gives none.
    pub(crate) outputs: Option<Mapping>,
    /// Without what it waited for others.
    pub(crate) time: Duration,
    pub(crate) deployments: Vec<String>,
}

impl Ran {
    /// The image it is about, if it is about one.
    pub(crate) fn image(&self) -> Option<&str> {
        self.outputs.as_ref()?.get("image")?.as_str()
    }

    /// Nothing had to be built or pushed: it was there.
    pub(crate) fn is_reused(&self) -> bool {
        let reused = self.outputs.as_ref().and_then(|outputs| outputs.get("reused"));
        reused.and_then(Value::as_bool) == Some(true)
    }
}

/// Which uses of steps are one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Shared(Identity),
    /// The use of this number is for itself, or is over for all that come later.
    Own(usize),
}

/// What makes two steps the same: what runs, on what, where.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    name: &'static str,
    inputs: String,
    directory: PathBuf,
    /// Scripts are the same only where they are written in one place: two that read alike may be meant to differ.
    written: Option<Span>,
}

/// A distinct step: what came of it once it has run, and the deployments it is for.
pub(super) struct Distinct {
    /// As it is told of.
    pub(super) told_as: StepId,
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) section: &'static str,
    pub(super) is_ordered: bool,
    pub(super) end: OnceCell<(Effects, Duration)>,
    pub(super) deployments: Mutex<IndexSet<String>>,
}

/// One use of a step.
pub(super) struct Use<'u> {
    /// The last part of the name that it was called by.
    pub(super) name: &'u str,
    pub(super) id: Option<String>,
    pub(super) section: &'static str,
    pub(super) entry: &'static StepEntry,
    pub(super) inputs: Mapping,
    pub(super) written: Option<Span>,
    pub(super) limit: Option<Duration>,
    pub(super) deployment: &'u str,
    pub(super) turn: usize,
    pub(super) turns: &'u Turns,
}

impl Use<'_> {
    /// The input with which a step is run again although the same one has run.
    const IGNORE: &'static str = "ignore_cache";

    pub(super) fn ignores_earlier(&self) -> bool {
        self.inputs.get(Self::IGNORE).and_then(Value::as_bool) == Some(true)
    }

    /// What other uses have in common with this one that may share its run; `None` if it is for itself.
    pub(super) fn identity(&self, directory: &Path) -> Option<Identity> {
        let by_place = match self.entry.sharing {
            Sharing::SameInputs => false,
            Sharing::SamePlace if self.written.is_some() => true,
            Sharing::SamePlace | Sharing::Never => return None,
        };
        let mut inputs = self.inputs.clone();
        inputs.shift_remove(Self::IGNORE);
        Some(Identity {
            name: self.entry.name,
            inputs: value::to_json(&Value::Mapping(inputs)).to_string(),
            directory: directory.to_owned(),
            written: self.written.filter(|_| by_place),
        })
    }
}

impl Distinct {
    pub(super) fn new(of: &Use<'_>, told_as: StepId) -> Self {
        Self {
            told_as,
            name: of.name.to_owned(),
            id: of.id.clone(),
            section: of.section,
            is_ordered: of.entry.is_ordered(),
            end: OnceCell::new(),
            deployments: Mutex::default(),
        }
    }

    /// Notes that it is for a deployment; gives whether it was for others before.
    pub(super) fn is_for(&self, deployment: &str) -> bool {
        let mut deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        deployments.insert(deployment.to_owned()) && deployments.len() > 1
    }

    /// `None` if it did not come to its end.
    pub(super) fn ran(&self) -> Option<Ran> {
        let (effects, time) = self.end.get()?;
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
