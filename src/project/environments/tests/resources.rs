use super::load;
use crate::{project::ProjectError, value};

const RESOURCES: &str = "\
prefectl:
  work_pools:
  - {name: a, type: process, concurrency_limit: 2, queues: [{name: high, priority: 1}, {name: low, priority: 2}]}
  - {name: b, type: docker}
  variables: {region: eu, zone: 1}
  concurrency_limits: [{name: db, limit: 3}]
  automations:
  - {name: x, tags: [dev], trigger: {type: event, expect: [e]}, actions: [{type: do-nothing}]}
  blocks: [{type: secret, name: s, value_from: env:A}, {type: json, name: s, values: {value: 1}}]
";

/// Returns the resources of the merged project as JSON.
fn resources(base: &str, overlay: &str) -> Result<serde_json::Value, Vec<String>> {
    match load(base, Some(overlay), "prod") {
        Ok((project, _)) => Ok(value::to_json(&project.resources.unwrap_or_default().into())),
        Err(ProjectError::Invalid { diagnostics, .. }) => {
            Err(diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect())
        }
        Err(error) => Err(vec![error.to_string()]),
    }
}

#[test]
fn merges_resources_by_name() {
    let listed = "prefectl:
  work_pools:
  - {name: a, concurrency_limit: 9, queues: [{name: low, priority: 3}, {name: new}]}
  - {name: c, type: process}
  variables: {region: us, zone: null, extra: 2}
  concurrency_limits: [{name: db, limit: 30}]
  automations: [{name: x, tags: !append [prod]}]
  blocks: [{type: secret, name: s, value_from: env:B}]
";
    let keyed = "prefectl:
  work_pools: {a: {concurrency_limit: 9, queues: {low: {priority: 3}, new: {}}}, c: {type: process}}
  variables: {region: us, zone: null, extra: 2}
  concurrency_limits: {db: {limit: 30}}
  automations: {x: {tags: !append [prod]}}
  blocks: {secret/s: {value_from: env:B}}
";
    let expected = serde_json::json!({
        "work_pools": [
            {"name": "a", "type": "process", "concurrency_limit": 9, "queues": [
                {"name": "high", "priority": 1}, {"name": "low", "priority": 3}, {"name": "new"},
            ]},
            {"name": "b", "type": "docker"},
            {"name": "c", "type": "process"},
        ],
        "variables": {"region": "us", "extra": 2},
        "concurrency_limits": [{"name": "db", "limit": 30}],
        "automations": [{
            "name": "x", "tags": ["dev", "prod"], "trigger": {"type": "event", "expect": ["e"]},
            "actions": [{"type": "do-nothing"}],
        }],
        "blocks": [
            {"type": "secret", "name": "s", "value_from": "env:B"},
            {"type": "json", "name": "s", "values": {"value": 1}},
        ],
    });
    for overlay in [listed, keyed] {
        assert_eq!(resources(RESOURCES, overlay).unwrap(), expected, "{overlay}");
    }
}

#[test]
fn removes_and_appends_resources() {
    for (overlay, expected) in [
        (
            "prefectl:\n  work_pools: {b: null, a: {queues: {high: null}}}\n  concurrency_limits: null\n",
            serde_json::json!([{"name": "a", "type": "process", "concurrency_limit": 2, "queues": [
                {"name": "low", "priority": 2}
            ]}]),
        ),
        (
            "prefectl:\n  work_pools: {a: null}\n  concurrency_limits: !append [{name: c, limit: 1}]\n",
            serde_json::json!([{"name": "b", "type": "docker"}]),
        ),
    ] {
        assert_eq!(resources(RESOURCES, overlay).unwrap()["work_pools"], expected, "{overlay}");
    }
    let found = resources("pull: []\n", "prefectl:\n  concurrency_limits: {db: {limit: 1}}\n").unwrap();
    assert_eq!(found, serde_json::json!({"concurrency_limits": [{"name": "db", "limit": 1}]}));
    for (overlay, expected) in [
        (
            "prefectl:\n  concurrency_limits: {dbb: null}\n",
            "the project file has no concurrency limit named 'dbb'",
        ),
        ("prefectl:\n  variables: {a: 1, a: 2}\n", "variable 'a' is already declared at prefect.prod.yaml:2"),
    ] {
        assert_eq!(resources(RESOURCES, overlay).unwrap_err(), [expected], "{overlay}");
    }
}
