//! Stores sets of any size in Prefect variables, whose values have a limited size.
//!
//! Commands can change the same set concurrently even though the server has no transactions. Items are only added in
//! new variables, which the server creates only if their names are unused. A new variable may replace an existing
//! variable. Existing variables only lose items and are changed and deleted by ID. In the worst case, an item removed
//! by one command is recorded again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::error::Contended;
use crate::{
    api::{ApiError, Client, Variable},
    deployment::ProjectId,
};

/// Maximum size of a record in bytes. The server limits the value of a variable to 5000 bytes of JSON.
const MAX_SIZE: usize = 4500;

/// Maximum number of attempts to write records that other commands change concurrently.
const ATTEMPTS: usize = 20;

/// A variable's value: a set of items, with fields that apply to all items.
pub(crate) trait Record: Clone + PartialEq + Serialize {
    type Item: Clone + Ord + Serialize;

    fn items(&self) -> &BTreeSet<Self::Item>;

    /// Returns a record with the same fields and the given items.
    fn with_items(&self, items: BTreeSet<Self::Item>) -> Self;

    /// Returns whether this record accepts another record's items.
    fn accepts(&self, other: &Self) -> bool;
}

/// Records with the same kind and owner, with their variables' names and IDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shards<R> {
    variables: BTreeMap<String, (Uuid, R)>,
    /// Names of variables that contain other records.
    reserved: BTreeSet<String>,
}

impl<R> Shards<R> {
    pub(super) fn new() -> Self {
        Self { variables: BTreeMap::new(), reserved: BTreeSet::new() }
    }

    /// Adds a variable's record.
    pub(super) fn insert(&mut self, variable: String, id: Uuid, record: R) {
        self.variables.insert(variable, (id, record));
    }

    /// Prevents new variables from using a name.
    pub(super) fn reserve(&mut self, variable: String) {
        self.reserved.insert(variable);
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &R> {
        self.variables.values().map(|(_, record)| record)
    }
}

impl<R: Record> Shards<R> {
    pub(super) fn items(&self) -> impl Iterator<Item = &R::Item> {
        self.records().flat_map(R::items)
    }

    /// Starts a revision of the records. `revise` returns a stored record's new value.
    pub(super) fn revised(&self, revise: impl Fn(&R) -> R) -> Revision<'_, R> {
        let revised = self.variables.iter().map(|(name, (_, record))| (name.clone(), revise(record)));
        Revision { stored: self, revised: revised.collect() }
    }
}

/// The intended values of records.
pub(super) struct Revision<'a, R> {
    stored: &'a Shards<R>,
    revised: BTreeMap<String, R>,
}

