//! A declared deployment with the command line's options applied.

use std::sync::Arc;

use crate::{
    project::Declared,
    value::{Mapping, Value},
};

/// The fields of a deployment that list steps, which are filled in when they run.
pub(crate) const STEP_SECTIONS: [&str; 3] = ["build", "push", "pull"];

/// The fields of a deployment before templating, with every key that later stages look at.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentSpec {
    pub(crate) declared: Declared,
    pub(crate) fields: Arc<Mapping>,
    /// Job variables of the command line; templates see them over the step outputs.
    pub(crate) variables: Mapping,
}

impl DeploymentSpec {
    /// Puts items of the command line in place of the file's.
    pub(crate) fn replace_items(&mut self, key: &str, items: Vec<Value>) {
        Arc::make_mut(&mut self.fields).insert(key.into(), Value::Sequence(items));
    }

    /// Whether the work pool is that of the file.
    pub(crate) fn has_own_work_pool(&self) -> bool {
        let name = |fields: &Mapping| fields.get("work_pool").and_then(|pool| pool.get("name")).cloned();
        name(&self.fields) == name(&self.declared.fields)
    }

    /// Fills in the work pool of a deployment that names none.
    pub(crate) fn default_work_pool(&mut self, name: Option<&str>) {
        let pool = section(Arc::make_mut(&mut self.fields), "work_pool");
        if let Some(name) = name
            && pool.get("name").is_none_or(Value::is_null)
        {
            pool.insert("name".into(), name.into());
        }
    }
}

/// The mapping under a key, made if there is none.
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
