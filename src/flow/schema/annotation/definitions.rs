//! Definitions: schemas of classes that other schemas refer to. Keys are assigned last, because names may collide.

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::scope::{Class, Value as Assigned},
};

/// Prefix of references before keys are assigned. Source code cannot contain it.
const PLACEHOLDER: &str = "\0definition:";

/// The owner of a definition.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'p> {
    Class(Class<'p>),
    /// An assigned name, such as `Row = TypedDict(...)`.
    Value(Assigned<'p>),
    /// An external class, by its full name.
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
    /// Returns the name with the module and the enclosing classes; `None` if the module's name is unknown.
    fn full_name(&self, name: &str) -> Option<String> {
        let (scope, name) = match self {
            Self::External(full_name) => return Some((*full_name).to_owned()),
            // The full name of a generic model contains the full names of its arguments.
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
    /// The schema is being built. A reference to it comes from the class itself.
    Open,
    Done(Json),
    Failed(EvalError),
}

impl<'p> Definitions<'p> {
    /// Returns a reference to an existing definition, finished or not; `None` if there is none.
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

    /// Returns the definition that a reference points to, if it is finished.
    pub(super) fn resolve(&self, schema: &Json) -> Option<&Json> {
        let index = index(schema.get("$ref")?.as_str()?)?;
        match &self.entries.get(index)?.state {
            State::Done(schema) => Some(schema),
            State::Open | State::Failed(_) => None,
        }
    }

    /// Assigns the final keys and returns the definitions that `properties` refers to, sorted by key.
    pub(crate) fn settle(self, properties: &mut Json) -> EvalResult<Map<String, Json>> {
        let used = self.used(properties)?;
        let keys = self.keys(&used)?;
        rename(properties, &keys);
        let mut definitions: Vec<(String, Json)> = Vec::new();
        for (index, schema) in used {
            let mut schema = schema.clone();
            rename(&mut schema, &keys);
            definitions.push((keys[index].clone(), schema));
        }
        definitions.sort_by(|(left, _), (right, _)| left.cmp(right));
        // Equal definitions with the same key are shared.
        definitions.dedup();
        if definitions.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(EvalError::unknown("two classes have the same name and module"));
        }
        Ok(definitions.into_iter().collect())
    }

    /// Returns the finished definitions that `properties` refers to, directly or indirectly.
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
                    return Err(EvalError::unknown("a class refers to itself"));
                }
            }
        }
        Ok(used)
    }

    /// Returns the key of every entry: the class's name, preceded by its module if different classes share the name.
    /// Two classes may differ only by the keys of the definitions they refer to.
    fn keys(&self, used: &[(usize, &Json)]) -> EvalResult<Vec<String>> {
        let mut keys: Vec<String> = self.entries.iter().map(|entry| safe(&entry.name)).collect();
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
                "two classes have the name '{name}', and the module of one is unknown"
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

/// Replaces the characters that a key must not contain.
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
