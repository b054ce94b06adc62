//! Schemas of block types, which are read from the server or bundled with this program.
//!
//! A schema lists the fields of a block type, the fields that are required, and the fields that are secret.

mod field_path;
mod problem;
mod reference;
mod types;

pub(crate) use self::{
    field_path::FieldPath,
    problem::Problem,
    reference::{BlockReference, has_block_placeholder},
    types::BlockTypes,
};

use serde_json::{Map, Value as Json};

use crate::{
    api::JsonObject,
    diagnostics::did_you_mean,
    json_schema::{self, Nullable},
    template::placeholder,
};

/// Path segment that matches all fields of an object.
const ANY: &str = "*";

/// The schema of a block type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockSchema {
    /// The JSON schema, with the additional keys `secret_fields` and `block_schema_references`.
    fields: Json,
}

impl BlockSchema {
    pub(crate) fn new(fields: Json) -> Self {
        Self { fields }
    }

    fn properties(&self) -> impl Iterator<Item = (&str, &Json)> + Clone {
        let properties = self.fields.get("properties").and_then(Json::as_object);
        properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
    }

    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.properties().any(|(known, _)| known == name)
    }

    /// Returns the paths of the secret fields. The segment `*` matches all fields of an object.
    fn secret_fields(&self) -> impl Iterator<Item = Vec<&str>> {
        let paths = self.fields.get("secret_fields").and_then(Json::as_array);
        paths.into_iter().flatten().filter_map(Json::as_str).map(|path| path.split('.').collect())
    }

    /// Returns whether a field is secret, contains a secret field or belongs to a secret field.
    pub(crate) fn is_secret(&self, field: &FieldPath) -> bool {
        self.secret_fields().any(|secret| {
            let mut segments = secret.iter().zip(field.segments());
            segments.all(|(secret, segment)| *secret == ANY || *secret == segment)
        })
    }

    /// Returns the paths of the secret fields that have a value in `data`.
    pub(crate) fn secrets_in(&self, data: &JsonObject) -> Vec<FieldPath> {
        let mut found: Vec<FieldPath> = Vec::new();
        for secret in self.secret_fields() {
            for (name, value) in data.iter().filter(|(name, _)| secret.first() == Some(&name.as_str())) {
                if let Some(path) = secret_path(FieldPath::from(name.as_str()), value, &secret[1..])
                    && !found.contains(&path)
                {
                    found.push(path);
                }
            }
        }
        found
    }

    /// Returns the slugs of the block types that a field can refer to. Returns an empty list if the field is
    /// not a block reference.
    pub(crate) fn referenced_types(&self, field: &str) -> Vec<&str> {
        let found = self.fields.get("block_schema_references").and_then(|found| found.get(field));
        let items = match found {
            Some(Json::Array(items)) => items.as_slice(),
            Some(item) => std::slice::from_ref(item),
            None => &[],
        };
        items.iter().filter_map(|item| item.get("block_type_slug")?.as_str()).collect()
    }

    /// Returns a secret field's value. Parses `text` as JSON if the field does not accept strings. Returns `None` if
    /// neither the string nor the JSON value matches the schema.
    pub(crate) fn parse(&self, field: &FieldPath, text: &str) -> Option<Json> {
        let matches = |value: &Json| {
            let data = field.wrap(value.clone());
            json_schema::violations(&data.into(), &self.fields, Nullable::All).is_empty()
        };
        let string = Json::from(text);
        if matches(&string) {
            return Some(string);
        }
        serde_json::from_str(text).ok().filter(matches)
    }

    /// Returns the problems in a block's declared data.
    ///
    /// `values` contains the fields in the project file, and `sources` the fields whose values come from other sources.
    /// Strings with templates match every type, because the templates may not be rendered yet.
    pub(crate) fn problems(&self, values: &JsonObject, sources: &[FieldPath]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let unknown =
            |name: &str| (!self.has_field(name)).then(|| self.similar_field(name).map(str::to_owned));
        for name in values.keys() {
            problems.extend(unknown(name).map(|similar| Problem::UnknownValue {
                field: name.clone(),
                similar,
                known: self.names(),
            }));
        }
        for path in sources {
            if let Some(similar) = unknown(path.first()) {
                let (field, known) = (path.clone(), self.names());
                problems.push(Problem::UnknownSource { field, similar, known });
            } else if !self.is_secret(path) {
                problems.push(Problem::PublicSource { field: path.clone() });
            }
        }
        let secrets = self.secrets_in(values);
        problems.extend(self.invalid_values(values, &secrets));
        problems.extend(secrets.into_iter().map(|field| Problem::SecretInFile { field }));
        let required = self.fields.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str) {
            let is_given = values.contains_key(name) || sources.iter().any(|path| path.first() == name);
            let is_misspelled = problems.iter().any(|problem| problem.suggests(name));
            if !is_given && !is_misspelled {
                problems.push(Problem::MissingField { field: name.to_owned() });
            }
        }
        problems
    }

    fn names(&self) -> Vec<String> {
        self.properties().map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns the name of the field that is similar to an unknown name, or `None` if there is no similar field.
    pub(crate) fn similar_field(&self, name: &str) -> Option<&str> {
        did_you_mean(name, self.properties().map(|(name, _)| name))
    }

    /// Returns the values that do not match the schema. Does not check secret fields and references to blocks.
    fn invalid_values(&self, values: &JsonObject, secrets: &[FieldPath]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut checked = Map::new();
        for (name, value) in values {
            let types = self.referenced_types(name);
            if has_block_placeholder(value) {
                problems.extend(reference_problem(name, value, &types));
                continue;
            }
            match value {
                Json::Object(_) | Json::Array(_) | Json::Null => {}
                Json::String(text) if is_template(text) => continue,
                _ if types.is_empty() => {}
                _ => {
                    let types = types.into_iter().map(str::to_owned).collect();
                    problems.push(Problem::NoReference { field: name.clone(), types });
                    continue;
                }
            }
            if self.has_field(name) {
                checked.insert(name.clone(), value.clone());
            }
        }
        let checked = Json::Object(checked);
        for violation in json_schema::violations(&checked, &self.fields, Nullable::All) {
            let (reason, wants_text) = (violation.message, violation.wants_text);
            let Some(field) = FieldPath::from_segments(violation.path) else {
                if secrets.is_empty() && !has_template(&checked) {
                    problems.push(Problem::InvalidData { reason });
                }
                continue;
            };
            let is_secret = secrets.iter().any(|secret| secret.overlaps(&field));
            if !is_secret && !has_template(field.value_in(&checked)) {
                problems.push(Problem::InvalidValue { field, reason, wants_text });
            }
        }
        problems
    }
}

