//! Tests of `prefectl export`: its output deploys back to the same deployments.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::support::{Api, Output};

const PROJECT: &str = r#"
deployments:
- name: everything
  entrypoint: flow.py:hello
  version: "1.10"
  description: "It's: a #1 \"text\"\nof two lines"
  tags: ["on", "010", "1e3", "2024-01-01", "a b", "<< '{{ brackets }}' | literal >>", "é🐍"]
  parameters:
    name: "<< 'Hi {{ name }} and << more >>' | literal >>"
    times: 3
  paused: true
  concurrency_limit: {limit: 3, collision_strategy: CANCEL_NEW}
  work_pool:
    name: pool-UNIQUE
    work_queue_name: urgent
    job_variables: {env: {YES: "yes", NUMBER: "017", EMPTY: "", TIME: "1:30", CTX: "{{ ctx.flow.name }}"}}
  schedules:
  - {cron: "0 1 * * 1", timezone: Asia/Tokyo, slug: cron, day_or: false, parameters: {times: 2}}
  - {interval: 600, anchor_date: "2020-01-01T00:00:00+01:00", timezone: Europe/Rome, slug: interval, active: false}
  - {interval: 90.5, slug: fraction}
  - {rrule: "FREQ=DAILY;COUNT=3", timezone: America/New_York, slug: rule}
  triggers:
  - name: event-UNIQUE
    expect: [b, a]
    match: {prefect.resource.id: "x.*"}
    parameters: {name: "{{ event.name }}"}
  - name: compound-UNIQUE
    enabled: false
    require: all
    within: 60
    schedule_after: 5
    triggers:
    - {expect: [a], threshold: 2, within: 10}
    - {posture: Proactive, expect: [b], within: 20}
  pull:
  - prefect.deployments.steps.git_clone:
      repository: https://example.com/a.git
      access_token: "{{ prefect.variables.token }}"
      branch: "on"
- name: plain
  entrypoint: flow.py:goodbye
  enforce_parameter_schema: false
  pull: []
  work_pool: {name: pool-UNIQUE}
  schedules: [{cron: "@daily"}, {interval: 3600}, {rrule: "FREQ=WEEKLY;BYDAY=MO"}]
"#;

/// Returns the fields that must be equal after the deployment was deleted and created again.
fn essence(api: &Api, deployment: &Value) -> Result<Value> {
    let server_only = ["id", "created", "updated", "work_queue_id", "deployment_id", "status", "last_polled"];
    let mut automations = api.automations(deployment)?;
    for automation in &mut automations {
        automation["actions"][0]["deployment_id"] = Value::Null;
    }
    let mut value = json!({"deployment": deployment, "automations": automations});
    value["deployment"]["global_concurrency_limit"] = deployment["global_concurrency_limit"]["limit"].clone();
    strip(&mut value, &server_only);
    let schedules = value["deployment"]["schedules"].as_array_mut().context("a list")?;
    schedules.sort_by_key(|item| item["schedule"].to_string());
    Ok(value)
}

fn strip(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Object(entries) => {
            let kept = std::mem::take(entries).into_iter().filter(|(key, _)| !keys.contains(&key.as_str()));
            *entries = kept.collect::<Map<_, _>>();
            entries.values_mut().for_each(|inner| strip(inner, keys));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| strip(item, keys));
            // The server does not keep the order of expected events.
            if items.iter().all(Value::is_string) {
                items.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}

#[test]
#[ignore = "needs services: run tests/run"]
fn exported_file_deploys_without_changes() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let names = ["hello-UNIQUE/everything", "goodbye-UNIQUE/plain"];
    let read = || -> Result<Vec<Value>> { names.iter().map(|name| api.existing(&sandbox, name)).collect() };
    let before = read()?;
    let compared =
        |all: &[Value]| -> Result<Vec<Value>> { all.iter().map(|item| essence(&api, item)).collect() };
    let essence_before = compared(&before)?;

    sandbox.run("export -n *-UNIQUE/* --out exported.yaml").and_then(Output::success)?;
    let exported = sandbox.read("exported.yaml")?;
    assert!(exported.contains(r#"access_token: "{{ prefect.variables.token }}""#), "{exported}");
    let plan = sandbox.run("plan --all --prefect-file exported.yaml --detailed-exitcode")?;
    assert_eq!(plan.code, 0, "nothing would change:\n{plan}\n{exported}");

    for one in &before {
        api.delete(&format!("/deployments/{}", one["id"].as_str().context("an id")?))?;
    }
    sandbox.run("deploy --all --prefect-file exported.yaml --quiet").and_then(Output::success)?;
    assert_eq!(compared(&read()?)?, essence_before, "{exported}");

    let again = sandbox.run("export --out exported.yaml")?;
    assert_eq!(again.code, 2, "a file that is there is left alone");
    assert_eq!(sandbox.run("export -n nobody-UNIQUE")?.code, 1);
    Ok(())
}
