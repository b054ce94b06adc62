//! Names of objects that automation actions refer to. The API uses IDs instead.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{ResourceKind, concurrent_reads::read_each};
use crate::api::{ApiError, Client, JsonObject};

/// Object kinds that an action can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ReferenceKind {
    Deployment,
    WorkPool,
    WorkQueue,
    Block,
    Automation,
}

impl ReferenceKind {
    const ALL: [Self; 5] = [Self::Deployment, Self::WorkPool, Self::WorkQueue, Self::Block, Self::Automation];

    /// Returns the action key that contains the object's name.
    pub(super) fn name_key(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::WorkPool => "work_pool",
            Self::WorkQueue => "work_queue",
            Self::Block => "block",
            Self::Automation => "automation",
        }
    }

    /// Returns the API's action key that contains the object's ID.
    pub(super) fn id_key(self) -> &'static str {
        match self {
            Self::Deployment => "deployment_id",
            Self::WorkPool => "work_pool_id",
            Self::WorkQueue => "work_queue_id",
            Self::Block => "block_document_id",
            Self::Automation => "automation_id",
        }
    }

    /// Returns the resource kind of the referenced objects, or `None` for deployments, which are not resources.
    pub(crate) fn resource(self) -> Option<ResourceKind> {
        match self {
            Self::Deployment => None,
            Self::WorkPool => Some(ResourceKind::WorkPool),
            Self::WorkQueue => Some(ResourceKind::WorkQueue),
            Self::Block => Some(ResourceKind::Block),
            Self::Automation => Some(ResourceKind::Automation),
        }
    }

    /// Returns the kind's name for messages.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::WorkPool => "work pool",
            Self::WorkQueue => "work queue",
            Self::Block => "block",
            Self::Automation => "automation",
        }
    }

    /// Returns the format in which references to objects of this kind are written.
    pub(super) fn form(self) -> &'static str {
        match self {
            Self::Deployment => "FLOW/DEPLOYMENT",
            Self::WorkQueue => "WORK_POOL/QUEUE",
            Self::Block => "TYPE/NAME",
            Self::WorkPool | Self::Automation => "NAME",
        }
    }

    /// Returns whether a name has this kind's format.
    pub(super) fn accepts(self, name: &str) -> bool {
        match self {
            Self::Deployment | Self::WorkQueue | Self::Block => {
                name.split_once('/').is_some_and(|(first, second)| !first.is_empty() && !second.is_empty())
            }
            Self::WorkPool | Self::Automation => !name.is_empty(),
        }
    }
}

/// A reference to an object by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceReference {
    pub(crate) kind: ReferenceKind,
    pub(crate) name: String,
}

/// IDs of the objects on the server that actions refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    ids: BTreeMap<ResourceReference, Uuid>,
    /// Automation names that several automations share, with the automations' IDs.
    ambiguous: BTreeMap<ResourceReference, Vec<Uuid>>,
}

impl FromIterator<(ResourceReference, Uuid)> for References {
    fn from_iter<I: IntoIterator<Item = (ResourceReference, Uuid)>>(ids: I) -> Self {
        Self { ids: ids.into_iter().collect(), ambiguous: BTreeMap::new() }
    }
}

impl References {
    /// Reads object IDs. Omits objects that do not exist.
    pub(crate) async fn read(
        client: &Client,
        references: impl IntoIterator<Item = ResourceReference>,
    ) -> Result<Self, ApiError> {
        let references: BTreeSet<ResourceReference> = references.into_iter().collect();
        let answers = read_each(references, async |reference| {
            let ids = ids(client, &reference).await?;
            Ok((reference, ids))
        });
        let mut found = Self::default();
        for (reference, ids) in answers.await? {
            match ids[..] {
                [] => {}
                [id] => drop(found.ids.insert(reference, id)),
                _ => drop(found.ambiguous.insert(reference, ids)),
            }
        }
        Ok(found)
    }

    /// Adds an object's ID.
    pub(crate) fn insert(&mut self, reference: ResourceReference, id: Uuid) {
        self.ids.insert(reference, id);
    }

    pub(super) fn id(&self, reference: &ResourceReference) -> Option<Uuid> {
        self.ids.get(reference).copied()
    }

    pub(crate) fn contains(&self, reference: &ResourceReference) -> bool {
        self.ids.contains_key(reference)
    }

