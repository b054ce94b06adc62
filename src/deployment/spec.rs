//! A declared deployment to which command-line options have been applied.

use std::sync::Arc;

use crate::{
    project::Declared,
    value::{Mapping, Value},
};

/// Fields of a deployment that list steps. The templates in these fields are resolved when the steps run.
pub(crate) const STEP_SECTIONS: [&str; 3] = ["build", "push", "pull"];

/// A declared deployment with options and default keys applied. Its templates have not been resolved.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentSpec {
    pub(crate) declared: Declared,
    pub(crate) fields: Arc<Mapping>,
    /// Job variables from the command line. In templates, they take precedence over step outputs.
    pub(crate) variables: Mapping,
}

impl DeploymentSpec {
    /// Replaces a list in the file with items from the command line.
    pub(crate) fn replace_items(&mut self, key: &str, items: Vec<Value>) {
        Arc::make_mut(&mut self.fields).insert(key.into(), Value::Sequence(items));
    }

    /// Returns whether the work pool is specified in the file.
    pub(crate) fn has_own_work_pool(&self) -> bool {
        let name = |fields: &Mapping| fields.get("work_pool").and_then(|pool| pool.get("name")).cloned();
        name(&self.fields) == name(&self.declared.fields)
    }

    /// Sets the work pool if the deployment does not have one.
    pub(crate) fn default_work_pool(&mut self, name: Option<&str>) {
        let pool = section(Arc::make_mut(&mut self.fields), "work_pool");
        if let Some(name) = name
            && pool.get("name").is_none_or(Value::is_null)
        {
            pool.insert("name".into(), name.into());
        }
    }
}

/// Returns the mapping under a key. Creates the mapping if the key is missing or has a value of another type.
pub(crate) fn section<'a>(fields: &'a mut Mapping, key: &str) -> &'a mut Mapping {
    let value = fields.entry(key.into()).or_insert(Value::Null);
    if !value.is_mapping() {
        *value = Mapping::new().into();
    }
    match value {
        Value::Mapping(mapping) => mapping,
        _ => unreachable!("it was made a mapping in the line above"),
    }
}
