//! Previews the job that a worker submits for a run.
//!
//! The job consists of the work pool's base job template, the deployment's job variables, and the values that workers
//! add. The preview omits the worker's own settings and environment variables.

mod docker;
mod kubernetes;
mod process;
mod slug;

use serde_json::{Map, Value, json};

use crate::{
    api::{Deployment, JsonObject, WorkPool},
    template::{self, TooLarge},
    value::{self, from_json},
};

/// Default image for jobs that do not specify an image. A worker uses an image with its own version.
const DEFAULT_IMAGE: &str = "prefecthq/prefect:3-latest";

/// The run that a job executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Job variables of this run, which override the deployment's job variables.
    pub(crate) job_variables: JsonObject,
}

/// A run together with its deployment and work pool.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    pub(crate) pool: &'a WorkPool,
    pub(crate) deployment: &'a Deployment,
    pub(crate) flow_name: &'a str,
    pub(crate) run: Run,
    /// The worker's Prefect version.
    pub(crate) version: &'a str,
}

/// The error returned if a job cannot be previewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JobError {
    #[error("the base job template of work pool '{0}' has no `job_configuration`")]
    NoConfiguration(String),
    #[error("the path of the job variable '{0}' contains a value that is not an object")]
    Path(String),
    #[error("`{key}` of the job must be {expected}, not {value}")]
    Type { key: &'static str, expected: &'static str, value: Value },
    #[error("the job manifest does not contain `{0}`")]
    Manifest(String),
    #[error("invalid shell syntax in the command: {0}")]
    Command(String),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// A job as prepared by a worker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    /// The complete job configuration for this run.
    pub(crate) configuration: JsonObject,
}

impl Job {
    /// Returns the value that the worker submits: the manifest, or the whole configuration if there is no manifest.
    pub(crate) fn submitted(&self) -> Value {
        let manifest = self.configuration.get("job_manifest");
        manifest.cloned().unwrap_or_else(|| Value::Object(self.configuration.clone()))
    }
}

/// Returns the job that a worker of the pool would submit.
///
/// # Errors
///
/// Fails if the template or a job variable is invalid.
pub(crate) fn prepare(subject: &Subject<'_>) -> Result<Job, JobError> {
    let configuration = fill(subject)?;
    let mut configuration = Configuration::new(configuration)?;
    let kind = subject.pool.kind.as_str();
    configuration.add_environment(subject);
    configuration.add_labels(subject, kind);
    configuration.name_after_run(subject);
    let configuration = match kind {
        "kubernetes" => kubernetes::prepare(configuration)?,
        "docker" => docker::prepare(configuration, subject.version),
        "process" => process::prepare(configuration),
        _ => configuration.with_command(COMMAND).fields,
    };
    Ok(Job { configuration })
}

/// Command that starts a run inside its job.
const COMMAND: &str = "prefect flow-run execute";

/// Returns the template's job configuration with all variables replaced.
fn fill(subject: &Subject<'_>) -> Result<JsonObject, JobError> {
    let template = &subject.pool.base_job_template;
    let configuration = template.get("job_configuration").and_then(Value::as_object).cloned();
    let mut configuration =
        configuration.ok_or_else(|| JobError::NoConfiguration(subject.pool.name.clone()))?;
    let mut variables = defaults(template);
    if let Some(env) = variables.get("env").filter(|env| value::is_truthy(&from_json(env))).cloned() {
        match (configuration.get_mut("env"), env) {
            (Some(Value::Object(own)), Value::Object(env)) => own.extend(env),
            (_, env) => drop(configuration.insert("env".to_owned(), env)),
        }
    }
    let mut given = subject.deployment.job_variables.clone();
    let mut run_variables = subject.run.job_variables.clone();
    // The run's `env` is merged with the deployment's `env`. Other variables of the run replace the
    // deployment's variables.
    if let Some(Value::Object(env)) = given.get_mut("env")
        && let Some(Value::Object(more)) = run_variables.remove("env")
    {
        env.extend(more);
    }
    given.extend(run_variables);
    variables.extend(nested(&given)?);
    if let (Some(Value::Object(own)), Some(Value::Object(env))) =
        (configuration.get_mut("env"), variables.get("env"))
    {
        own.extend(env.clone());
    }
    let filled = template::job(&from_json(&configuration.into()), &mapping(variables))?;
    Ok(match filled.map(|filled| value::to_json(&filled)) {
        Some(Value::Object(configuration)) => configuration,
        _ => JsonObject::new(),
    })
}

