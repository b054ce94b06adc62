//! Outcomes of writes.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use uuid::Uuid;

use crate::{
    api::ApiError,
    plan::{FieldChange, KeptReason},
    progress::DeploymentEvent,
    records::RecordError,
};

/// Error that prevented an object from being written, deleted or restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The object is not deleted because the records of other projects cannot be read.
    #[error(transparent)]
    Record(RecordError),
    /// The object is not deleted because it is in use. Contains the description of the use.
    #[error("it cannot be deleted: {0}")]
    InUse(String),
    /// The deployment was not processed, because the state of an earlier deployment could not be read.
    /// Contains the reason.
    #[error("{0}")]
    Skipped(String),
    #[error("the previous state could not be restored")]
    NotRestored,
}

impl From<RecordError> for WriteError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Api(error) => Self::Api(error),
            error => Self::Record(error),
        }
    }
}

/// Effect of a rollback on a deployment or a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restoration {
    /// The rollback has restored the previous state.
    Restored,
    /// The object already had its previous state.
    Unneeded,
    /// The object does not have its previous state.
    Incomplete,
}

impl Restoration {
    pub(super) fn is_complete(self) -> bool {
        self != Self::Incomplete
    }
}

/// Outcome of a deployment or a resource.
#[derive(Debug)]
pub(crate) enum Outcome {
    Created(Uuid),
    /// The object was updated. Contains its ID and the names of the changed fields.
    Updated(Uuid, Vec<String>),
    Unchanged(Uuid),
    /// A request failed. `written` is `true` if something was written before the failure.
    Failed {
        error: WriteError,
        written: bool,
    },
    /// The object has changed on the server since it was compared.
    Conflict {
        differences: Vec<FieldChange>,
        /// Whether something was written before the conflict was found.
        written: bool,
    },
    /// The conflict check failed, so the object was not written.
    Unchecked(WriteError),
    /// The object was not processed, because another object failed first.
    NotTried,
    /// The object was restored because another object failed.
    Restored,
    /// The object was pruned.
    Deleted,
    /// The object is no longer declared, but was not pruned.
    Kept(KeptReason),
}

impl Outcome {
    /// Returns the word that describes the outcome in reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Updated(..) => "updated",
            Self::Unchanged(_) => "unchanged",
            Self::Failed { .. } | Self::Unchecked(_) => "failed",
            Self::Conflict { .. } => "changed meanwhile",
            Self::NotTried => "not tried",
            Self::Restored => "restored",
            Self::Deleted => "deleted",
            Self::Kept(_) => "kept",
        }
    }

    /// Returns the progress event for the outcome.
    pub(crate) fn event(&self) -> DeploymentEvent<'static> {
        DeploymentEvent::Ended { outcome: self.word(), is_done: self.is_done() }
    }

    /// Returns the object's ID, or `None` if the object does not have its desired state.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self {
            Self::Created(id) | Self::Updated(id, _) | Self::Unchanged(id) => Some(*id),
            _ => None,
        }
    }

    /// Returns whether the object needs no further write.
    pub(crate) fn is_done(&self) -> bool {
        self.id().is_some() || matches!(self, Self::Deleted | Self::Kept(_))
    }

    /// Returns whether the outcome prevents further writes.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Conflict { .. } | Self::Unchecked(_))
    }

    pub(crate) fn error(&self) -> Option<&WriteError> {
        match self {
            Self::Failed { error, .. } | Self::Unchecked(error) => Some(error),
            _ => None,
        }
    }

    /// Returns whether a write might have changed the object. A failed request might have taken effect on the server.
    pub(crate) fn may_have_written(&self) -> bool {
        self.wrote() || matches!(self, Self::Failed { .. })
    }

    /// Updates the outcome after a rollback.
    pub(crate) fn set_restored(&mut self, restoration: Restoration) {
        let is_restored = restoration.is_complete();
        *self = match std::mem::replace(self, Self::NotTried) {
            Self::Failed { error, .. } | Self::Unchecked(error) => {
                Self::Failed { error, written: !is_restored }
            }
            Self::Conflict { differences, .. } => Self::Conflict { differences, written: !is_restored },
            unwritten @ (Self::Unchanged(_) | Self::NotTried) if restoration == Restoration::Unneeded => {
                unwritten
            }
            // An interrupted deploy has written the object.
            Self::Unchanged(_) | Self::NotTried if !is_restored => Self::not_restored(),
            written if !is_restored => written,
            _ => Self::Restored,
        };
    }

    /// Returns the outcome for a rolled-back object that only an earlier deploy wrote.
    pub(crate) fn of_earlier(restoration: Restoration) -> Self {
        if restoration.is_complete() { Self::Restored } else { Self::not_restored() }
    }

    fn not_restored() -> Self {
        Self::Failed { error: WriteError::NotRestored, written: true }
    }

    /// Returns whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        matches!(
            self,
            Self::Created(_)
                | Self::Updated(..)
                | Self::Deleted
                | Self::Failed { written: true, .. }
                | Self::Conflict { written: true, .. }
        )
    }
}