    /// Returns the IDs of all objects to which a reference might refer, or `None` if the reference is unambiguous.
    pub(crate) fn ambiguous(&self, reference: &ResourceReference) -> Option<&[Uuid]> {
        self.ambiguous.get(reference).map(Vec::as_slice)
    }

    /// Returns whether an action key contains an object name.
    pub(crate) fn is_name_key(key: &str) -> bool {
        ReferenceKind::ALL.iter().any(|kind| kind.name_key() == key)
    }

    fn name(&self, kind: ReferenceKind, id: &str) -> Option<&str> {
        let id: Uuid = id.parse().ok()?;
        let found = self.ids.iter().find(|(reference, known)| reference.kind == kind && **known == id);
        found.map(|(reference, _)| reference.name.as_str())
    }

    /// Replaces the IDs of known objects with their names.
    pub(crate) fn with_names(&self, fields: &JsonObject) -> JsonObject {
        let name = |action: &mut Map<String, Json>, kind: ReferenceKind| {
            let id = action.get(kind.id_key()).and_then(Json::as_str)?;
            let name = self.name(kind, id)?.to_owned();
            action.shift_remove(kind.id_key());
            action.insert(kind.name_key().to_owned(), name.into());
            Some(())
        };
        in_actions(fields, |action| {
            for kind in ReferenceKind::ALL {
                name(action, kind);
            }
        })
    }

    /// Replaces object names with IDs.
    ///
    /// # Errors
    ///
    /// Fails if an object does not exist.
    pub(super) fn with_ids(&self, fields: &JsonObject) -> Result<JsonObject, ApiError> {
        let mut missing = None;
        let fields = in_actions(fields, |action| {
            for kind in ReferenceKind::ALL {
                let Some(Json::String(name)) = action.shift_remove(kind.name_key()) else { continue };
                let reference = ResourceReference { kind, name };
                match self.ids.get(&reference) {
                    Some(id) => drop(action.insert(kind.id_key().to_owned(), id.to_string().into())),
                    None => missing = Some(reference),
                }
            }
        });
        match missing {
            None => Ok(fields),
            Some(ResourceReference { kind, name }) => {
                Err(ApiError::NotFound { detail: format!("{} '{name}' does not exist", kind.label()) })
            }
        }
    }
}

/// Replaces object names with descriptions of their IDs, such as `(id of the deployment 'hello/default')`.
pub(super) fn with_described_ids(fields: &JsonObject) -> JsonObject {
    in_actions(fields, |action| {
        for kind in ReferenceKind::ALL {
            if let Some(Json::String(name)) = action.shift_remove(kind.name_key()) {
                let description = format!("(id of the {} '{name}')", kind.label());
                action.insert(kind.id_key().to_owned(), description.into());
            }
        }
    })
}

/// Applies a function to all actions of an automation. Returns the changed fields of the automation.
fn in_actions(fields: &JsonObject, mut change: impl FnMut(&mut Map<String, Json>)) -> JsonObject {
    let mut fields = fields.clone();
    for key in crate::project::resources::ACTION_LISTS {
        let actions = fields.get_mut(key).and_then(Json::as_array_mut);
        actions.into_iter().flatten().filter_map(Json::as_object_mut).for_each(&mut change);
    }
    fields
}

/// Returns the IDs of the objects that a reference names. Returns multiple IDs if the name is not unique.
async fn ids(client: &Client, reference: &ResourceReference) -> Result<Vec<Uuid>, ApiError> {
    let name = reference.name.as_str();
    let (first, second) = name.split_once('/').unwrap_or((name, ""));
    let id = match reference.kind {
        ReferenceKind::Deployment => {
            client.deployment_by_name(first, second).await?.map(|deployment| deployment.id)
        }
        ReferenceKind::WorkPool => client.work_pool(name).await?.map(|pool| pool.id),
        ReferenceKind::WorkQueue => client.work_queue(first, second).await?.map(|queue| queue.id),
        ReferenceKind::Block => client.hidden_block_document(first, second).await?.map(|block| block.id),
        ReferenceKind::Automation => {
            let automations = client.automations_named(&[name]).await?;
            return Ok(automations.into_iter().map(|automation| automation.id).collect());
        }
    };
    Ok(id.into_iter().collect())
}
