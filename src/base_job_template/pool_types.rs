//! Work pool types and their base job templates. Templates are read from the server or bundled with this
//! program.

use serde_json::Value;

use crate::api::{ApiError, Client, JsonObject, WorkerType};

/// Bundled templates from the newest workers: Prefect 3.9.1 for `process`, prefect-docker 0.7.4 for `docker`,
/// and the collection of server 3.9.1 for all other types.
const BUNDLED: &str = include_str!("bundled.json");

/// Types whose templates on self-hosted servers are years older than the workers' templates.
const OUTDATED_ON_SERVERS: [&str; 2] = ["docker", "process"];

/// A work pool type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PoolType {
    pub(crate) name: String,
    /// Description of the type, or an empty string if the description is unknown.
    pub(crate) description: String,
    /// Default template for new pools of this type.
    pub(crate) base_job_template: JsonObject,
}

/// Returns the work pool types in the order of the server's response, as Prefect does. Returns the bundled types if the
/// server does not list any types.
///
/// # Errors
///
/// Fails under the same conditions as [`listed_types`].
pub(crate) async fn pool_types(client: &Client) -> Result<Vec<PoolType>, ApiError> {
    Ok(listed_types(client).await?.unwrap_or_else(bundled_types))
}

/// Returns the work pool types that the server lists, in the order of its response. Returns `None` if the server
/// lists no types or responds with an error. Self-hosted servers read the list from the internet, and the bundled
/// types cover most pools.
///
/// # Errors
///
/// Fails if the server cannot be reached or rejects the credentials.
pub(crate) async fn listed_types(client: &Client) -> Result<Option<Vec<PoolType>>, ApiError> {
    let types = match client.worker_types().await {
        Ok(types) if !types.is_empty() => types,
        Ok(_) | Err(ApiError::NoSuchRoute { .. } | ApiError::Server { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let pool_type = |worker: WorkerType| PoolType {
        name: worker.kind,
        description: worker.description.unwrap_or_default(),
        base_job_template: worker.base_job_template,
    };
    let mut types: Vec<PoolType> = types.into_iter().map(pool_type).collect();
    if !client.is_cloud() {
        types.iter_mut().for_each(use_newest_template);
    }
    Ok(Some(types))
}

/// Replaces the server's template with the newest worker's template if the server's template is older.
fn use_newest_template(pool_type: &mut PoolType) {
    if !OUTDATED_ON_SERVERS.contains(&pool_type.name.as_str()) {
        return;
    }
    let newest = bundled_types().into_iter().find(|bundled| bundled.name == pool_type.name);
    if let Some(newest) =
        newest.filter(|newest| is_older(&pool_type.base_job_template, &newest.base_job_template))
    {
        let own = std::mem::replace(&mut pool_type.base_job_template, newest.base_job_template);
        add_variables(&mut pool_type.base_job_template, &own);
    }
}

/// Adds variables and job configuration keys that exist only in the other template. A newer server may
/// support variables that the bundled template does not contain.
fn add_variables(template: &mut JsonObject, other: &JsonObject) {
    fn section<'a>(template: &'a JsonObject, path: &[&str]) -> Option<&'a JsonObject> {
        path.iter().try_fold(template, |object, key| object.get(*key)?.as_object())
    }
    for path in [&["job_configuration"][..], &["variables", "properties"]] {
        let Some(others) = section(other, path) else { continue };
        let own = path.iter().try_fold(&mut *template, |object, key| object.get_mut(*key)?.as_object_mut());
        let Some(own) = own else { continue };
        for (name, value) in others {
            own.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

/// Returns whether a template is outdated: it lacks variables of the other template, or its `env` variable
/// does not allow null.
fn is_older(template: &JsonObject, other: &JsonObject) -> bool {
    let variables =
        |template: &JsonObject| template.get("variables")?.get("properties")?.as_object().cloned();
    let (Some(own), Some(others)) = (variables(template), variables(other)) else { return true };
    let env = own.get("env").and_then(|env| env.get("additionalProperties"));
    others.keys().any(|name| !own.contains_key(name)) || env.is_none_or(|env| env.get("anyOf").is_none())
}

/// Returns the bundled work pool types, sorted by name.
pub(crate) fn bundled_types() -> Vec<PoolType> {
    let templates: Value = serde_json::from_str(BUNDLED).unwrap_or_default();
    let templates = templates.as_object().cloned().unwrap_or_default();
    let pool_type = |(name, template): (String, Value)| {
        let base_job_template = template.as_object()?.clone();
        Some(PoolType { name, description: String::new(), base_job_template })
    };
    templates.into_iter().filter_map(pool_type).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_complete_templates() {
        let bundled = bundled_types();
        let names: Vec<&str> = bundled.iter().map(|pool_type| pool_type.name.as_str()).collect();
        let expected = [
            "azure-container-instance",
            "cloud-run",
            "cloud-run-v2",
            "docker",
            "ecs",
            "kubernetes",
            "process",
            "vertex-ai",
        ];
        assert_eq!(names, expected);
        for PoolType { name, base_job_template: template, .. } in &bundled {
            assert!(template["job_configuration"].is_object(), "{name}");
            assert!(template["variables"]["properties"].is_object(), "{name}");
        }
    }

    #[test]
    fn replaces_outdated_templates_of_servers() {
        let old = r#"{"variables": {"properties": {"env": {"additionalProperties": {"type": "string"}}}}}"#;
        let template = |name: &str, template: &str| {
            let base_job_template = serde_json::from_str(template).unwrap();
            let mut pool_type =
                PoolType { name: name.to_owned(), description: String::new(), base_job_template };
            use_newest_template(&mut pool_type);
            pool_type.base_job_template
        };
        let process = template("process", old);
        assert!(process["variables"]["properties"]["env"]["additionalProperties"]["anyOf"].is_array());
        let docker = template("docker", old);
        assert!(docker["variables"]["properties"]["container_create_kwargs"].is_object());
        assert!(template("kubernetes", old)["variables"]["properties"].get("command").is_none());
        let newer_server = r#"{
            "job_configuration": {"container_wait_timeout": "{{ container_wait_timeout }}"},
            "variables": {"properties": {"env": {}, "container_wait_timeout": {"type": "number"}}}
        }"#;
        let docker = template("docker", newer_server);
        assert_eq!(docker["job_configuration"]["container_wait_timeout"], "{{ container_wait_timeout }}");
        assert_eq!(docker["variables"]["properties"]["container_wait_timeout"]["type"], "number");
        assert!(docker["variables"]["properties"]["container_create_kwargs"].is_object());
        // A newer worker may have more variables.
        let mut newer = Value::from(process);
        newer["variables"]["properties"]["added"] = Value::Bool(true);
        assert_eq!(Value::from(template("process", &newer.to_string())), newer);
    }
}
