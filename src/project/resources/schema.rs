//! JSON schema of declared resources for editors.

use serde_json::{Map, Value as Json, json};

use super::{automations, blocks, limits, pools};
use crate::base_job_template::VariableType;

/// Returns the schema definitions for the section that declares resources, keyed by name.
pub(in crate::project) fn definitions() -> [(&'static str, Json); 8] {
    [
        ("resources", resources()),
        ("environment_resources", in_environment()),
        ("declared_work_pool", work_pool()),
        ("declared_work_queue", work_queue()),
        ("added_variable", added_variable()),
        ("declared_concurrency_limit", concurrency_limit()),
        ("declared_automation", automation()),
        ("declared_block", block()),
    ]
}

fn resources() -> Json {
    let list = |item: &str, meaning: &str| {
        let reference = format!("#/$defs/{item}");
        json!({"type": ["array", "null"], "items": {"$ref": reference}, "description": meaning})
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "work_pools": list("declared_work_pool", "work pools and their queues"),
            "variables": {"type": ["object", "null"], "description": "values of Prefect variables, by name"},
            "concurrency_limits": list("declared_concurrency_limit", "global concurrency limits"),
            "automations": list("declared_automation", "automations"),
            "blocks": list("declared_block", "blocks, such as secrets"),
        },
    })
}

/// Returns the schema of the resource section in an environment. An environment merges resources by name.
fn in_environment() -> Json {
    let mut pool = partial(work_pool());
    pool["properties"]["queues"] = merged(&partial(work_queue()), "work queues");
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "work_pools": merged(&pool, "work pools and their queues"),
            "variables": {"type": ["object", "null"], "description": "values of Prefect variables; null removes a variable"},
            "concurrency_limits": merged(&partial(concurrency_limit()), "global concurrency limits"),
            "automations": merged(&partial(automation()), "automations"),
            "blocks": merged(&partial(block()), "blocks; keys of a mapping have the form `TYPE/NAME`"),
        },
    })
}

/// Returns a schema that accepts a list of items or a mapping from names to items. In a mapping, null removes an item.
fn merged(item: &Json, meaning: &str) -> Json {
    json!({
        "anyOf": [
            {"type": "array", "items": item},
            {"type": "object", "additionalProperties": {"anyOf": [item, {"type": "null"}]}},
            {"type": "null"},
        ],
        "description": format!("{meaning}; merged by name"),
    })
}

/// Converts a resource schema to the schema of an environment override: no key is required, and every key also accepts
/// null.
fn partial(mut item: Json) -> Json {
    if let Some(item) = item.as_object_mut() {
        item.remove("required");
    }
    for property in item["properties"].as_object_mut().into_iter().flatten().map(|(_, property)| property) {
        *property = json!({"anyOf": [property.take(), {"type": "null"}]});
    }
    item
}

/// Returns a schema for values of the given types. A template is valid for each type.
fn property(types: &[&str], meaning: &str) -> Json {
    let template = json!({"type": "string", "pattern": "\\{\\{|<<"});
    json!({"anyOf": [{"type": types}, template], "description": meaning})
}

fn count(least: u64, meaning: &str) -> Json {
    let mut count = property(&["integer", "null"], meaning);
    count["anyOf"][0]["minimum"] = least.into();
    count
}

fn text(meaning: &str) -> Json {
    json!({"type": "string", "description": meaning})
}

/// Returns a mapping schema. `open` specifies whether additional keys are allowed.
fn mapping(keys: &[&str], required: &[&str], open: bool, property: impl Fn(&str) -> Json) -> Json {
    let properties: Map<String, Json> = keys.iter().map(|key| ((*key).to_owned(), property(key))).collect();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": open,
        "properties": properties,
    })
}

/// Returns the work pool schema. Additional keys are base job template variables.
fn work_pool() -> Json {
    mapping(&pools::KEYS, &["name", "type"], true, |key| match key {
        "name" => text("name of the work pool"),
        "type" => text("type of the work pool, such as `process`, `docker` or `kubernetes`"),
        "description" => property(&["string", "null"], "description of the work pool"),
        "paused" => property(&["boolean", "null"], "whether the work pool is paused"),
        "concurrency_limit" => count(0, "maximum number of concurrent flow runs; null removes the limit"),
        "queues" => json!({
            "type": ["array", "null"],
            "items": {"$ref": "#/$defs/declared_work_queue"},
            "description": "work queues; other queues of the pool are kept",
        }),
        "add_variables" => json!({
            "type": ["object", "null"],
            "additionalProperties": {"$ref": "#/$defs/added_variable"},
            "description": "variables to add to the base job template, by name",
        }),
        "variables" => json!({
            "type": ["object", "null"],
            "description": "defaults of variables whose names are also work pool keys",
        }),
        _ => json!({
            "type": ["object", "null"],
            "description": "base job template that replaces the default template of the type",
        }),
    })
}

fn work_queue() -> Json {
    mapping(&pools::QUEUE_KEYS, &["name"], false, |key| match key {
        "name" => text("name of the work queue"),
        "description" => property(&["string", "null"], "description of the work queue"),
        "paused" => property(&["boolean", "null"], "whether the work queue is paused"),
        "priority" => count(1, "priority of the work queue; 1 is the highest"),
        _ => count(0, "maximum number of concurrent flow runs; null removes the limit"),
    })
}

fn added_variable() -> Json {
    mapping(&pools::ADDED_KEYS, &["type"], false, |key| match key {
        "type" => {
            let types = VariableType::ALL.map(VariableType::as_str);
            json!({"enum": types, "description": "type of the variable"})
        }
        "place" => text("location in the job configuration, such as `containers.0.resources.requests.cpu`"),
        _ => json!({"description": "default of the variable"}),
    })
}

fn concurrency_limit() -> Json {
    mapping(&limits::KEYS, &["name", "limit"], false, |key| match key {
        "name" => text("name of the concurrency limit"),
        "limit" => count(0, "number of slots"),
        "active" => property(&["boolean", "null"], "whether the limit is active"),
        _ => property(&["number", "null"], "number of slots that are released automatically per second"),
    })
}

fn automation() -> Json {
    let actions = |meaning: &str| {
        let item = json!({"type": "object", "required": ["type"]});
        json!({"type": ["array", "null"], "items": item, "description": meaning})
    };
    mapping(&automations::KEYS, &["name", "trigger", "actions"], false, |key| match key {
        "name" => text("name of the automation"),
        "description" => property(&["string", "null"], "description of the automation"),
        "enabled" => property(&["boolean", "null"], "whether the automation is enabled"),
        "tags" => json!({"type": ["array", "null"], "items": {"type": "string"}, "description": "tags"}),
        "trigger" => json!({"type": "object", "description": "trigger in API format"}),
        "actions" => actions("actions in API format; they refer to objects by name"),
        "actions_on_trigger" => actions("actions to run when the trigger fires"),
        _ => actions("actions to run when the trigger resolves"),
    })
}

fn block() -> Json {
    let source = json!({"type": "string", "pattern": "^(env|file):."});
    mapping(&blocks::KEYS, &["type", "name"], false, |key| match key {
        "type" => text("slug of the block type, such as `secret`"),
        "name" => text("name of the block"),
        "values" => json!({"type": ["object", "null"], "description": "public fields of the block"}),
        _ => json!({
            "anyOf": [
                source,
                {"type": "object", "additionalProperties": {"anyOf": [source, {"type": "object"}]}},
            ],
            "description": "source of the secret, `env:NAME` or `file:PATH`; for other types, a mapping from fields to sources",
        }),
    })
}
