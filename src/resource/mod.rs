//! Resources other than deployments: work pools, work queues, concurrency limits, variables, blocks and
//! automations.
//!
//! All kinds share one representation (a kind, a name and JSON fields), so comparing, writing and restoring are
//! implemented once. [`declarations`] converts project file declarations to this representation. [`requests`] sends the
//! requests for each kind.

mod action_templates;
mod actions;
mod automations;
pub(crate) mod block_references;
mod block_secrets;
mod comparison;
mod concurrent_reads;
mod declarations;
mod fields;
mod known_types;
mod observed;
pub(crate) mod order;
mod pool_template;
mod pool_types;
mod pools;
mod queue_priorities;
pub(crate) mod references;
pub(crate) mod removal;
pub(crate) mod requests;
mod run_loops;
mod secret_hashes;
mod secret_sources;
pub(crate) mod usage;

pub(crate) use action_templates::{check_run_parameters, is_computed};
pub(crate) use block_secrets::BlockSecrets;
pub(crate) use comparison::{is_same_automation_field, is_same_field};
pub(crate) use declarations::{Declaration, Declared, duplicates};
pub(crate) use fields::Placeholders;
pub(crate) use known_types::KnownTypes;
pub(crate) use observed::Observed;
pub(crate) use pool_types::PoolTypes;
pub(crate) use queue_priorities::QueuePriorities;
pub(crate) use references::{ReferenceKind, References, ResourceReference};
pub(crate) use requests::LiveResources;
pub(crate) use secret_hashes::{SecretHashes, SecretsDigest};

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{api::JsonObject, diagnostics::Place, pointer::Pointer, value::Mapping};

/// The resource kinds, in write order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResourceKind {
    WorkPool,
    WorkQueue,
    ConcurrencyLimit,
    Variable,
    Block,
    Automation,
}

impl ResourceKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::WorkPool,
        Self::WorkQueue,
        Self::ConcurrencyLimit,
        Self::Variable,
        Self::Block,
        Self::Automation,
    ];

    /// Returns the kind's name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WorkPool => "work pool",
            Self::WorkQueue => "work queue",
            Self::ConcurrencyLimit => "concurrency limit",
            Self::Variable => "variable",
            Self::Block => "block",
            Self::Automation => "automation",
        }
    }

    /// Returns the phase of a deploy that writes resources of this kind.
    pub(crate) fn phase(self) -> Phase {
        match self {
            Self::Automation => Phase::AfterDeployments,
            _ => Phase::BeforeDeployments,
        }
    }
}

/// A deploy phase that writes resources. A rollback restores the phases in reverse order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Writes the resources that deployments may use.
    BeforeDeployments,
    /// Writes the resources that may refer to deployments.
    AfterDeployments,
}

/// The identity of a resource.
///
/// Work queue names have the form `POOL/QUEUE`, and block names have the form `TYPE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ResourceKey {
    pub(crate) kind: ResourceKind,
    pub(crate) name: String,
}

impl ResourceKey {
    pub(crate) fn new(kind: ResourceKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// Name of the queue that every work pool has.
    pub(crate) const DEFAULT_QUEUE: &str = "default";

    /// Returns whether the server prevents the resource from being deleted.
    pub(crate) fn is_permanent(&self) -> bool {
        self.kind == ResourceKind::WorkQueue && self.parts().1 == Self::DEFAULT_QUEUE
    }

    /// Returns a work queue's pool name, or `None` for other kinds.
    pub(crate) fn pool_of_queue(&self) -> Option<&str> {
        (self.kind == ResourceKind::WorkQueue).then(|| self.parts().0)
    }

    /// Returns a work queue's name without the pool name, or `None` for other kinds.
    pub(crate) fn queue(&self) -> Option<&str> {
        (self.kind == ResourceKind::WorkQueue).then(|| self.parts().1)
    }

    /// Returns the key of a work pool's queue.
    pub(crate) fn queue_of(pool: &str, name: &str) -> Self {
        Self::new(ResourceKind::WorkQueue, format!("{pool}/{name}"))
    }

    /// Splits a work queue or block name at the first slash. Returns an empty first string for other kinds, whose names
    /// may contain slashes.
    fn parts(&self) -> (&str, &str) {
        let parts = match self.kind {
            ResourceKind::WorkQueue | ResourceKind::Block => self.name.split_once('/'),
            _ => None,
        };
        parts.unwrap_or(("", &self.name))
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} '{}'", self.kind.name(), self.name)
    }
}

/// A resource as declared in a project file.
#[derive(Debug, Clone)]
pub(crate) struct DesiredResource {
    pub(crate) key: ResourceKey,
    /// The declared fields, in API format. The server keeps the values of undeclared fields. Actions reference other
    /// objects by name, not by ID.
    pub(crate) fields: JsonObject,
    /// Default field values. A new resource's plan shows only the fields that differ from the defaults.
    pub(crate) defaults: JsonObject,
    /// A block's secret fields. Values are masked if secrets are not read.
    pub(crate) secrets: BlockSecrets,
    /// Objects that the fields refer to.
    pub(crate) references: Vec<(ResourceReference, Option<Place>)>,
    /// ID of the declared automation on the server. Set only if multiple automations have the same name.
    pub(crate) id: Option<Uuid>,
    /// Deployments that the actions run.
    pub(crate) runs: Vec<DeploymentRun>,
    /// Locations of triggers that only Prefect Cloud supports.
    pub(crate) metric_triggers: Vec<Option<Place>>,
    /// Location of the declaration.
    pub(crate) place: Option<Place>,
    /// Path of the project file. `None` if the command has only one project file.
    pub(crate) file: Option<Arc<str>>,
}

impl DesiredResource {
    pub(crate) fn new(key: ResourceKey, fields: JsonObject, place: Option<Place>) -> Self {
        let (defaults, secrets) = (JsonObject::new(), BlockSecrets::default());
        let (references, runs, metric_triggers) = (Vec::new(), Vec::new(), Vec::new());
        let (id, file) = (None, None);
        Self { key, fields, defaults, secrets, references, id, runs, metric_triggers, place, file }
    }

    /// Returns the declared priority of a work queue.
    pub(crate) fn priority(&self) -> Option<u64> {
        self.fields.get("priority").and_then(serde_json::Value::as_u64)
    }
}

/// A declared resource whose name is not unique on the server.
#[derive(Debug, Clone)]
pub(crate) struct AmbiguousResource {
    pub(crate) key: ResourceKey,
    /// IDs of the resources on the server.
    pub(crate) ids: Vec<Uuid>,
}

/// An action that runs a deployment.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentRun {
    /// `FLOW/DEPLOYMENT`.
    pub(crate) deployment: String,
    pub(crate) parameters: Mapping,
    pub(crate) job_variables: Mapping,
    /// Path of the action in the project file.
    pub(crate) pointer: Pointer,
}

/// A resource on the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiveResource {
    pub(crate) id: Uuid,
    /// The fields as the server returns them.
    pub(crate) fields: JsonObject,
}

impl LiveResource {
    /// Returns the priority of a work queue.
    pub(crate) fn priority(&self) -> Option<u64> {
        self.fields.get("priority").and_then(serde_json::Value::as_u64)
    }
}
