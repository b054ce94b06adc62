//! Manages definitions: schemas of classes that other schemas refer to.
//!
//! The keys of the definitions are assigned at the end because different classes may have the same name.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::entity::{Assigned, Class},
};

/// Prefix of references to definitions without a key. The prefix cannot occur in source code.
const PLACEHOLDER: &str = "\0definition:";

/// The class or type that a definition belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'p> {
    Class(Class<'p>),
    /// A type that is created by a call and assigned to a name, such as `Row = TypedDict(...)`.
    Value(Assigned<'p>),
    /// A class from outside the project, identified by its full dotted name.
    External(&'static str),
}

impl PartialEq for Owner<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Class(left), Self::Class(right)) => left == right,
            (Self::Value(left), Self::Value(right)) => std::ptr::eq(left.expr, right.expr),
            (Self::External(left), Self::External(right)) => left == right,
            _ => false,
        }
    }
}

impl Owner<'_> {
    /// Returns the name with its module and enclosing classes, or `None` if the module's name is unknown.
    fn full_name(&self, name: &str) -> Option<String> {
        let (scope, name) = match self {
            Self::External(full_name) => return Some((*full_name).to_owned()),
            // A generic model's full name must include the full names of its arguments.
            Self::Class(_) if name.contains('[') => return None,
            Self::Class(class) => (class.scope, class.def.qualified_name.as_str()),
            Self::Value(value) => (value.scope, name),
        };
        Some(format!("{}.{name}", scope.module.name.as_deref()?))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Definitions<'p> {
    entries: Vec<Entry<'p>>,
}

#[derive(Debug)]
struct Entry<'p> {
    owner: Owner<'p>,
    name: String,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The schema is being built. References to it come from the class itself, directly or indirectly.
    Open,
    Done(Json),
    Failed(EvalError),
}

impl<'p> Definitions<'p> {
    /// Returns a reference to the definition, or `None` if the definition does not exist. The schema may still be
    /// incomplete.
    ///
    /// # Errors
    ///
    /// Returns the error that occurred while building the definition's schema.
    pub(super) fn reference(&self, owner: Owner<'p>, name: &str) -> EvalResult<Option<Json>> {
        let is_it = |entry: &Entry<'p>| entry.owner == owner && entry.name == name;
        let Some(index) = self.entries.iter().position(is_it) else { return Ok(None) };
        match &self.entries[index].state {
            State::Failed(error) => Err(error.clone()),
            State::Open | State::Done(_) => Ok(Some(reference(index))),
        }
    }

    pub(super) fn begin(&mut self, owner: Owner<'p>, name: &str) -> usize {
        self.entries.push(Entry { owner, name: name.to_owned(), state: State::Open });
        self.entries.len() - 1
    }

    pub(super) fn finish(&mut self, index: usize, built: EvalResult<Json>) -> EvalResult<Json> {
        match built {
            Ok(schema) => {
                self.entries[index].state = State::Done(schema);
                Ok(reference(index))
            }
            Err(error) => {
                self.entries[index].state = State::Failed(error.clone());
                Err(error)
            }
        }
    }

    /// Returns the definition that a reference points to, or `None` if the definition is not complete.
    pub(super) fn resolve(&self, schema: &Json) -> Option<&Json> {
        let index = index(schema.get("$ref")?.as_str()?)?;
        match &self.entries.get(index)?.state {
            State::Done(schema) => Some(schema),
            State::Open | State::Failed(_) => None,
        }
    }

