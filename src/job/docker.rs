//! Prepares jobs for Docker workers. Each job is a container.

use serde_json::{Value, json};

use super::{COMMAND, Configuration, DEFAULT_IMAGE, slug};
use crate::api::JsonObject;

pub(super) fn prepare(mut configuration: Configuration, version: &str) -> JsonObject {
    configuration.labels.insert("io.prefect.version".to_owned(), version.into());
    configuration.labels =
        configuration.labels.iter().map(|(key, value)| (docker_label(key), value.clone())).collect();
    configuration.name = configuration.name.as_deref().and_then(slug::container_name);
    let mut fields = configuration.with_command(COMMAND).fields;
    let defaults = json!({
        "networks": [], "auto_remove": false, "volumes": [], "stream_output": true, "privileged": false,
    });
    for (key, default) in defaults.as_object().into_iter().flatten() {
        fields.entry(key).or_insert_with(|| default.clone());
    }
    let image = fields.get("image").and_then(Value::as_str).is_some_and(|image| !image.is_empty());
    if !image {
        fields.insert("image".to_owned(), json!(DEFAULT_IMAGE));
    }
    fields
}

/// Converts a label such as `prefect.io/flow-name` to the form used by Docker, such as
/// `io.prefect.flow-name`.
fn docker_label(key: &str) -> String {
    match key.split_once('/') {
        Some((domain, name)) => {
            let reversed: Vec<&str> = domain.split('.').rev().collect();
            format!("{}.{name}", reversed.join("."))
        }
        None => key.to_owned(),
    }
}
