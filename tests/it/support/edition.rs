//! Kinds of servers with different responses.

use serde_json::{Value, json};

use super::in_memory_api::{InMemoryApi, Reply};

/// The API key that Prefect Cloud accepts.
pub(crate) const CLOUD_KEY: &str = "pnu_good";

/// Version of [`Edition::Later`].
pub(crate) const LATER_VERSION: &str = "4.12.0";

const WORKSPACE: &str =
    "accounts/00000000-0000-0000-0000-000000000001/workspaces/00000000-0000-0000-0000-000000000002";

/// A kind of server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Edition {
    /// A self-hosted server of the tested release.
    #[default]
    SelfHosted,
    /// Prefect Cloud: routes of a workspace, an API key and service level agreements.
    Cloud,
    /// A self-hosted server of a later release that adds fields to every object.
    Later,
}

impl Edition {
    /// Returns the path of the API URL.
    pub(super) fn base_path(self) -> String {
        match self {
            Self::SelfHosted | Self::Later => "/api".to_owned(),
            Self::Cloud => format!("/api/{WORKSPACE}"),
        }
    }

    /// Handles a request. `path` is the part after `/api/`, and `headers` contains the headers as received.
    pub(super) fn handle(
        self,
        api: &mut InMemoryApi,
        (method, path): (&str, &str),
        headers: &str,
        body: &Value,
    ) -> Reply {
        match self {
            Self::SelfHosted => api.handle(method, path, body),
            Self::Later if path == "admin/version" => (200, json!(LATER_VERSION)),
            Self::Later => {
                let (status, mut answer) = api.handle(method, path, body);
                add_unknown_fields(&mut answer);
                (status, answer)
            }
            Self::Cloud => on_cloud(api, (method, path), headers, body),
        }
    }
}

/// Handles a request as Prefect Cloud does. Only the workspace's routes exist. The server's own routes, such
/// as its version, do not exist.
fn on_cloud(api: &mut InMemoryApi, (method, path): (&str, &str), headers: &str, body: &Value) -> Reply {
    let Some(path) = path.strip_prefix(WORKSPACE).and_then(|path| path.strip_prefix('/')) else {
        return (404, json!({"detail": "Not Found"}));
    };
    let segments: Vec<&str> = path.split('/').collect();
    let is_authorized = headers.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("authorization") && value.trim() == format!("Bearer {CLOUD_KEY}")
        })
    });
    match (method, segments.as_slice()) {
        ("GET", ["health"]) => (200, json!(true)),
        _ if !is_authorized => (401, json!({"detail": "Invalid authentication credentials"})),
        (_, ["admin", ..]) => (403, json!({"detail": "Forbidden"})),
        (_, ["csrf-token", ..] | ["collections", "views", ..]) => (404, json!({"detail": "Not Found"})),
        ("GET", ["collections", "work_pool_types"]) => (200, worker_types()),
        ("GET", ["work_pools", name]) if *name != "pool" => (404, json!({"detail": "Work pool not found"})),
        ("POST", ["work_pools", ""]) => {
            (403, json!({"detail": "Your plan does not support hybrid work pools."}))
        }
        ("POST", ["slas", "apply-resource-slas", _]) => {
            api.writes += 1;
            (200, json!({"created": body, "updated": [], "deleted": []}))
        }
        _ => api.handle(method, path, body),
    }
}

fn worker_types() -> Value {
    json!({"prefect": {"process": {
        "type": "process",
        "description": "The process type of Cloud",
        "default_base_job_configuration": {"job_configuration": {}, "variables": {"properties": {}}},
    }}})
}

/// Adds fields to the objects in a response, except to mappings with arbitrary keys, such as parameters.
fn add_unknown_fields(value: &mut Value) {
    const OBJECTS: [&str; 7] =
        ["schedules", "schedule", "concurrency_options", "actions", "trigger", "triggers", "state"];
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                if OBJECTS.contains(&key.as_str()) {
                    add_unknown_fields(value);
                }
            }
            fields.insert("future_text".into(), json!("x"));
            fields.insert("future_object".into(), json!({"nested": [1, null, {"a": true}]}));
            fields.insert("future_null".into(), Value::Null);
        }
        _ => {}
    }
}