    /// Assigns the final keys of all definitions and replaces the references in `properties`.
    ///
    /// Returns the definitions that `properties` refers to, sorted by key.
    ///
    /// # Errors
    ///
    /// Fails if a definition is incomplete, or if two definitions would have the same key. In both cases, `properties`
    /// remains unchanged.
    pub(crate) fn settle(self, properties: &mut Json) -> EvalResult<Map<String, Json>> {
        let used = self.used(properties)?;
        let keys = self.keys(&used)?;
        let mut definitions: Vec<(String, Json)> = Vec::new();
        for (index, schema) in used {
            let mut schema = schema.clone();
            rename(&mut schema, &keys);
            definitions.push((keys[index].clone(), schema));
        }
        definitions.sort_by(|(left, _), (right, _)| left.cmp(right));
        // Definitions that have the same key and the same schema are shared.
        definitions.dedup();
        if definitions.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(EvalError::unknown("two classes have the same name and the same module"));
        }
        rename(properties, &keys);
        Ok(definitions.into_iter().collect())
    }

    /// Returns the complete definitions that `properties` refers to, directly or indirectly.
    fn used(&self, properties: &Json) -> EvalResult<Vec<(usize, &Json)>> {
        let mut used: Vec<(usize, &Json)> = Vec::new();
        let mut waiting = references(properties);
        while let Some(index) = waiting.pop() {
            if used.iter().any(|(seen, _)| *seen == index) {
                continue;
            }
            match self.entries.get(index).map(|entry| &entry.state) {
                Some(State::Done(schema)) => {
                    used.push((index, schema));
                    waiting.extend(references(schema));
                }
                Some(State::Failed(error)) => return Err(error.clone()),
                Some(State::Open) | None => {
                    return Err(EvalError::unknown(
                        "the definition of a class is incomplete because the class refers to itself",
                    ));
                }
            }
        }
        Ok(used)
    }

    /// Returns the keys of all entries, in order.
    ///
    /// A key is a class name. If different classes have the same name, their keys also include the module.
    /// The keys are recomputed until none changes, because two schemas may differ only in the keys of the
    /// definitions they refer to.
    fn keys(&self, used: &[(usize, &Json)]) -> EvalResult<Vec<String>> {
        let mut keys: Vec<String> = self.entries.iter().map(|entry| safe(&entry.name)).collect();
        let mut seen = HashSet::new();
        if used.iter().all(|(index, _)| seen.insert(&keys[*index])) {
            return Ok(keys);
        }
        loop {
            let named = |(index, schema): &(usize, &Json)| {
                let mut schema = (*schema).clone();
                rename(&mut schema, &keys);
                (*index, schema)
            };
            let schemas: Vec<(usize, Json)> = used.iter().map(named).collect();
            let differs = |(index, schema): &&(usize, Json)| {
                schemas.iter().any(|(other, theirs)| keys[*other] == keys[*index] && theirs != schema)
            };
            let different: Vec<usize> = schemas.iter().filter(differs).map(|(index, _)| *index).collect();
            let before = keys.clone();
            for index in different {
                keys[index] = self.long_key(index)?;
            }
            if keys == before {
                return Ok(keys);
            }
        }
    }

    fn long_key(&self, index: usize) -> EvalResult<String> {
        let entry = &self.entries[index];
        let full_name = entry.owner.full_name(&entry.name).ok_or_else(|| {
            let name = &entry.name;
            EvalError::unknown(format!(
                "two classes have the name '{name}', and the module of one of them is unknown"
            ))
        })?;
        Ok(safe(&full_name))
    }
}

fn reference(index: usize) -> Json {
    json!({"$ref": format!("{PLACEHOLDER}{index}")})
}

fn index(text: &str) -> Option<usize> {
    text.strip_prefix(PLACEHOLDER)?.parse().ok()
}

/// Replaces all characters that are invalid in the key of a definition.
fn safe(name: &str) -> String {
    let replaced = name.replace(|c: char| !(c.is_ascii_alphanumeric() || ".-_".contains(c)), "_");
    replaced.replace('.', "__")
}

fn references(json: &Json) -> Vec<usize> {
    match json {
        Json::String(text) => index(text).into_iter().collect(),
        Json::Array(items) => items.iter().flat_map(references).collect(),
        Json::Object(object) => object.values().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn rename(json: &mut Json, keys: &[String]) {
    match json {
        Json::String(text) => {
            if let Some(key) = index(text).and_then(|index| keys.get(index)) {
                *text = format!("#/definitions/{key}");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, keys)),
        Json::Object(object) => object.values_mut().for_each(|value| rename(value, keys)),
        _ => {}
    }
}
