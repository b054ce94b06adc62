//! Compares desired deployments with a server snapshot and describes the differences in the plan document.
//!
//! Comparison and description perform no I/O. Only `creation`, `export` and `prune` send requests.

mod creation;
mod describe;
mod document;
mod drift;
mod error;
mod export;
mod fields;
mod fingerprint;
mod ignored;
mod kept;
mod moved_queues;
mod owned_files;
mod presentation;
pub(crate) mod prune;
mod redaction;
mod requests;
pub(crate) mod resources;
mod retained;
mod schedules;
mod shared_objects;
mod triggers;

pub(crate) use creation::{DesiredState, create};
pub(crate) use describe::{describe, describe_changes, describe_removal};
pub(crate) use document::{
    Action, Fingerprint, FlowGrade, OtherEnvironment, Plan, PlannedChange, PlannedDeployment,
    PlannedResource, PlannedStep, Retained, SCHEMA,
};
pub(crate) use drift::{Difference, Drift, DriftState, DriftedDeployment, DriftedResource};
pub(crate) use error::{PlanError, UpdateError};
pub(crate) use export::{Export, export};
pub(crate) use fields::{FieldChange, changes_between, is_same_field, owned_fields};
pub(crate) use kept::{KeptReason, KeptResource, PlannedKept};
pub(crate) use moved_queues::{MovedQueue, moved_queues};
pub(crate) use redaction::{CHANGED, mask, redacted_pair, redacted_value};
pub(crate) use requests::RenderedRequests;
pub(crate) use resources::{ComparedResource, ResourceChange};
pub(crate) use schedules::{ScheduleChanges, allow_missing_slugs, schedule_differences};
pub(crate) use shared_objects::ChangedObject;
pub(crate) use triggers::{TriggerChanges, could_be_trigger, is_same_trigger, trigger_changes_between};

/// String displayed for values that are unknown until the build has run.
pub(crate) const KNOWN_AFTER_BUILD: &str = crate::template::pending::SHOWN;

use jiff::Timestamp;

use crate::{
    deployment::{DesiredDeployment, LiveDeployment, OnUnchanged, Snapshot},
    project::IgnorableField,
};

/// A desired deployment that has been compared with the server.
#[derive(Debug)]
pub(crate) struct ComparedDeployment<'a> {
    pub(crate) desired: &'a DesiredDeployment,
    pub(crate) change: Change<'a>,
}

/// The change that a deploy makes to a deployment.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// The deployment does not exist on the server.
    Create,
    /// The live deployment differs from its desired state.
    Update { live: &'a LiveDeployment, changes: Changes<'a> },
    /// The live deployment already has the desired state.
    Unchanged { live: &'a LiveDeployment },
}

impl<'a> Change<'a> {
    /// Returns the live deployment, or `None` if the deployment will be created.
    pub(crate) fn live(&self) -> Option<&'a LiveDeployment> {
        match self {
            Self::Create => None,
            Self::Update { live, .. } | Self::Unchanged { live } => Some(live),
        }
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        matches!(self, Self::Unchanged { .. })
    }

    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update { .. } => Action::Update,
            Self::Unchanged { .. } => Action::Unchanged,
        }
    }
}

/// Differences between a live deployment and its desired state.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    pub(crate) fields: Vec<FieldChange>,
    pub(crate) schedules: ScheduleChanges<'a>,
    pub(crate) triggers: TriggerChanges<'a>,
    /// Whether to send the SLAs. Declared SLAs are always sent, because Prefect Cloud does not return SLAs for
    /// comparison.
    pub(crate) slas: bool,
}

impl Changes<'_> {
    fn is_empty(&self) -> bool {
        !self.slas && self.fields.is_empty() && self.schedules.is_empty() && self.triggers.is_empty()
    }

    /// Returns the names of the changed fields.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.fields.iter().map(|change| change.field.as_str()).collect();
        names.extend((!self.schedules.is_empty()).then_some("schedules"));
        names.extend((!self.triggers.is_empty()).then_some("triggers"));
        names.extend(self.slas.then_some("service level agreements"));
        names
    }
}

/// Compares a deployment with its live state, except for ignored fields.
///
/// # Errors
///
/// Fails if the server would reject the update.
pub(crate) fn compare<'a>(
    desired: &'a DesiredDeployment,
    live: &'a Snapshot,
    on_unchanged: OnUnchanged,
    now: Timestamp,
) -> Result<Change<'a>, UpdateError> {
    let Some(deployment) = live.deployment(&desired.deployment_name()) else {
        return Ok(Change::Create);
    };
    let ignores = |field| desired.ignored.contains(field);
    let changes = Changes {
        fields: fields::compare(desired, deployment, live.clears_job_variables(), on_unchanged),
        schedules: if ignores(IgnorableField::Schedules) {
            ScheduleChanges::default()
        } else {
            schedules::compare(&desired.schedules, &deployment.schedules, now)?
        },
        triggers: if ignores(IgnorableField::Triggers) {
            TriggerChanges::default()
        } else {
            triggers::compare(desired, deployment.id, live.automations(deployment.id))
        },
        slas: desired.slas.is_some() && !ignores(IgnorableField::Sla),
    };
    if changes.is_empty() {
        return Ok(Change::Unchanged { live: deployment });
    }
    let sends_job_variables = !changes.fields.is_empty() && !ignores(IgnorableField::JobVariables);
    if sends_job_variables && !desired.refused_in_updates.is_empty() {
        let (job_variables, pool) = (desired.refused_in_updates.clone(), desired.work_pool.clone());
        return Err(UpdateError::NullJobVariables { job_variables, pool });
    }
    Ok(Change::Update { live: deployment, changes })
}

#[cfg(test)]
mod tests;