fn mapping(object: JsonObject) -> value::Mapping {
    match from_json(&Value::Object(object)) {
        value::Value::Mapping(mapping) => mapping,
        _ => value::Mapping::new(),
    }
}

/// Returns the defaults of the template's variables. Variables whose default is null are omitted.
fn defaults(template: &JsonObject) -> JsonObject {
    let properties = template.get("variables").and_then(|variables| variables.get("properties"));
    let properties = properties.and_then(Value::as_object).into_iter().flatten();
    let default = |(name, property): (&String, &Value)| {
        let default = property.get("default").filter(|default| !default.is_null())?;
        Some((name.clone(), default.clone()))
    };
    properties.filter_map(default).collect()
}

/// Converts job variables with keys such as `env.NAME` to nested objects. Existing nested values take
/// precedence.
fn nested(given: &JsonObject) -> Result<JsonObject, JobError> {
    let mut variables = JsonObject::new();
    for (key, value) in given.iter().filter(|(key, _)| key.contains('.')) {
        let path = key.replace('[', ".").replace(']', "");
        let mut segments: Vec<&str> = path.split('.').collect();
        let last = segments.pop().unwrap_or_default();
        let mut target = &mut variables;
        for segment in segments {
            let entry = target.entry(segment).or_insert_with(|| json!({}));
            target = entry.as_object_mut().ok_or_else(|| JobError::Path(key.clone()))?;
        }
        target.insert(last.to_owned(), value.clone());
    }
    for (key, value) in given.iter().filter(|(key, _)| !key.contains('.')) {
        match (variables.get_mut(key), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            _ => drop(variables.insert(key.clone(), value.clone())),
        }
    }
    Ok(variables)
}

fn merge(target: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, value) in more {
        match (target.get_mut(key), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            _ => drop(target.insert(key.clone(), value.clone())),
        }
    }
}

/// A job configuration. The fields that all workers use are stored separately.
struct Configuration {
    /// The remaining fields. [`Self::with_command`] moves the separate fields back.
    fields: JsonObject,
    /// Environment variables, keyed by name. A null value removes a variable.
    env: JsonObject,
    /// Environment variables with a `valueFrom` field. Only Kubernetes supports them.
    special_env: Vec<Value>,
    is_env_list: bool,
    labels: JsonObject,
    name: Option<String>,
    command: Option<String>,
}

impl Configuration {
    fn new(mut fields: JsonObject) -> Result<Self, JobError> {
        let mut env = JsonObject::new();
        let mut special_env = Vec::new();
        let mut is_env_list = false;
        match fields.shift_remove("env") {
            None | Some(Value::Null) => {}
            Some(Value::Object(entries)) => {
                env.extend(entries.into_iter().map(|(key, value)| (key, as_text(value))));
            }
            Some(Value::Array(items)) => {
                is_env_list = true;
                for item in items {
                    match (item.get("valueFrom"), item.get("name").and_then(Value::as_str), item.get("value"))
                    {
                        (Some(_), ..) => special_env.push(item),
                        (None, Some(name), Some(value)) => {
                            env.insert(name.to_owned(), value.clone());
                        }
                        _ => {}
                    }
                }
            }
            Some(value) => return Err(JobError::Type { key: "env", expected: "an object", value }),
        }
        let labels = match fields.shift_remove("labels") {
            None | Some(Value::Null) => JsonObject::new(),
            Some(Value::Object(labels)) => labels,
            Some(value) => return Err(JobError::Type { key: "labels", expected: "an object", value }),
        };
        let name = text_field(&mut fields, "name")?;
        let command = text_field(&mut fields, "command")?.filter(|command| !command.is_empty());
        Ok(Self { fields, env, special_env, is_env_list, labels, name, command })
    }

    /// Inserts the variables that identify the run before the given variables.
    fn add_environment(&mut self, subject: &Subject<'_>) {
        let deployment = subject.deployment;
        let known = [
            ("PREFECT__FLOW_RUN_ID", subject.run.id.clone()),
            ("PREFECT__FLOW_ID", deployment.flow_id.to_string()),
            ("PREFECT__FLOW_NAME", subject.flow_name.to_owned()),
            ("PREFECT__DEPLOYMENT_ID", deployment.id.to_string()),
            ("PREFECT__DEPLOYMENT_NAME", deployment.name.clone()),
        ];
        let mut env: JsonObject =
            known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        env.extend(std::mem::take(&mut self.env));
        env.retain(|_, value| !value.is_null());
        self.env = env;
    }

