//! The names that expressions can use.

use std::{collections::BTreeMap, fmt, sync::Arc};

use minijinja::{
    ErrorKind,
    value::{Serde, Value as EngineValue, ValueKind},
};

use super::{
    filters::{self, RESULT},
    limits::Budget,
    names::ALL_NAMES,
};
use crate::{
    diagnostics::did_you_mean,
    environment::Environment,
    value::{Mapping, Value},
};

/// Built-in names. Step outputs cannot replace them.
pub(crate) const BUILT_IN: [&str; 5] = ["env", "git", "flow", "deployment", "variables"];

/// The name of the selected environment, or null. A step output with this name takes precedence.
pub(crate) const ENVIRONMENT: &str = "environment";

/// The names that expressions can use, with their values. Clones share the values.
#[derive(Clone)]
pub(crate) struct Scope {
    engine: Arc<minijinja::Environment<'static>>,
    budget: Budget,
    names: BTreeMap<String, EngineValue>,
}

impl Scope {
    /// Creates a scope that contains only the name `env`.
    pub(crate) fn new(environment: &Environment) -> Self {
        let env: BTreeMap<_, _> = environment.iter().collect();
        let names = BTreeMap::from([("env".to_owned(), EngineValue::from(Serde(env)))]);
        let budget = Budget::default();
        Self { engine: Arc::new(filters::engine(&budget)), budget, names }
    }

    /// Adds a name to the scope, or replaces its value.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &Value) -> Self {
        self.names.insert(name.to_owned(), EngineValue::from(Serde(value)));
        self
    }

    /// Adds the outputs of steps as names. Outputs that have the same name as a built-in name are ignored.
    #[must_use]
    pub(crate) fn with_outputs(self, outputs: &Mapping) -> Self {
        let named = outputs.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
        named
            .filter(|(name, _)| !BUILT_IN.contains(name))
            .fold(self, |scope, (name, value)| scope.with(name, value))
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Returns the first undefined segment of a dotted name and the most similar existing name, or `None` if every
    /// segment is defined.
    pub(super) fn first_undefined(&self, root: &str, keys: &[String]) -> Option<(String, Option<String>)> {
        let Some(mut value) = self.names.get(root).cloned() else {
            return Some((root.to_owned(), did_you_mean(root, self.names()).map(str::to_owned)));
        };
        let mut name = root.to_owned();
        for key in keys {
            let child = value.get_attr(key).ok().filter(|child| !child.is_undefined());
            let Some(child) = child else {
                let suggestion = key_like(&value, key).map(|key| format!("{name}.{key}"));
                return Some((format!("{name}.{key}"), suggestion));
            };
            (name, value) = (format!("{name}.{key}"), child);
        }
        None
    }

    /// Checks whether a dotted name refers to a list or a mapping.
    pub(super) fn is_list(&self, root: &str, keys: &[String]) -> bool {
        let value = self.names.get(root).cloned();
        let value = keys.iter().fold(value, |value, key| value?.get_attr(key).ok());
        value.is_some_and(|value| {
            matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)
        })
    }

    pub(super) fn engine(&self) -> &minijinja::Environment<'static> {
        &self.engine
    }

    /// Evaluates an expression that has been rewritten for the engine.
    pub(super) fn evaluate(&self, source: &str) -> Result<EngineValue, minijinja::Error> {
        let all = EngineValue::from_pairs(self.names.clone());
        let names = self.names.clone().into_iter().chain([(ALL_NAMES.to_owned(), all)]);
        if self.budget.expression_fuel().is_none() {
            return Err(ErrorKind::OutOfFuel.into());
        }
        let wrapped = format!("{RESULT}(({source}))");
        let result = self.engine.compile_expression(&wrapped)?.eval(EngineValue::from_pairs(names));
        if result.is_err() {
            self.budget.record_failure();
        }
        result
    }
}

fn key_like(value: &EngineValue, key: &str) -> Option<String> {
    let keys: Vec<_> = match value.kind() {
        ValueKind::Map => value.try_iter().ok()?.map(|key| key.to_string()).collect(),
        _ => return None,
    };
    did_you_mean(key, keys.iter().map(String::as_str)).map(str::to_owned)
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secret, so only the names are shown.
        f.debug_set().entries(self.names()).finish()
    }
}
