//! Deployments and resources that a command keeps although they are undeclared or selected for deletion.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    deployment::ProjectId,
    resource::{ResourceKey, ResourceKind},
};

/// The reason for keeping an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptReason {
    /// Descriptions of the other projects that have registered the object.
    Registered(String),
    /// The command's project has not registered the object.
    NotRegistered,
    /// The object is in use. Contains the description of the use.
    InUse(String),
}

impl KeptReason {
    /// Returns the reason for an object registered by the given projects, or `None` if `owners` is empty.
    pub(crate) fn registered(owners: &[&str]) -> Option<Self> {
        let owners: Vec<String> = owners.iter().map(|owner| ProjectId::describe(owner)).collect();
        (!owners.is_empty()).then(|| Self::Registered(owners.join(" and ")))
    }
}

impl fmt::Display for KeptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered(owners) => write!(f, "it is also registered by {owners}"),
            Self::NotRegistered => f.write_str("this project has not registered it"),
            Self::InUse(reason) => f.write_str(reason),
        }
    }
}

/// A resource that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptResource {
    pub(crate) key: ResourceKey,
    pub(crate) reason: KeptReason,
}

impl KeptResource {
    /// Returns whether the resource can be deleted as soon as it is no longer in use.
    pub(crate) fn is_in_use(&self) -> bool {
        matches!(self.reason, KeptReason::InUse(_))
    }
}

impl fmt::Display for KeptResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, reason } = self;
        write!(f, "{key} is kept: {reason}")
    }
}

/// A plan entry for an undeclared resource that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedKept {
    pub(crate) kind: ResourceKind,
    /// Name of the resource. The name of a queue includes its work pool, and the name of a block includes its type.
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl From<&KeptResource> for PlannedKept {
    fn from(KeptResource { key, reason }: &KeptResource) -> Self {
        Self { kind: key.kind, name: key.name.clone(), reason: reason.to_string() }
    }
}