/// Callback that receives a deployment's name and the outcome of its write.
type OnFinish = Box<dyn Fn(&str, &Outcome) + Send + Sync>;

/// Outcomes and durations of the finished writes, keyed by position. Available even if the deploy is interrupted.
#[derive(Default)]
pub(crate) struct FinishedWrites {
    ends: Mutex<BTreeMap<usize, (String, Outcome, Duration)>>,
    /// Number of writes that have been reported to `on_finish`.
    reported: AtomicUsize,
    on_finish: Option<OnFinish>,
}

impl std::fmt::Debug for FinishedWrites {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FinishedWrites").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl FinishedWrites {
    /// Calls `on_finish` for the writes in order. Reports a write when it and all previous writes have finished.
    pub(crate) fn reporting(on_finish: OnFinish) -> Self {
        Self { on_finish: Some(on_finish), ..Self::default() }
    }

    pub(super) fn add(&self, index: usize, name: String, (outcome, time): (Outcome, Duration)) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.insert(index, (name, outcome, time));
        let Some(on_finish) = &self.on_finish else { return };
        while let Some((name, outcome, _)) = ends.get(&self.reported.load(Relaxed)) {
            on_finish(name, outcome);
            self.reported.fetch_add(1, Relaxed);
        }
    }

    /// Returns the number of writes that have been reported to the callback.
    pub(crate) fn reported(&self) -> usize {
        self.reported.load(Relaxed)
    }

    /// Removes and returns all finished writes.
    pub(crate) fn take(&self) -> BTreeMap<usize, (Outcome, Duration)> {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        ends.into_iter().map(|(index, (_, outcome, time))| (index, (outcome, time))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome, and the outcomes after a rollback that wrote something, wrote nothing, or failed.
    type Case = (fn(Uuid) -> Outcome, Outcome, Outcome, Outcome);

    #[test]
    fn a_rollback_keeps_the_reasons_of_failures() {
        let id = Uuid::nil();
        let failed = |written| Outcome::Failed { error: WriteError::Skipped("no".to_owned()), written };
        let conflict = |written| Outcome::Conflict { differences: Vec::new(), written };
        let cases: [Case; 4] = [
            (Outcome::Created, Outcome::Restored, Outcome::Restored, Outcome::Created(id)),
            (Outcome::Unchanged, Outcome::Restored, Outcome::Unchanged(id), Outcome::not_restored()),
            (|_| Outcome::NotTried, Outcome::Restored, Outcome::NotTried, Outcome::not_restored()),
            (
                |_| Outcome::Conflict { differences: Vec::new(), written: true },
                conflict(false),
                conflict(false),
                conflict(true),
            ),
        ];
        for (outcome, restored, unneeded, incomplete) in cases {
            for (restoration, expected) in [
                (Restoration::Restored, restored),
                (Restoration::Unneeded, unneeded),
                (Restoration::Incomplete, incomplete),
            ] {
                let mut outcome = outcome(id);
                outcome.set_restored(restoration);
                assert_eq!(format!("{outcome:?}"), format!("{expected:?}"));
            }
        }
        for mut outcome in [failed(true), Outcome::Unchecked(WriteError::Skipped("no".to_owned()))] {
            outcome.set_restored(Restoration::Unneeded);
            assert_eq!(format!("{outcome:?}"), format!("{:?}", failed(false)));
        }
    }
}
