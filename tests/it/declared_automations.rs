//! Tests of automations that a project file declares, against a real server.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox};

/// Creates a sandbox whose project file has the given `prefectl` section and no deployments.
fn sandbox(api: &Api, section: &str) -> Result<Sandbox> {
    Sandbox::for_project(api.url(), &format!("prefectl:\n{section}\ndeployments: []\n"))
}

/// Returns the automations with the given name.
fn named(api: &Api, name: &str) -> Result<Vec<Value>> {
    let filter = json!({"automations": {"name": {"any_": [name]}}});
    Ok(api.post("/automations/filter", &filter)?.as_array().cloned().unwrap_or_default())
}

fn deploy(sandbox: &Sandbox) -> Result<Value> {
    sandbox.run("deploy --all --output json --quiet").and_then(Output::success)?.json()
}

/// Returns the statuses of the resources in the document of a deploy.
fn statuses(document: &Value) -> Vec<&str> {
    let resources = document["resources"].as_array().into_iter().flatten();
    resources.filter_map(|resource| resource["status"].as_str()).collect()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn every_valid_name_is_created_found_and_deleted() -> Result<()> {
    let api = Api::from_env()?;
    let names = [
        "etl/alert-UNIQUE",
        "/lead-UNIQUE",
        "trail-UNIQUE/",
        "50%-UNIQUE",
        "a?b#c&d=e-UNIQUE",
        "ü – 漢-UNIQUE",
    ];
    let declarations = names.map(|name| {
        format!(
            "  - {{name: '{name}', trigger: {{type: event, expect: [a]}}, actions: [{{type: do-nothing}}]}}\n"
        )
    });
    let mut section = format!("  automations:\n{}", declarations.concat());
    section += "  - {name: last-UNIQUE, trigger: {type: event, expect: [a]}, actions: [{type: pause-automation, automation: etl/alert-UNIQUE}]}\n";
    section += "  concurrency_limits: [{name: 'a b?#ü-UNIQUE', limit: 1}]\n";
    section +=
        "  work_pools: [{name: 'p ?#ü-UNIQUE', type: process, queues: [{name: 'q ?#ü', priority: 2}]}]\n";
    let sandbox = sandbox(&api, &section)?;
    let created = deploy(&sandbox)?;
    assert_eq!(statuses(&created), ["created"; 10], "{created}");
    for name in names {
        let name = sandbox.unique(name);
        assert_eq!(named(&api, &name)?.len(), 1, "{name}");
    }
    assert_eq!(statuses(&deploy(&sandbox)?), ["unchanged"; 10]);
    sandbox.run("drift --quiet").and_then(Output::success)?;
    let shown = sandbox.run_words(&["automation", "inspect", names[0], "-o", "json"])?.success()?.json()?;
    assert_eq!(shown[0]["name"], sandbox.unique(names[0]));
    sandbox.run("destroy --all --yes --quiet").and_then(Output::success)?;
    for name in names {
        assert_eq!(named(&api, &sandbox.unique(name))?, Vec::<Value>::new(), "{name}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn an_action_may_refer_to_a_queue_that_the_server_creates() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(
        &api,
        "  work_pools: [{name: au-UNIQUE, type: process}]
  automations:
  - name: queue-UNIQUE
    trigger: {type: event, expect: [a]}
    actions:
    - {type: pause-work-queue, work_queue: au-UNIQUE/default}
    - {type: resume-work-queue, work_queue: au-UNIQUE/high}",
    )?;
    let project = sandbox.read("prefect.yaml")?;
    let deployment =
        "{name: a, entrypoint: 'flow.py:hello', work_pool: {name: au-UNIQUE, work_queue_name: high}}";
    sandbox.file("prefect.yaml", project.replace("[]\n", &format!("[{deployment}]\npull: []\n")))?;
    deploy(&sandbox)?;
    let queue = api.get(&sandbox.unique("/work_pools/au-UNIQUE/queues/default"))?.context("no queue")?;
    let automation = &named(&api, &sandbox.unique("queue-UNIQUE"))?[0];
    assert_eq!(automation["actions"][0]["work_queue_id"], queue["id"]);
    sandbox.run("drift --quiet").and_then(Output::success)?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn metric_triggers_are_reported_before_anything_is_written() -> Result<()> {
    let api = Api::from_env()?;
    let metric = "{type: metric, metric: {name: lateness, operator: '>', threshold: 1}}";
    let section = format!(
        "  variables: {{metric-UNIQUE: 1}}
  automations:
  - name: plain-UNIQUE
    trigger: {metric}
    actions: [{{type: do-nothing}}]
  - name: nested-UNIQUE
    trigger: {{type: compound, require: any, triggers: [{{type: event}}, {metric}]}}
    actions: [{{type: do-nothing}}]"
    );
    let sandbox = sandbox(&api, &section)?;
    sandbox.run("check --quiet").and_then(Output::success)?;
    for line in ["plan --all --quiet", "deploy --all --quiet"] {
        let output = sandbox.run(line)?;
        assert_eq!(output.code, 2, "{output}");
        for place in ["prefect.yaml:5:14", "also at prefect.yaml:8"] {
            assert!(output.stderr.contains(place), "{place}: {output}");
        }
        assert!(output.stderr.contains("metric triggers are only supported on Prefect Cloud"), "{output}");
    }
    assert_eq!(api.get(&sandbox.unique("/variables/name/metric-UNIQUE"))?, None);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn updates_the_registered_automation_of_several_with_the_same_name() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(
        &api,
        "  automations: [{name: twice-UNIQUE, trigger: {type: event, expect: [a]}, actions: [{type: do-nothing}]}]",
    )?;
    let id = sandbox.unique("several-UNIQUE");
    let deploy =
        |options: &str| sandbox.run(&format!("deploy --all --project {id} --output json --quiet {options}"));
    deploy("")?.success()?;
    let name = sandbox.unique("twice-UNIQUE");
    let own = named(&api, &name)?[0]["id"].clone();
    let other = json!({
        "name": name, "trigger": {"type": "event", "posture": "Reactive", "expect": ["b"]}, "actions": [{"type": "do-nothing"}],
    });
    let other = api.post("/automations/", &other)?["id"].clone();
    let project = sandbox.read("prefect.yaml")?;
    sandbox.file("prefect.yaml", project.replace("expect: [a]", "expect: [c]"))?;
    let updated = deploy("")?.success()?.json()?;
    assert_eq!(statuses(&updated), ["updated"], "{updated}");
    assert_eq!(statuses(&deploy("")?.success()?.json()?), ["unchanged"]);
    for (id, event) in [(&own, "c"), (&other, "b")] {
        let found = api
            .get(&format!("/automations/{}", id.as_str().unwrap_or_default()))?
            .context("no automation")?;
        assert_eq!(found["trigger"]["expect"], json!([event]));
    }
    // Without the record, all findings are reported together.
    let unknown = "actions: [{type: pause-work-pool, work_pool: no-UNIQUE}";
    sandbox.file("prefect.yaml", project.replace("actions: [{type: do-nothing}", unknown))?;
    let output = sandbox.run("plan --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("the server has multiple automations named"), "{output}");
    assert!(output.stderr.contains("prefect.yaml:2:17"), "{output}");
    assert!(output.stderr.contains("is neither declared nor on the server"), "{output}");
    for id in [&own, &other] {
        assert!(output.stderr.contains(id.as_str().unwrap_or_default()), "{output}");
    }
    sandbox.file("prefect.yaml", project.replace("name: twice", "name: renamed"))?;
    deploy("--prune --max-deletes 5")?.success()?;
    let left: Vec<Value> = named(&api, &name)?.iter().map(|found| found["id"].clone()).collect();
    assert_eq!(left, [other]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn first_deploys_at_the_same_time_create_each_resource_once() -> Result<()> {
    let api = Api::from_env()?;
    let section = "  work_pools: [{name: par-UNIQUE, type: process, queues: [{name: high, priority: 1}]}]
  variables: {par-UNIQUE: 1}
  concurrency_limits: [{name: par-UNIQUE, limit: 2}]
  blocks: [{type: secret, name: par-UNIQUE, value_from: env:TOKEN}]
  automations: [{name: par-UNIQUE, trigger: {type: event, expect: [a]}, actions: [{type: do-nothing}]}]";
    let sandbox = sandbox(&api, section)?.variable("TOKEN", "canary");
    let runs: Vec<_> =
        (0..4).map(|_| sandbox.spawn("deploy --all --output json --quiet")).collect::<Result<_>>()?;
    for run in runs {
        let output = run.wait_with_output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(named(&api, &sandbox.unique("par-UNIQUE"))?.len(), 1);
    assert_eq!(statuses(&deploy(&sandbox)?), ["unchanged"; 6]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn invalid_automations_are_reported_before_anything_is_written() -> Result<()> {
    let api = Api::from_env()?;
    let trigger = "trigger: {type: event, expect: [a]}";
    for (action, message) in [
        ("{type: pause-work-pool}", "the action requires `work_pool`"),
        (
            "{type: run-deployment, source: inferred, parameters: {a: '{{ x ) }}'}}",
            "invalid template: unexpected ')'",
        ),
        ("{type: run-deploymen}", "unknown action type 'run-deploymen'"),
    ] {
        let section = format!(
            "  variables: {{invalid-UNIQUE: 1}}\n  automations: [{{name: a-UNIQUE, {trigger}, actions: [{action}]}}]"
        );
        let sandbox = sandbox(&api, &section)?;
        for line in ["check --quiet", "deploy --all --quiet"] {
            let output = sandbox.run(line)?;
            assert_eq!(output.code, 2, "{output}");
            assert!(output.stderr.contains(message) || output.stdout.contains(message), "{output}");
        }
        assert_eq!(api.get(&sandbox.unique("/variables/name/invalid-UNIQUE"))?, None);
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn the_payload_of_a_webhook_may_be_a_mapping() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(
        &api,
        "  blocks: [{type: webhook, name: hook-UNIQUE, values: {method: POST}, value_from: {url: env:HOOK}}]
  automations:
  - name: hook-UNIQUE
    trigger: {type: event, expect: [a]}
    actions: [{type: call-webhook, block: webhook/hook-UNIQUE, payload: {text: 'ü {{ event.id }}', list: [1, {}]}}]",
    )?
    .variable("HOOK", "https://example.com/hook");
    deploy(&sandbox)?;
    let payload = named(&api, &sandbox.unique("hook-UNIQUE"))?[0]["actions"][0]["payload"].clone();
    assert_eq!(payload, "{\n  \"text\": \"ü {{ event.id }}\",\n  \"list\": [\n    1,\n    {}\n  ]\n}");
    assert_eq!(statuses(&deploy(&sandbox)?), ["unchanged"; 2]);
    Ok(())
}
