//! A deployment on the server, with the fields that a deploy compares.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::api::{Deployment, DeploymentSchedule, Identified};

/// Fields that a deploy compares and writes. Schedules are not included because they are written by separate
/// requests.
const FIELDS: [&str; 15] = [
    "version",
    "version_info",
    "description",
    "parameters",
    "paused",
    "concurrency_limit",
    "concurrency_options",
    "tags",
    "work_queue_name",
    "work_pool_name",
    "job_variables",
    "entrypoint",
    "parameter_openapi_schema",
    "pull_steps",
    "enforce_parameter_schema",
];

/// The state of a deployment on the server.
#[derive(Debug, Clone)]
pub(crate) struct LiveDeployment {
    pub(crate) id: Uuid,
    pub(crate) flow_id: Uuid,
    pub(crate) name: String,
    pub(crate) schedules: Vec<DeploymentSchedule>,
    fields: BTreeMap<&'static str, Arc<Json>>,
}

impl LiveDeployment {
    pub(crate) fn new(deployment: Deployment, shared: &SharedValues) -> Self {
        let Deployment { id, flow_id, name, schedules, mut raw, .. } = deployment;
        let field = |name| Some((name, shared.share(written(name, &mut raw)?)));
        let fields = FIELDS.into_iter().filter_map(field).collect();
        Self { id, flow_id, name, schedules, fields }
    }

    /// Returns a field's value in the form that a deploy writes, or `None` if the server does not store the field.
    pub(crate) fn field(&self, name: &str) -> Option<&Json> {
        self.fields.get(name).map(Arc::as_ref)
    }

    /// Returns all compared fields as a JSON object.
    pub(crate) fn fields(&self) -> Json {
        let field = |(name, value): (&&str, &Arc<Json>)| ((*name).to_owned(), Json::clone(value));
        Json::Object(self.fields.iter().map(field).collect())
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.field("tags").and_then(Json::as_array).is_some_and(|tags| tags.iter().any(|own| own == tag))
    }

    pub(crate) fn has_job_variables(&self) -> bool {
        self.field("job_variables").and_then(Json::as_object).is_some_and(|variables| !variables.is_empty())
    }
}

impl Identified for LiveDeployment {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Removes a field from a response and converts its value to the value that a deploy writes.
fn written(name: &str, raw: &mut Map<String, Json>) -> Option<Json> {
    let value = raw.get_mut(name).map(Json::take);
    match name {
        // Open-source servers accept the field but do not store it.
        "version_info" => value.filter(|value| !value.is_null()),
        "concurrency_limit" => {
            let limit = raw.get("global_concurrency_limit").and_then(|limit| limit.get("limit")).cloned();
            Some(limit.or(value).unwrap_or_default())
        }
        _ => Some(value.unwrap_or_default()),
    }
}

/// Shares identical values between deployments, so that thousands of deployments use little memory.
#[derive(Debug, Default)]
pub(crate) struct SharedValues(Mutex<HashSet<Arc<Json>>>);

impl SharedValues {
    fn share(&self, value: Json) -> Arc<Json> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&value) {
            return Arc::clone(same);
        }
        let value = Arc::new(value);
        known.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_equal_values() {
        let shared = SharedValues::default();
        let deployment = |number: u32| {
            let raw = json!({
                "id": Uuid::new_v4(), "flow_id": Uuid::nil(), "name": number.to_string(),
                "version": number.to_string(), "parameter_openapi_schema": {"title": "P", "properties": {}},
            });
            LiveDeployment::new(serde_json::from_value(raw).unwrap(), &shared)
        };
        let (first, other) = (deployment(1), deployment(2));
        let is_shared = |field| Arc::ptr_eq(&first.fields[field], &other.fields[field]);
        assert!(is_shared("parameter_openapi_schema") && is_shared("tags") && !is_shared("version"));
        assert_eq!(first.field("version"), Some(&json!("1")));
    }

    #[test]
    fn reads_the_concurrency_limit_of_the_deployment() {
        for (raw, limit) in [
            (json!({"concurrency_limit": null, "global_concurrency_limit": {"limit": 2}}), json!(2)),
            (json!({"concurrency_limit": 3, "global_concurrency_limit": null}), json!(3)),
            (json!({}), json!(null)),
        ] {
            let mut raw = crate::value::json_object(raw);
            assert_eq!(written("concurrency_limit", &mut raw), Some(limit));
        }
    }
}