impl<R: Record> Revision<'_, R> {
    /// Adds a record's unstored items. Distributes the items over new variables, which replace existing variables that
    /// accept the items and have room for them. `name` returns the name of the variable with a given number.
    pub(super) fn add(&mut self, record: &R, name: impl Fn(usize) -> String) {
        let stored: BTreeSet<&R::Item> = self.revised.values().flat_map(R::items).collect();
        let missing = record.items().iter().filter(|item| !stored.contains(item));
        let mut missing: BTreeSet<R::Item> = missing.cloned().collect();
        let accepting = self.revised.iter().filter(|(_, existing)| existing.accepts(record));
        let mut accepting = accepting.map(|(name, _)| name.clone()).collect::<Vec<_>>().into_iter();
        while !missing.is_empty() {
            let replaced = accepting.next();
            let existing = replaced.as_ref().and_then(|name| self.revised.get(name));
            let mut new = existing.cloned().unwrap_or_else(|| record.with_items(BTreeSet::new()));
            if fill(&mut new, &mut missing) {
                let name = self.unused(&name);
                self.revised.insert(name, new);
                if let Some(name) = replaced {
                    self.revised.remove(&name);
                }
            }
        }
    }

    /// Returns the first unused variable name.
    fn unused(&self, name: impl Fn(usize) -> String) -> String {
        let Shards { variables, reserved } = self.stored;
        let mut number = 0;
        loop {
            let name = name(number);
            let is_stored = variables.contains_key(&name) || reserved.contains(&name);
            if !is_stored && !self.revised.contains_key(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// Returns the edits that store the records. Deletes records without items.
    ///
    /// New variables are created first, so an item that moves to another variable is always recorded.
    pub(super) fn edits(self) -> Vec<Edit> {
        let is_new = |(name, _): &(&String, &R)| !self.stored.variables.contains_key(*name);
        let new = self.revised.iter().filter(is_new);
        let mut edits: Vec<Edit> =
            new.map(|(name, record)| Edit::Create { name: name.clone(), value: json!(record) }).collect();
        for (name, (id, stored)) in &self.stored.variables {
            match self.revised.get(name).filter(|record| !record.items().is_empty()) {
                Some(record) if record == stored => {}
                Some(record) => edits.push(Edit::Replace { id: *id, value: json!(record) }),
                None => edits.push(Edit::Delete { id: *id }),
            }
        }
        edits
    }
}

/// Moves items from `missing` to a record until the record is full. An empty record accepts an item of any size.
/// Returns whether any items were moved.
fn fill<R: Record>(record: &mut R, missing: &mut BTreeSet<R::Item>) -> bool {
    let size = |value: Json| value.to_string().len();
    let mut items = record.items().clone();
    let mut total = size(json!(&*record));
    while let Some(item) = missing.first() {
        total += size(json!(item)) + ",".len();
        if total > MAX_SIZE && !items.is_empty() {
            break;
        }
        items.extend(missing.pop_first());
    }
    let has_moved = items.len() > record.items().len();
    *record = record.with_items(items);
    has_moved
}

/// A change to a variable.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    Create {
        name: String,
        value: Json,
    },
    /// Replaces the value. The new value has no additional items.
    Replace {
        id: Uuid,
        value: Json,
    },
    Delete {
        id: Uuid,
    },
}

impl Edit {
    /// Applies the edit. Returns `false` if another command has created or deleted the variable in the meantime.
    async fn apply(&self, client: &Client) -> Result<bool, ApiError> {
        match self {
            Self::Create { name, value } => client.add_variable(name, value).await,
            Self::Replace { id, value } => client.set_variable_by_id(*id, value).await,
            Self::Delete { id } => client.delete_variable_by_id(*id).await,
        }
    }
}

/// Reads the variables that contain records.
pub(super) async fn read(client: &Client) -> Result<Vec<Variable>, ApiError> {
    client.variables_like(ProjectId::VARIABLE_PREFIX).await
}