    fn add_labels(&mut self, subject: &Subject<'_>, kind: &str) {
        let (deployment, pool, run) = (subject.deployment, subject.pool, &subject.run);
        let mut labels = JsonObject::new();
        let mut add = |key: &str, value: &str| drop(labels.insert(key.to_owned(), value.into()));
        add("prefect.io/flow-run-id", &run.id);
        add("prefect.io/flow-run-name", &run.name);
        add("prefect.io/version", subject.version);
        if kind == "kubernetes" {
            add("app.kubernetes.io/managed-by", "prefect");
            add("app.kubernetes.io/part-of", "prefect");
            add("app.kubernetes.io/version", subject.version);
        }
        add("prefect.io/work-pool-name", &pool.name);
        add("prefect.io/work-pool-id", &pool.id.to_string());
        add("prefect.io/flow-id", &deployment.flow_id.to_string());
        add("prefect.io/flow-name", subject.flow_name);
        if kind == "kubernetes" {
            add("app.kubernetes.io/name", &slug::label_value(&deployment.name));
        }
        add("prefect.io/deployment-id", &deployment.id.to_string());
        add("prefect.io/deployment-name", &deployment.name);
        if let Some(updated) = deployment.raw.get("updated").and_then(Value::as_str) {
            add("prefect.io/deployment-updated", &updated.replace('Z', "+00:00"));
        }
        labels.extend(std::mem::take(&mut self.labels));
        self.labels = labels;
    }

    /// Renders `{{ ctx.flow... }}` and `{{ ctx.flow_run... }}` in the job's name. If the job has no name, the
    /// run's name is used.
    fn name_after_run(&mut self, subject: &Subject<'_>) {
        let run = &subject.run;
        let context = json!({"ctx": {
            "flow": {"id": subject.deployment.flow_id, "name": subject.flow_name},
            "flow_run": {"id": run.id, "name": run.name},
        }});
        let context = mapping(context.as_object().cloned().unwrap_or_default());
        let given = self.name.take().filter(|name| !name.is_empty());
        let rendered = given.as_ref().map(|name| {
            let filled = template::job(&value::Value::from(name.as_str()), &context);
            filled
                .ok()
                .flatten()
                .and_then(|filled| filled.as_str().map(str::to_owned))
                .unwrap_or_else(|| name.clone())
        });
        self.name = Some(rendered.filter(|name| !name.is_empty()).unwrap_or_else(|| run.name.clone()));
    }

    /// Moves the name, environment, labels and command back to the other fields. Uses the command `default` if the
    /// configuration has none.
    fn with_command(mut self, default: &str) -> Self {
        let command = self.command.take().unwrap_or_else(|| default.to_owned());
        let env = self.env_value();
        for (key, value) in [
            ("name", json!(self.name)),
            ("env", env),
            ("labels", Value::Object(self.labels.clone())),
            ("command", json!(command)),
        ] {
            self.fields.insert(key.to_owned(), value);
        }
        self.command = Some(command);
        self
    }

    /// Returns the environment in its original form: an object or a list.
    fn env_value(&self) -> Value {
        if self.is_env_list { self.env_list().into() } else { Value::Object(self.env.clone()) }
    }

    /// Returns the environment as a list of objects that contain `name` and `value`.
    fn env_list(&self) -> Vec<Value> {
        let entry = |(name, value): (&String, &Value)| json!({"name": name, "value": value});
        self.env.iter().map(entry).chain(self.special_env.iter().cloned()).collect()
    }
}

/// Converts a variable's value to a string, like Python's `str`.
fn as_text(value: Value) -> Value {
    match value {
        Value::Null | Value::String(_) => value,
        other => crate::python::json_text(&other).into(),
    }
}

fn text_field(fields: &mut JsonObject, key: &'static str) -> Result<Option<String>, JobError> {
    match fields.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value) => Err(JobError::Type { key, expected: "a string", value }),
    }
}

#[cfg(test)]
mod tests;
