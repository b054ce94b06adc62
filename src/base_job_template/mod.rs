//! Base job templates of work pools: the variables of a job, and the job configuration that uses them.
//!
//! Editing a template requires no server. [`BaseJobTemplate::bundled`] returns a work pool type's default template.
//! Only [`pool_types()`] sends requests.

mod differences;
mod error;
mod places;
mod pool_types;
mod variables;

use serde_json::{Map, Value, json};

pub(crate) use self::differences::{Difference, differences};
pub(crate) use self::error::{EditError, UnknownPoolType};
pub(crate) use self::pool_types::{PoolType, bundled_types, listed_types, pool_types};
pub(crate) use self::variables::{NewVariable, Variable, VariableType};
use crate::{
    api::JsonObject,
    diagnostics::did_you_mean,
    json_schema::{self, Nullable},
};

/// A base job template, and the platform whose jobs it describes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BaseJobTemplate {
    document: JsonObject,
    platform: Platform,
}

/// The platform of a work pool type, which determines the common locations of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Kubernetes,
    Other,
}

impl BaseJobTemplate {
    /// Wraps a base job template for work pools of type `pool_type`.
    pub(crate) fn new(pool_type: &str, document: JsonObject) -> Self {
        let platform =
            if pool_type.starts_with("kubernetes") { Platform::Kubernetes } else { Platform::Other };
        Self { document, platform }
    }

    /// Returns the bundled default template of a work pool type.
    ///
    /// # Errors
    ///
    /// Fails if no template is bundled for the type.
    pub(crate) fn bundled(pool_type: &str) -> Result<Self, UnknownPoolType> {
        let mut types = bundled_types();
        match types.iter().position(|known| known.name == pool_type) {
            Some(index) => Ok(Self::new(pool_type, types.swap_remove(index).base_job_template)),
            None => Err(UnknownPoolType::new(pool_type, types.into_iter().map(|known| known.name))),
        }
    }

    pub(crate) fn into_document(self) -> JsonObject {
        self.document
    }

    /// Returns the JSON schema of the variables, or `None` if the template has no valid schema.
    pub(crate) fn schema(&self) -> Option<&Value> {
        self.document.get("variables").filter(|schema| schema.is_object())
    }

    /// Returns the variables in template order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        let properties = self.schema().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, schema)| Variable { name, schema })
    }

    /// Returns the variable with the given name.
    ///
    /// # Errors
    ///
    /// Fails if the template does not have the variable.
    pub(crate) fn variable(&self, name: &str) -> Result<Variable<'_>, EditError> {
        self.variables().find(|variable| variable.name == name).ok_or_else(|| self.unknown_variable(name))
    }

    fn unknown_variable(&self, name: &str) -> EditError {
        let known: Vec<String> = self.variables().map(|variable| variable.name.to_owned()).collect();
        let suggestion = did_you_mean(name, known.iter().map(String::as_str)).map(str::to_owned);
        EditError::UnknownVariable { name: name.to_owned(), suggestion, known }
    }

    /// Sets a variable's default. Leaves the template unchanged on failure.
    ///
    /// # Errors
    ///
    /// Fails if the template does not have the variable, or if the value does not match the variable's
    /// schema.
    pub(crate) fn set_default(&mut self, name: &str, value: Value) -> Result<(), EditError> {
        self.variable(name)?;
        let schema = self.schema().unwrap_or(&Value::Null);
        if let Some(violation) =
            json_schema::violations(&json!({name: value}), schema, Nullable::All).into_iter().next()
        {
            return Err(EditError::InvalidDefault {
                name: name.to_owned(),
                value,
                reason: violation.message,
            });
        }
        if let Some(variable) = self.properties()?.get_mut(name).and_then(Value::as_object_mut) {
            variable.insert("default".to_owned(), value);
        }
        Ok(())
    }

    /// Sets an entry in the default of an object variable, such as an environment variable in `env`. Leaves the
    /// template unchanged on failure.
    ///
    /// # Errors
    ///
    /// Fails for the same reasons as [`Self::set_default`].
    pub(crate) fn set_default_entry(
        &mut self,
        name: &str,
        entry: &str,
        value: Value,
    ) -> Result<(), EditError> {
        let default = self.variable(name)?.default();
        let mut entries = default.and_then(Value::as_object).cloned().unwrap_or_default();
        entries.insert(entry.to_owned(), value);
        self.set_default(name, entries.into())
    }

    /// Adds a variable and uses it in the job configuration. If the template already has the variable with the same
    /// type, sets its default. Leaves the template unchanged on failure.
    ///
    /// If the new variable has no location, inserts the variable at the common location for its name, unless the job
    /// already uses the variable.
    ///
    /// # Errors
    ///
    /// Fails if the template has a variable of a different type with this name, if the default does not match
    /// the type, or if the location does not exist.
    pub(crate) fn add_variable(&mut self, variable: &NewVariable) -> Result<(), EditError> {
        let mut changed = self.clone();
        changed.insert_variable(variable)?;
        *self = changed;
        Ok(())
    }

    /// Adds a variable like [`Self::add_variable`]. May leave the template partially changed on failure.
    fn insert_variable(&mut self, variable: &NewVariable) -> Result<(), EditError> {
        let NewVariable { name, kind, default, place } = variable;
        let declaration = json!({"title": variables::title(name), "type": kind});
        let existing = self.properties()?.entry(name.as_str()).or_insert(declaration);
        let existing = existing.get("type").and_then(Value::as_str).unwrap_or("another type");
        if existing != kind.as_str() {
            return Err(EditError::OtherType { name: name.clone(), existing: existing.to_owned() });
        }
        if let Some(default) = default {
            self.set_default(name, default.clone())?;
        }
        let platform = self.platform;
        let configuration = self.document.get_mut("job_configuration");
        let configuration = configuration.ok_or(EditError::Incomplete("job_configuration"))?;
        let place = match place.as_deref() {
            Some(place) => place,
            None if places::is_used(configuration, name) => return Ok(()),
            None => platform.common_place(name).ok_or_else(|| EditError::NoPlace(name.clone()))?,
        };
        places::insert(configuration, platform, place, &placeholder(name)).map_err(|reason| {
            EditError::Place { variable: name.clone(), place: place.to_owned(), reason: Box::new(reason) }
        })
    }

    /// Returns a variable's location in the job configuration, in the format of [`NewVariable::place`]. Returns
    /// `None` if the job does not use the variable, or uses it at multiple locations.
    pub(crate) fn place_of(&self, name: &str) -> Option<String> {
        let places = places::of_placeholder(self.document.get("job_configuration")?, &placeholder(name));
        match &places[..] {
            [place] => Some(place.clone()),
            _ => None,
        }
    }

    fn properties(&mut self) -> Result<&mut Map<String, Value>, EditError> {
        let properties =
            self.document.get_mut("variables").and_then(|variables| variables.get_mut("properties"));
        properties.and_then(Value::as_object_mut).ok_or(EditError::Incomplete("variables.properties"))
    }
}

fn placeholder(name: &str) -> String {
    format!("{{{{ {name} }}}}")
}

#[cfg(test)]
mod tests;
