//! The desired state of a deployment, and the request bodies that create this state.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{Capabilities, DeploymentName, Feature},
    deployment::{LiveDeployment, PreviewName, slas::Sla, triggers::Trigger},
    project::{ConcurrencyLimit, IgnoredFields},
    python,
    schedule::Schedule,
    value::{self, Mapping, Value},
};

/// Fields of a deployment after all templates have been resolved.
#[derive(Debug, Deserialize)]
pub(crate) struct Rendered {
    /// Name of the deployment. Empty if its templates have no value.
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) entrypoint: String,
    #[serde(default)]
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) version_type: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) tags: Value,
    #[serde(default)]
    pub(crate) paused: Option<bool>,
    #[serde(default)]
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    #[serde(default)]
    pub(crate) parameters: Mapping,
    #[serde(default)]
    pub(crate) enforce_parameter_schema: Option<bool>,
    #[serde(default)]
    pub(crate) work_pool: RenderedPool,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RenderedPool {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) work_queue_name: Option<String>,
    #[serde(default)]
    pub(crate) job_variables: Mapping,
}

/// The schedules that a deployment should have.
#[derive(Debug, Clone)]
pub(crate) enum Schedules {
    /// The file does not contain schedules, or the value is null. The schedules on the server are kept.
    Keep,
    /// The deployment should have exactly these schedules. An empty list removes all schedules.
    Exactly(Vec<Schedule>),
}

impl Schedules {
    pub(crate) fn listed(&self) -> &[Schedule] {
        match self {
            Self::Keep => &[],
            Self::Exactly(schedules) => schedules,
        }
    }
}

/// A deployment without unresolved templates.
#[derive(Debug)]
pub(crate) struct DesiredDeployment {
    pub(crate) flow_name: String,
    /// Name of the deployment in the API.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) entrypoint: String,
    pub(crate) version: Option<String>,
    pub(crate) version_info: Json,
    pub(crate) description: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) paused: bool,
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    pub(crate) parameters: Json,
    /// Parameter schema of the flow. Deployments of the same flow share it.
    pub(crate) parameter_schema: Arc<Json>,
    /// Whether parameters are validated. `None` if neither the file nor the command line sets the field.
    pub(crate) enforce_parameter_schema: Option<bool>,
    pub(crate) work_pool: String,
    pub(crate) work_queue: Option<String>,
    pub(crate) job_variables: Json,
    /// Paths of the job variables that the server rejects in an update.
    pub(crate) refused_in_updates: Vec<String>,
    /// Pull steps of the deployment. `None` if Prefect would not send any.
    pub(crate) pull_steps: Option<Json>,
    pub(crate) schedules: Schedules,
    pub(crate) triggers: Vec<Trigger>,
    /// Service level agreements. `None` keeps the SLAs on the server, because the file does not contain any.
    pub(crate) slas: Option<Vec<Sla>>,
    /// Fields that are only written when the deployment is created.
    pub(crate) ignored: IgnoredFields,
}

impl DesiredDeployment {
    pub(crate) fn deployment_name(&self) -> DeploymentName {
        DeploymentName::new(self.flow_name.as_str(), self.name.as_str())
    }

