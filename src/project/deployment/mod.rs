//! Typed access to deployment fields in the project file.

mod concurrency;
mod field;
mod ignored_fields;
mod ignored_path;
mod items;
mod key;
mod step_list;

pub(crate) use self::{
    concurrency::ConcurrencyLimit,
    field::{Field, literals},
    ignored_fields::IgnoredFields,
    ignored_path::{IgnorableField, IgnoredPath},
    items::{ScheduleItem, TriggerItem},
    key::{Key, PoolKey},
    step_list::StepList,
};

use std::sync::Arc;

use crate::{
    steps::Section,
    value::{self, Mapping, Value},
};

/// A deployment's fields, in project file order.
///
/// The fields are a typed view of a tree that also contains unknown keys. The tree order determines the order of
/// template resolution and diagnostics. Clones share the tree until a clone is changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(Arc<Mapping>);

impl From<Mapping> for Fields {
    fn from(tree: Mapping) -> Self {
        Self(tree.into())
    }
}

impl Fields {
    /// Name of the job variable for the container image.
    pub(crate) const IMAGE: &'static str = "image";

    pub(crate) fn name(&self) -> Field<'_, &str> {
        self.text(Key::Name)
    }

    pub(crate) fn entrypoint(&self) -> Field<'_, &str> {
        self.text(Key::Entrypoint)
    }

    /// Returns a string field.
    pub(crate) fn text(&self, key: Key) -> Field<'_, &str> {
        Field::text(self.get(key))
    }

    pub(crate) fn concurrency_limit(&self) -> Field<'_, ConcurrencyLimit> {
        Field::scalar(self.get(Key::ConcurrencyLimit), |value| serde_yaml::from_value(value.clone()).ok())
    }

    /// Returns the concurrency limit's `grace_period_seconds`.
    pub(crate) fn grace_period(&self) -> Field<'_, i64> {
        let limit = self.get(Key::ConcurrencyLimit);
        let seconds = limit.and_then(|limit| limit.get(ConcurrencyLimit::GRACE_PERIOD));
        Field::scalar(seconds, Value::as_i64)
    }

    pub(crate) fn enforce_parameter_schema(&self) -> Field<'_, bool> {
        Field::scalar(self.get(Key::EnforceParameterSchema), Value::as_bool)
    }

    /// Returns the deployment parameters. Their values may contain templates.
    pub(crate) fn parameters(&self) -> Field<'_, &Mapping> {
        Field::mapping(self.get(Key::Parameters))
    }

    /// Returns the work pool's name, or `None` if the deployment specifies no work pool.
    pub(crate) fn work_pool(&self) -> Field<'_, &str> {
        Field::text(self.get_in_pool(PoolKey::Name))
    }

    pub(crate) fn work_queue(&self) -> Field<'_, &str> {
        Field::text(self.get_in_pool(PoolKey::WorkQueueName))
    }

    /// Returns the deployment's job variables. Their values may contain templates.
    pub(crate) fn job_variables(&self) -> Field<'_, &Mapping> {
        Field::mapping(self.get_in_pool(PoolKey::JobVariables))
    }

    /// Returns the job variable `image`, which all container-based worker types support.
    pub(crate) fn image(&self) -> Option<&Value> {
        self.get_in_pool(PoolKey::JobVariables)?.get(Self::IMAGE)
    }

    /// Returns the items of `schedules`.
    pub(crate) fn schedules(&self) -> Field<'_, &[Value]> {
        Field::list(self.get(Key::Schedules))
    }

    /// Returns the items of `triggers`.
    pub(crate) fn triggers(&self) -> Field<'_, &[Value]> {
        Field::list(self.get(Key::Triggers))
    }

    /// Returns the items of `sla`.
    pub(crate) fn slas(&self) -> Field<'_, &[Value]> {
        Field::list(self.get(Key::Sla))
    }

    /// Returns the deployment's own `ignore_changes` list.
    pub(crate) fn ignore_changes(&self) -> IgnoredFields {
        IgnoredFields::read(self.get(Key::IgnoreChanges))
    }

    pub(crate) fn steps(&self, section: Section) -> StepList {
        StepList::read(&self.0, section)
    }

    /// Returns a field's untyped value.
    pub(crate) fn get(&self, key: Key) -> Option<&Value> {
        self.0.get(key.name())
    }

    /// Returns a work pool field's untyped value.
    pub(crate) fn get_in_pool(&self, key: PoolKey) -> Option<&Value> {
        self.get(Key::WorkPool)?.get(key.name())
    }

    /// Sets a field's value. Appends a new key after the existing keys.
    pub(crate) fn set(&mut self, key: Key, value: impl Into<Value>) {
        self.tree_mut().insert(key.name().into(), value.into());
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Value> {
        self.tree_mut().shift_remove(key.name())
    }

    /// Returns the mapping under a key. Replaces a value of a different type with an empty mapping.
    pub(crate) fn mapping_mut(&mut self, key: Key) -> &mut Mapping {
        value::mapping_at(self.tree_mut(), key.name())
    }

    /// Sets a work pool field's value.
    pub(crate) fn set_in_pool(&mut self, key: PoolKey, value: impl Into<Value>) {
        self.mapping_mut(Key::WorkPool).insert(key.name().into(), value.into());
    }

    /// Returns the job variables. Creates an empty mapping if the key is missing.
    pub(crate) fn job_variables_mut(&mut self) -> &mut Mapping {
        value::mapping_at(self.mapping_mut(Key::WorkPool), PoolKey::JobVariables.name())
    }

    /// Returns the tree of untyped values for template resolution.
    pub(crate) fn tree(&self) -> &Mapping {
        &self.0
    }

    pub(crate) fn into_tree(self) -> Mapping {
        Arc::unwrap_or_clone(self.0)
    }

    /// Returns a copy of the untyped tree as a template.
    pub(crate) fn to_template(&self) -> Value {
        Value::Mapping(Mapping::clone(&self.0))
    }

    /// Separates the step lists from the deployment's other fields.
    pub(crate) fn without_steps(&self) -> (Mapping, Mapping) {
        self.into_iter().map(|(key, value)| (key.clone(), value.clone())).partition(|(key, _)| !is_steps(key))
    }

    /// Returns the values of all fields that do not contain steps.
    pub(crate) fn values_without_steps(&self) -> impl Iterator<Item = &Value> {
        self.into_iter().filter(|(key, _)| !is_steps(key)).map(|(_, value)| value)
    }

    fn tree_mut(&mut self) -> &mut Mapping {
        Arc::make_mut(&mut self.0)
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a Value, &'a Value);
    type IntoIter = serde_yaml::mapping::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

fn is_steps(key: &Value) -> bool {
    matches!(key.as_str().and_then(Key::parse), Some(Key::Steps(_)))
}