/// Extends `path` with the segments in `rest`, which lead to a secret inside `value`. Returns `None` if `value` does
/// not contain the secret.
fn secret_path(path: FieldPath, value: &Json, rest: &[&str]) -> Option<FieldPath> {
    match (rest, value) {
        (_, Json::Null) => None,
        ([ANY, ..], Json::Object(entries)) if entries.is_empty() => None,
        // Servers mask the whole value that a wildcard matches.
        ([] | [ANY, ..], _) => Some(path),
        ([name, rest @ ..], Json::Object(entries)) => secret_path(path.join(name), entries.get(*name)?, rest),
        _ => None,
    }
}

/// Returns the problem with a value that contains a block placeholder, or `None` if the value is valid. `types` are the
/// slugs of the block types that the field can refer to.
fn reference_problem(field: &str, value: &Json, types: &[&str]) -> Option<Problem> {
    let types: Vec<String> = types.iter().map(|slug| (*slug).to_owned()).collect();
    let field = field.to_owned();
    match BlockReference::parse(value) {
        Some(reference) if types.iter().any(|slug| slug == reference.kind()) => None,
        Some(reference) if !types.is_empty() => {
            Some(Problem::OtherType { field, slug: reference.kind().to_owned(), types })
        }
        _ => Some(Problem::BlockValue { field, types }),
    }
}

fn is_template(text: &str) -> bool {
    placeholder::find(text).next().is_some() || crate::template::is_template(text)
}

/// Returns whether a value contains a template.
fn has_template(value: &Json) -> bool {
    match value {
        Json::String(text) => is_template(text),
        Json::Array(items) => items.iter().any(has_template),
        Json::Object(entries) => entries.values().any(has_template),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