/// Reads the variables and applies edits until no edits remain. `edits` returns the edits required for the given
/// variables.
///
/// # Errors
///
/// Fails if a request or `edits` fails, or if the last of [`ATTEMPTS`] attempts still requires edits.
pub(super) async fn update<E>(
    client: &Client,
    edits: impl Fn(Vec<Variable>) -> Result<Vec<Edit>, E>,
) -> Result<(), E>
where
    E: From<ApiError> + From<Contended>,
{
    for _ in 0..ATTEMPTS {
        let edits = edits(read(client).await?)?;
        if edits.is_empty() {
            return Ok(());
        }
        for edit in edits {
            if !edit.apply(client).await? {
                break;
            }
        }
    }
    Err(Contended.into())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{api::testing::VariableServer, records::RecordError};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Names {
        group: String,
        names: BTreeSet<String>,
    }

    impl Record for Names {
        type Item = String;

        fn items(&self) -> &BTreeSet<String> {
            &self.names
        }

        fn with_items(&self, names: BTreeSet<String>) -> Self {
            Self { group: self.group.clone(), names }
        }

        fn accepts(&self, other: &Self) -> bool {
            self.group == other.group
        }
    }

    fn names<const N: usize>(group: &str, names: [&str; N]) -> Names {
        Names { group: group.to_owned(), names: names.map(str::to_owned).into() }
    }

    fn shards<const N: usize>(records: [Names; N]) -> Shards<Names> {
        let mut shards = Shards::new();
        for (number, record) in records.into_iter().enumerate() {
            shards.insert(name(number), id(number), record);
        }
        shards
    }

    fn name(number: usize) -> String {
        format!("v{number}")
    }

    fn id(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    #[test]
    fn edits_record_items_before_they_remove_items() {
        let create = |number, record: Names| Edit::Create { name: name(number), value: json!(record) };
        let replace = |number, record: Names| Edit::Replace { id: id(number), value: json!(record) };
        let delete = |number| Edit::Delete { id: id(number) };
        let stored = shards([names("a", ["x", "y"]), names("b", ["z"])]);
        for (case, removed, added, expected) in [
            ("nothing", vec![], names("b", ["z"]), vec![]),
            ("room", vec![], names("b", ["w", "z"]), vec![create(2, names("b", ["w", "z"])), delete(1)]),
            ("no room", vec![], names("c", ["w"]), vec![create(2, names("c", ["w"]))]),
            ("removed", vec!["x"], names("a", ["y"]), vec![replace(0, names("a", ["y"]))]),
            ("all removed", vec!["z"], names("a", []), vec![delete(1)]),
            ("exchanged", vec!["z"], names("b", ["w"]), vec![create(2, names("b", ["w"])), delete(1)]),
            (
                "moved",
                vec!["x"],
                names("b", ["x"]),
                vec![create(2, names("b", ["x", "z"])), replace(0, names("a", ["y"])), delete(1)],
            ),
        ] {
            let kept = |name: &&String| !removed.contains(&name.as_str());
            let revise =
                |record: &Names| record.with_items(record.names.iter().filter(kept).cloned().collect());
            let mut revision = stored.revised(revise);
            revision.add(&added, name);
            assert_eq!(revision.edits(), expected, "{case}");
        }
    }

    #[test]
    fn records_fit_the_size_limit_of_the_server() {
        let long = |number: usize| format!("{number:03}{}", "ä".repeat(100));
        let all = Names { group: "a".to_owned(), names: (0..100).map(long).collect() };
        let none = Shards::new();
        let mut revision = none.revised(Names::clone);
        revision.add(&all, name);
        let edits = revision.edits();
        assert!(edits.len() > 4, "{}", edits.len());
        let mut stored = Shards::<Names>::new();
        for edit in edits {
            let Edit::Create { name, value } = edit else { panic!("{edit:?}") };
            assert!(value.to_string().len() < 5000);
            stored.insert(name, Uuid::nil(), serde_json::from_value(value).unwrap());
        }
        assert_eq!(stored.items().cloned().collect::<BTreeSet<_>>(), all.names);
        // An item that exceeds the maximum size is stored in a separate record.
        let huge = Names { group: "a".to_owned(), names: ["x".repeat(6000), "y".to_owned()].into() };
        let mut revision = none.revised(Names::clone);
        revision.add(&huge, name);
        assert_eq!(revision.edits().len(), 2);
    }

    #[tokio::test]
    async fn variables_of_other_commands_are_not_replaced() {
        let variables = VariableServer::default();
        let (_server, client) = variables.start().await;
        let (name, value, id) = ("prefectl-project-a".to_owned(), json!(2), Uuid::nil());
        client.set_variable(&name, &json!(1)).await.unwrap();
        for edit in [
            Edit::Create { name: name.clone(), value: value.clone() },
            Edit::Replace { id, value },
            Edit::Delete { id },
        ] {
            assert!(!edit.apply(&client).await.unwrap(), "{edit:?}");
        }
        assert_eq!(variables.values(), [(name, json!(1))].into());
    }

    #[tokio::test]
    async fn an_update_that_other_commands_prevent_is_an_error() {
        let variables = VariableServer::default();
        let (_server, client) = variables.start().await;
        let value = json!(1);
        let edit = || Edit::Create { name: "prefectl-project-a".to_owned(), value: value.clone() };
        let result: Result<(), RecordError> = update(&client, |_| Ok(vec![edit()])).await;
        assert!(matches!(result, Err(RecordError::Contended(_))), "{result:?}");
        let attempts = std::cell::Cell::new(0);
        let edits = |variables: Vec<Variable>| {
            attempts.set(attempts.get() + 1);
            let stored = variables.iter().map(|variable| Edit::Delete { id: variable.id });
            Ok::<_, RecordError>(stored.collect())
        };
        update(&client, edits).await.unwrap();
        assert_eq!((attempts.get(), variables.values().len()), (2, 0));
    }
}