    /// Returns the full name, as `flow/deployment`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.flow_name, self.name)
    }

    /// Removes values that the server does not support. Without `--allow-unsupported`, validation has already
    /// rejected such values.
    pub(crate) fn omit_unsupported(&mut self, capabilities: &Capabilities) {
        if let Schedules::Exactly(schedules) = &mut self.schedules {
            for schedule in schedules {
                if !capabilities.supports(Feature::ScheduleSlugs) {
                    schedule.slug = None;
                    schedule.replaces = None;
                }
                if !capabilities.supports(Feature::ScheduleParameters) {
                    schedule.parameters.clear();
                }
            }
        }
        if let Some(ConcurrencyLimit::Options { grace_period_seconds, .. }) = &mut self.concurrency_limit
            && !capabilities.supports(Feature::GracePeriod)
        {
            *grace_period_seconds = None;
        }
        if !capabilities.supports(Feature::ScheduleAfter) {
            self.triggers.iter_mut().for_each(Trigger::run_immediately);
        }
    }

    /// Deactivates the schedules and adds the tag of the preview. The caller has set the name of the copy,
    /// and has removed triggers and SLAs.
    pub(crate) fn restrict_to_preview(&mut self, preview: &PreviewName) {
        if let Schedules::Exactly(schedules) = &mut self.schedules {
            schedules.iter_mut().for_each(|schedule| schedule.active = Some(false));
        }
        if !self.tags.contains(&preview.tag()) {
            self.tags.push(preview.tag());
        }
    }

    fn concurrency_options(&self) -> Json {
        self.concurrency_limit.as_ref().map_or(Json::Null, ConcurrencyLimit::options)
    }

    fn limit(&self) -> Json {
        self.concurrency_limit.as_ref().and_then(ConcurrencyLimit::limit).into()
    }

    /// Returns the body of a `POST /deployments/` request.
    pub(crate) fn create_body(&self, flow_id: Uuid, now: Timestamp) -> Json {
        json!({
            "name": self.name,
            "flow_id": flow_id,
            "paused": self.paused,
            "schedules": self.schedules.listed().iter().map(|schedule| schedule.for_create(now)).collect::<Vec<_>>(),
            "concurrency_limit": self.limit(),
            "concurrency_options": self.concurrency_options(),
            "enforce_parameter_schema": self.enforce_parameter_schema.unwrap_or(true),
            "parameter_openapi_schema": *self.parameter_schema,
            "parameters": self.parameters,
            "tags": self.tags,
            "pull_steps": self.pull_steps.clone().unwrap_or_else(|| json!([])),
            "work_queue_name": self.work_queue,
            "work_pool_name": self.work_pool,
            "storage_document_id": null,
            "infrastructure_document_id": null,
            "description": self.description,
            "path": null,
            "entrypoint": self.entrypoint,
            "job_variables": self.job_variables,
            "version": self.version,
            "version_info": self.version_info,
        })
    }

    /// Returns the body of a `PATCH /deployments/{id}` request, without schedules. Includes ignored fields with the
    /// live deployment's values, because the server validates fields against each other.
    pub(crate) fn update_body(&self, live: &LiveDeployment) -> Map<String, Json> {
        let mut body = self.declared_body();
        self.ignored.adopt(&mut body, |field| live.field(field));
        body
    }

    /// Returns the body of an update request with the values in the file. Includes ignored fields.
    pub(crate) fn declared_body(&self) -> Map<String, Json> {
        let mut body = Map::from_iter(
            [
                ("version", json!(self.version)),
                ("version_info", self.version_info.clone()),
                ("description", json!(self.description)),
                ("parameters", self.parameters.clone()),
                ("paused", self.paused.into()),
                ("concurrency_limit", self.limit()),
                ("concurrency_options", self.concurrency_options()),
                ("tags", json!(self.tags)),
                ("work_queue_name", json!(self.work_queue)),
                ("work_pool_name", json!(self.work_pool)),
                ("job_variables", self.job_variables.clone()),
                ("entrypoint", json!(self.entrypoint)),
                ("parameter_openapi_schema", Json::clone(&self.parameter_schema)),
                ("pull_steps", self.pull_steps.clone().unwrap_or(Json::Null)),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        if let Some(enforce) = self.enforce_parameter_schema {
            body.insert("enforce_parameter_schema".into(), enforce.into());
        }
        body
    }
}

/// Returns tags as strings. Splits a single string at commas and removes blank tags.
pub(crate) fn tags(tags: &Value) -> Vec<String> {
    let texts: Vec<String> = match tags {
        Value::String(text) => text.split(',').map(|tag| tag.trim().to_owned()).collect(),
        Value::Sequence(items) => items.iter().map(python::to_text).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().filter(|tag| !tag.trim().is_empty()).collect()
}

/// Returns the deployment name that the API stores. Like Prefect, this shortens a name such as
/// `flows/hello.py` to `hello`.
pub(crate) fn api_name(name: &str) -> String {
    let stem = name.strip_suffix(".py").map(|stem| stem.rsplit('/').next().unwrap_or(stem));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name).to_owned()
}

/// Converts a mapping to JSON.
pub(crate) fn object(mapping: &Mapping) -> Json {
    value::to_json(&Value::Mapping(mapping.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_tags_to_strings() {
        for (yaml, expected) in [
            ("[a, 1, true, '', '  ', null]", vec!["a", "1", "True", "None"]),
            ("'a, b,'", vec!["a", "b"]),
            ("null", vec![]),
        ] {
            assert_eq!(tags(&serde_yaml::from_str(yaml).unwrap()), expected, "{yaml}");
        }
    }

    #[test]
    fn removes_the_python_suffix_from_names() {
        assert_eq!(["x.py", "x", ".py", "x.pyc"].map(api_name), ["x", "x", ".py", "x.pyc"]);
    }
}
