//! Result of a deploy.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    api::Links,
    apply::{FinishedWrites, Outcome, Recovery, ResourceLine, Restoration, WriteError, rollback::Restored},
    deployment::StageTimes,
    diagnostics::{Code, Diagnostic},
    plan::{Action, ComparedDeployment, PlannedChange},
    progress::Progress,
    steps::CompletedStep,
};

/// Result of a deploy.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// A line for each deployment, in declaration order.
    pub(crate) deployments: Vec<DeploymentLine>,
    /// A line for each declared resource, in write order.
    pub(crate) resources: Vec<ResourceLine>,
    /// Names of the work pools without an online worker.
    pub(crate) idle_pools: Vec<String>,
    /// Completed steps. Each step lists the deployments that use its result.
    pub(crate) steps: Vec<CompletedStep>,
    /// Messages about state that could not be restored.
    pub(crate) unrestored: Vec<String>,
    /// Problems that do not affect the written objects.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Whether `--resume` can continue the deploy.
    pub(crate) resumable: bool,
    pub(crate) stages: StageTimes,
    /// Finished writes, which are moved to `deployments` after all writes have finished.
    pub(crate) finished: FinishedWrites,
}

impl Report {
    /// Moves the outcomes of the finished writes to the lines.
    pub(crate) fn collect_finished(&mut self) {
        for (index, (outcome, time)) in self.finished.take() {
            if let Some(line) = self.deployments.get_mut(index) {
                (line.outcome, line.time) = (outcome, time);
            }
        }
    }

    /// Adds and shows a warning about a record that was not written. The deployments and resources have been written.
    pub(crate) fn warn_unrecorded(&mut self, message: String, help: &str, progress: &dyn Progress) {
        let warning = Diagnostic::warning(Code::UNRECORDED, message).help(help);
        progress.warn(&warning);
        self.warnings.push(warning);
    }

    /// Adds messages about state that a rollback could not restore.
    pub(crate) fn add_recovery(&mut self, subject: &str, recovery: Recovery) -> Restoration {
        match recovery {
            Recovery::Restored(restored) => {
                let notes = restored.lost.iter().chain(&restored.notes);
                self.unrestored.extend(notes.map(|note| format!("{subject}: {note}")));
                match restored {
                    Restored { lost, .. } if !lost.is_empty() => Restoration::Incomplete,
                    Restored { wrote: true, .. } => Restoration::Restored,
                    Restored { wrote: false, .. } => Restoration::Unneeded,
                }
            }
            Recovery::Conflict(_) => {
                self.unrestored.push(format!("{subject} was changed on the server since the deploy"));
                Restoration::Incomplete
            }
            Recovery::Failed(error) => {
                self.unrestored.push(format!("{subject} could not be restored: {error}"));
                Restoration::Incomplete
            }
        }
    }

    /// Returns whether all deployments and resources have their desired state.
    pub(crate) fn is_done(&self) -> bool {
        self.outcomes().all(Outcome::is_done)
    }

    /// Returns whether there are conflicts and no other failures.
    pub(crate) fn only_conflicts(&self) -> bool {
        let mut outcomes = self.outcomes();
        outcomes.any(|outcome| matches!(outcome, Outcome::Conflict { .. })) && self.first_error().is_none()
    }

    /// Returns the first error that occurred during a write.
    pub(crate) fn first_error(&self) -> Option<&WriteError> {
        self.outcomes().find_map(Outcome::error)
    }

    pub(crate) fn was_rolled_back(&self) -> bool {
        self.outcomes().any(|outcome| matches!(outcome, Outcome::Restored))
    }

    /// Returns whether anything was written.
    pub(crate) fn wrote(&self) -> bool {
        self.outcomes().any(Outcome::wrote)
    }

    /// Returns the outcomes of all resources and deployments.
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let resources = self.resources.iter().map(|line| &line.outcome);
        resources.chain(self.deployments.iter().map(|line| &line.outcome))
    }
}

/// Result for a deployment.
#[derive(Debug)]
pub(crate) struct DeploymentLine {
    /// Full name of the deployment, as `flow/deployment`.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) outcome: Outcome,
    pub(crate) action: Action,
    /// The planned changes, with secrets redacted.
    pub(crate) changes: Vec<PlannedChange>,
    /// Time between the start and the end of the write.
    pub(crate) time: Duration,
}

impl DeploymentLine {
    /// Returns the line for a deployment that has not been written yet. The secrets in `changes` are already redacted.
    pub(crate) fn pending(
        ComparedDeployment { desired, change }: &ComparedDeployment<'_>,
        changes: Vec<PlannedChange>,
    ) -> Self {
        Self {
            name: desired.full_name(),
            file: desired.file.clone(),
            outcome: Outcome::NotTried,
            action: change.action(),
            changes,
            time: Duration::ZERO,
        }
    }

    /// Returns the line for a rolled-back deployment that only an earlier deploy wrote.
    pub(super) fn of_earlier(name: String, restoration: Restoration) -> Self {
        let outcome = Outcome::of_earlier(restoration);
        let (action, changes, time) = (Action::Update, Vec::new(), Duration::ZERO);
        Self { name, file: None, outcome, action, changes, time }
    }

    /// Returns the deployment's ID, or `None` if the deployment does not have its desired state.
    pub(crate) fn id(&self) -> Option<Uuid> {
        self.outcome.id()
    }

    /// Returns the deployment's URL in the server's UI.
    pub(crate) fn url(&self, links: &Links) -> Option<String> {
        links.deployment(self.id()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_that_were_not_attempted_are_not_conflicts() {
        let conflict = || Outcome::Conflict { differences: Vec::new(), written: false };
        let error = || WriteError::NotRestored;
        for (outcomes, expected) in [
            (vec![Outcome::NotTried], false),
            (vec![Outcome::Restored, Outcome::NotTried], false),
            (vec![conflict(), Outcome::NotTried], true),
            (vec![conflict(), Outcome::Unchecked(error())], false),
        ] {
            let line = |outcome| DeploymentLine {
                outcome,
                ..DeploymentLine::of_earlier("hello/a".to_owned(), Restoration::Restored)
            };
            let deployments = outcomes.into_iter().map(line).collect();
            let report = Report { deployments, ..Report::default() };
            assert_eq!(report.only_conflicts(), expected, "{:?}", report.deployments);
        }
    }
}
