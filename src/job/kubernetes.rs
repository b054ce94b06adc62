//! Prepares jobs for Kubernetes workers. Each job is a manifest of the kind `Job`.

use serde_json::{Value, json};

use super::{COMMAND, Configuration, DEFAULT_IMAGE, JobError, slug};
use crate::{api::JsonObject, steps, value};

/// Environment variable that determines whether Prefect or Kubernetes reschedules an evicted run.
const SIGTERM_BEHAVIOR: &str = "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR";

/// Required fields of a manifest. Each entry consists of a name, a JSON pointer and the required value.
const REQUIRED: [(&str, &str, Option<&str>); 7] = [
    ("apiVersion", "/apiVersion", Some("batch/v1")),
    ("kind", "/kind", Some("Job")),
    ("metadata", "/metadata", None),
    ("spec.template.spec.parallelism", "/spec/template/spec/parallelism", Some("1")),
    ("spec.template.spec.completions", "/spec/template/spec/completions", Some("1")),
    ("spec.template.spec.restartPolicy", "/spec/template/spec/restartPolicy", Some("Never")),
    ("spec.template.spec.containers[0]", "/spec/template/spec/containers/0", None),
];

pub(super) fn prepare(mut configuration: Configuration) -> Result<JsonObject, JobError> {
    let mut manifest = configuration.fields.shift_remove("job_manifest").unwrap_or_default();
    complete(&mut manifest, &configuration.fields)?;
    handle_eviction(&mut configuration, &manifest);
    let annotations = match configuration.fields.get("annotations") {
        Some(Value::Object(annotations)) => annotations.clone(),
        _ => JsonObject::new(),
    };
    let container = container(&mut manifest)?;
    add_env(container, &configuration);
    container.entry("image").or_insert_with(|| json!(DEFAULT_IMAGE));
    add_command(container)?;

    let labels = std::mem::take(&mut configuration.labels);
    let metadata = object(&mut manifest, "metadata")?;
    let job_labels = merged(metadata.get("labels"), &labels);
    metadata.insert("labels".to_owned(), slugified(&job_labels));
    let annotations = merged(metadata.get("annotations"), &annotations);
    let annotations: JsonObject =
        annotations.into_iter().map(|(key, value)| (slug::label_key(&key), value)).collect();
    metadata.insert("annotations".to_owned(), Value::Object(annotations.clone()));
    name(metadata, configuration.name.as_deref());

    let template = object(object(&mut manifest, "spec")?, "template")?;
    let pod = template.entry("metadata").or_insert_with(|| json!({}));
    if let Some(pod) = pod.as_object_mut() {
        let pod_labels = merged(pod.get("labels"), &labels);
        pod.insert("labels".to_owned(), slugified(&pod_labels));
        if !annotations.is_empty() {
            let annotations = merged(pod.get("annotations"), &annotations);
            pod.insert("annotations".to_owned(), Value::Object(annotations));
        }
    }
    configuration.labels = labels;
    let mut fields = configuration.with_command(COMMAND).fields;
    fields.insert("job_manifest".to_owned(), manifest);
    Ok(fields)
}

/// Checks the required fields of a manifest and inserts optional fields that are missing.
fn complete(manifest: &mut Value, fields: &JsonObject) -> Result<(), JobError> {
    let namespace = fields.get("namespace").cloned().unwrap_or_else(|| json!("default"));
    if let Some(manifest) = manifest.as_object_mut() {
        let metadata = manifest.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.entry("annotations").or_insert_with(|| json!({}));
            metadata.entry("labels").or_insert_with(|| json!({}));
            metadata.entry("namespace").or_insert(namespace);
        }
    }
    for (path, pointer, expected) in REQUIRED {
        let found = manifest.pointer(pointer).ok_or_else(|| JobError::Manifest(path.to_owned()))?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        if let Some(expected) = expected.filter(|expected| *expected != text) {
            return Err(JobError::Manifest(format!("{path}: {expected}")));
        }
    }
    Ok(())
}

fn handle_eviction(configuration: &mut Configuration, manifest: &Value) {
    let is_ours = manifest.pointer("/spec/backoffLimit").and_then(Value::as_i64) == Some(0);
    let is_given = configuration
        .env
        .get(SIGTERM_BEHAVIOR)
        .is_some_and(|value| value::is_truthy(&value::from_json(value)));
    let is_special = |item: &Value| item.get("name").and_then(Value::as_str) == Some(SIGTERM_BEHAVIOR);
    if !is_ours {
        configuration.special_env.retain(|item| !is_special(item));
        configuration.env.insert(SIGTERM_BEHAVIOR.to_owned(), json!("relinquish"));
    } else if !is_given && !configuration.special_env.iter().any(is_special) {
        configuration.env.insert(SIGTERM_BEHAVIOR.to_owned(), json!("reschedule"));
    }
}

fn object<'a>(
    parent: &'a mut (impl std::ops::IndexMut<&'static str, Output = Value> + ?Sized),
    key: &'static str,
) -> Result<&'a mut JsonObject, JobError> {
    parent[key].as_object_mut().ok_or_else(|| JobError::Manifest(key.to_owned()))
}

fn container(manifest: &mut Value) -> Result<&mut JsonObject, JobError> {
    let container = manifest.pointer_mut("/spec/template/spec/containers/0").and_then(Value::as_object_mut);
    container.ok_or_else(|| JobError::Manifest("spec.template.spec.containers[0]".to_owned()))
}

/// Inserts environment variables into a container. Variables that only the container defines come last.
fn add_env(container: &mut JsonObject, configuration: &Configuration) {
    let mut env = configuration.env_list();
    if let Some(Value::Array(own)) = container.get("env") {
        let names: Vec<Value> = env.iter().filter_map(|entry| entry.get("name").cloned()).collect();
        let is_new = |entry: &&Value| !entry.get("name").is_some_and(|name| names.contains(name));
        env.extend(own.iter().filter(is_new).cloned().collect::<Vec<_>>());
    }
    container.insert("env".to_owned(), env.into());
}

fn add_command(container: &mut JsonObject) -> Result<(), JobError> {
    let words = match container.get("args") {
        None | Some(Value::Null) => COMMAND.split(' ').map(str::to_owned).collect(),
        Some(Value::String(command)) => {
            steps::split_words(command).map_err(|error| JobError::Command(error.to_string()))?
        }
        Some(Value::Array(_)) => return Ok(()),
        Some(value) => {
            return Err(JobError::Type { key: "args", expected: "a string or a list", value: value.clone() });
        }
    };
    container.insert("args".to_owned(), json!(words));
    Ok(())
}

/// Sets `generateName` to a name derived from the run, unless the manifest already contains it.
fn name(metadata: &mut JsonObject, run: Option<&str>) {
    let given = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default();
    if given.is_empty() || given == "-" || given == "None-" || given.contains("{{") {
        let name = run.and_then(slug::job_name).unwrap_or_else(|| "prefect-job".to_owned());
        metadata.insert("generateName".to_owned(), json!(format!("{name}-")));
    }
}

fn merged(own: Option<&Value>, more: &JsonObject) -> JsonObject {
    let mut all = own.and_then(Value::as_object).cloned().unwrap_or_default();
    all.extend(more.clone());
    all
}

fn slugified(labels: &JsonObject) -> Value {
    let label = |(key, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (slug::label_key(key), Value::from(slug::label_value(&value)))
    };
    labels.iter().map(label).collect()
}
