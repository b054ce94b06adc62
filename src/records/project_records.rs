//! Records for one kind of object: the project's own objects and objects registered by other projects.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    error::UnreadableRecord,
    shards::{Record, Shards},
};
use crate::{api::Variable, deployment::ProjectId};

/// A record of objects that a project has registered.
pub(crate) trait ProjectRecord: Record + DeserializeOwned {
    /// Returns whether a variable with the given name contains a record of this kind.
    fn is_name(variable: &str) -> bool;

    /// Returns the project ID.
    fn project(&self) -> &str;

    /// Returns a registered object's ID.
    fn id(item: &Self::Item) -> Uuid;
}

/// Objects of one kind that projects have registered.
#[derive(Debug)]
pub(crate) struct ProjectRecords<R> {
    /// Records of the command's project.
    pub(super) own: Shards<R>,
    /// Objects registered by other projects, with the projects' IDs. The command's project may also have registered the
    /// objects.
    others: BTreeMap<Uuid, BTreeSet<String>>,
}

impl<R: ProjectRecord> ProjectRecords<R> {
    /// Collects the records in `variables`. If `project` is `None`, all recorded objects belong to other projects.
    ///
    /// # Errors
    ///
    /// Fails if a record is unreadable.
    pub(super) fn new(variables: &[Variable], project: Option<&ProjectId>) -> Result<Self, UnreadableRecord> {
        let mut own = Shards::new();
        let mut others: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
        for Variable { id, name, value } in variables.iter().filter(|variable| R::is_name(&variable.name)) {
            let record = R::deserialize(value).map_err(|error| UnreadableRecord::new(name, &error))?;
            if project.is_some_and(|project| record.project() == project.as_str()) {
                own.insert(name.clone(), *id, record);
            } else {
                own.reserve(name.clone());
                for item in record.items() {
                    others.entry(R::id(item)).or_default().insert(record.project().to_owned());
                }
            }
        }
        Ok(Self { own, others })
    }

    /// Returns the other projects that have registered the object.
    pub(crate) fn other_owners(&self, id: Uuid) -> Vec<&str> {
        self.others.get(&id).into_iter().flatten().map(String::as_str).collect()
    }

    /// Returns whether another project has registered the object.
    pub(super) fn is_shared(&self, id: Uuid) -> bool {
        self.others.contains_key(&id)
    }
}
