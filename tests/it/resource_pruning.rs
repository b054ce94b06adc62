//! Tests of `--prune` and `destroy` for declared resources: only resources that the project itself registered are
//! deleted, and work pools that are still in use are kept.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox};

const FLOW: &str =
    "pull: []\ndeployments:\n- {name: a, entrypoint: flow.py:hello, work_pool: {name: first-UNIQUE}}\n";

/// Returns a project with one deployment and the given declarations.
fn file(pools: &[&str], others: &str) -> String {
    let pool = |name: &&str| {
        format!("  - {{name: {name}-UNIQUE, type: process, queues: [{{name: high, priority: 1}}]}}\n")
    };
    let pools: String = pools.iter().map(pool).collect();
    format!("{FLOW}prefectl:\n  work_pools:\n{pools}{others}")
}

const OTHERS: &str = "  variables: {region_UNIQUE: x}
  concurrency_limits: [{name: limit-UNIQUE, limit: 1}]
  blocks: [{type: secret, name: api-UNIQUE, value_from: env:TOKEN}]
  automations:
  - name: nightly-UNIQUE
    trigger: {type: event, expect: [x]}
    actions: [{type: run-deployment, deployment: hello-UNIQUE/a}]
";

fn project(api: &Api, text: &str, id: &str) -> Result<Sandbox> {
    let sandbox = api.sandbox(text)?;
    let id = sandbox.unique(id);
    Ok(sandbox.variable("PREFECTL_PROJECT", id).variable("TOKEN", "correct-horse"))
}

/// Returns which of the declared resources exist.
fn existing(api: &Api, sandbox: &Sandbox) -> Result<Vec<&'static str>> {
    let automations = api.post("/automations/filter", &json!({"limit": 200, "sort": "CREATED_DESC"}))?;
    let name = json!(sandbox.unique("nightly-UNIQUE"));
    let mut found = Vec::new();
    for (label, path) in [
        ("first", "/work_pools/first-UNIQUE"),
        ("second", "/work_pools/second-UNIQUE"),
        ("queue", "/work_pools/second-UNIQUE/queues/high"),
        ("limit", "/v2/concurrency_limits/limit-UNIQUE"),
        ("variable", "/variables/name/region_UNIQUE"),
        ("block", "/block_types/slug/secret/block_documents/name/api-UNIQUE"),
    ] {
        if api.get(&sandbox.unique(path))?.is_some() {
            found.push(label);
        }
    }
    let automations = automations.as_array().cloned().unwrap_or_default();
    found.extend(automations.iter().any(|automation| automation["name"] == name).then_some("automation"));
    Ok(found)
}

const ALL: [&str; 7] = ["first", "second", "queue", "limit", "variable", "block", "automation"];

#[test]
#[ignore = "needs services: run tests/run"]
fn prune_deletes_resources_that_are_no_longer_declared() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = project(&api, &file(&["first", "second"], OTHERS), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    assert_eq!(existing(&api, &sandbox)?, ALL);

    sandbox.file("prefect.yaml", file(&["first"], ""))?;
    let plan = sandbox.run("plan --all --prune --output json")?.success()?.json()?;
    let deleted: Vec<&Value> = resources(&plan).filter(|entry| entry["action"] == "delete").collect();
    let kinds: Vec<&Value> = deleted.iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["automation", "block", "variable", "concurrency_limit", "work_queue", "work_pool"]);
    sandbox.file("other.yaml", FLOW)?;
    let partial = sandbox.run("plan --all --prune -f other.yaml --output json")?.success()?.json()?;
    assert!(resources(&partial).all(|entry| entry["action"] != "delete"), "{partial}");
    let limited = sandbox.run("deploy --all --prune --max-deletes 5 --quiet")?;
    assert!(limited.stderr.contains("more deployments and resources would be deleted"), "{limited}");
    assert_eq!(existing(&api, &sandbox)?, ALL);

    let output = sandbox.run("deploy --all --prune --output json")?.success()?.json()?;
    let ends: Vec<&Value> = resources(&output).map(|entry| &entry["status"]).collect();
    assert_eq!(ends.iter().filter(|end| **end == "deleted").count(), 6, "{output}");
    assert_eq!(existing(&api, &sandbox)?, ["first"]);
    let again = sandbox.run("plan --all --prune --detailed-exitcode")?;
    assert_eq!(again.code, 0, "{again}");
    Ok(())
}

fn resources(document: &Value) -> impl Iterator<Item = &Value> {
    document["resources"].as_array().into_iter().flatten()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn resources_of_other_projects_are_kept() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = project(&api, &file(&["first", "second"], OTHERS), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    sandbox.file(
        "other.yaml",
        file(&["second"], OTHERS).replace("first-", "second-").replace("{name: a,", "{name: b,"),
    )?;
    let other = |line: &str| {
        sandbox
            .run_with(&[("PREFECTL_PROJECT", sandbox.unique("two-UNIQUE"))], &format!("{line} -f other.yaml"))
    };
    other("deploy --all --quiet")?.success()?;
    sandbox.file("prefect.yaml", file(&["first"], ""))?;
    sandbox.run("deploy --all --prune --quiet").and_then(Output::success)?;
    assert_eq!(existing(&api, &sandbox)?, ALL);

    // The first project has released the resources, so the second project may delete them.
    let output = other("destroy --all --yes")?.success()?;
    assert!(output.stderr.contains(&sandbox.unique("block 'secret/api-UNIQUE'")), "{output}");
    assert_eq!(existing(&api, &sandbox)?, ["first"]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn changed_resources_of_other_projects_are_reported() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = project(&api, &file(&["first"], OTHERS), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let other = |line: &str| {
        sandbox
            .run_with(&[("PREFECTL_PROJECT", sandbox.unique("two-UNIQUE"))], &format!("{line} -f other.yaml"))
    };
    sandbox.file("other.yaml", file(&["first"], OTHERS))?;
    let equal = other("deploy --all")?.success()?;
    assert!(!equal.stderr.contains("registered-elsewhere"), "{equal}");

    sandbox.file("other.yaml", file(&["first"], OTHERS).replace("_UNIQUE: x", "_UNIQUE: y"))?;
    let variable = sandbox.unique("/variables/name/region_UNIQUE");
    let expected = sandbox.unique(
        "variable 'region_UNIQUE' is also registered by project 'one-UNIQUE', but `value` differs from this file",
    );
    let strict = other("deploy --all --strict")?;
    assert!(strict.code == 2 && strict.stderr.contains(&expected), "{strict}");
    assert_eq!(api.get(&variable)?.unwrap_or_default()["value"], "x");
    for line in ["plan --all", "deploy --all"] {
        let output = other(line)?.success()?;
        assert_eq!(output.stderr.matches(&expected).count(), 1, "{output}");
    }
    assert_eq!(api.get(&variable)?.unwrap_or_default()["value"], "y");
    // The first project now gets the warning, and deletes nothing that the second project has registered.
    let output = sandbox.run("plan --all")?.success()?;
    assert!(output.stderr.contains(&sandbox.unique("project 'two-UNIQUE'")), "{output}");
    sandbox.run("destroy --all --yes")?.success()?;
    assert!(existing(&api, &sandbox)?.contains(&"variable"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_work_pool_in_use_is_never_deleted() -> Result<()> {
    let api = Api::from_env()?;
    let variable = "  variables: {region_UNIQUE: x}\n";
    let sandbox = project(&api, &file(&["first", "second"], variable), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    // A deployment that does not belong to the project uses the pool.
    sandbox.file("loose.yaml", FLOW.replace("first-", "second-").replace("{name: a,", "{name: loose,"))?;
    let no_project = [("PREFECTL_PROJECT", String::new())];
    sandbox.run_with(&no_project, "deploy --all --quiet -f loose.yaml")?.success()?;
    sandbox.file("prefect.yaml", file(&["first"], ""))?;
    let reason = "deployments still use it: hello-UNIQUE/loose";
    let plan = sandbox.run("plan --all --prune")?.success()?;
    let expected = sandbox.unique(&format!("= work pool second-UNIQUE (kept: {reason})"));
    assert!(plan.stdout.contains(&expected) && plan.stdout.contains("Plan: 1 to delete"), "{plan}");
    let plan = sandbox.run("plan --all --prune --output json")?.success()?.json()?;
    let (kind, name) = ("work_pool", sandbox.unique("second-UNIQUE"));
    assert_eq!(plan["kept"], json!([{"kind": kind, "name": name, "reason": sandbox.unique(reason)}]));
    let output = sandbox.run("deploy --all --prune --output json")?;
    let message = sandbox.unique(&format!("work pool 'second-UNIQUE' is kept: {reason}"));
    assert!(output.code == 3 && output.stderr.contains(&message), "{output}");
    let document = output.json()?;
    let ends: Vec<String> = resources(&document).map(|entry| entry["status"].to_string()).collect();
    assert!(ends.contains(&"\"kept\"".to_owned()) && ends.contains(&"\"deleted\"".to_owned()), "{document}");
    assert_eq!(existing(&api, &sandbox)?, ["first", "second", "queue"]);
    assert_eq!(sandbox.run("deploy --all --prune --quiet")?.code, 1);

    // A deployment that moves to another pool in the same deploy does not count, but a run in progress does.
    sandbox.run_with(&no_project, "destroy --all --yes -f loose.yaml")?.success()?;
    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    let path = format!("/deployments/{}/create_flow_run", deployment["id"].as_str().unwrap_or_default());
    let run = api.post(&path, &json!({"state": {"type": "RUNNING"}}))?;
    sandbox.file("prefect.yaml", file(&["second"], "").replace("name: first-", "name: second-"))?;
    let output = sandbox.run("deploy --all --prune --quiet")?;
    assert!(output.code == 3 && output.stderr.contains("it has flow runs in progress"), "{output}");
    assert!(existing(&api, &sandbox)?.contains(&"first"));
    api.delete(&format!("/flow_runs/{}", run["id"].as_str().unwrap_or_default()))?;

    // A worker is online.
    let heartbeat = sandbox.unique("/work_pools/second-UNIQUE/workers/heartbeat");
    api.post(&heartbeat, &json!({"name": "busy"}))?;
    let output = sandbox.run("destroy --all --yes")?;
    assert!(output.code == 3 && output.stderr.contains("it has workers online: busy"), "{output}");
    assert_eq!(api.deployment(&sandbox, "hello-UNIQUE/a")?, None);
    api.delete(&sandbox.unique("/work_pools/second-UNIQUE/workers/busy"))?;
    let output = sandbox.run("destroy --all --yes")?.success()?;
    assert!(output.stdout.contains("Deleted 2 resources."), "{output}");
    assert_eq!(existing(&api, &sandbox)?, ["first"]);
    sandbox.run("deploy --all --quiet")?.success()?;
    let output = sandbox.run("deploy --all --prune --output json")?.success()?.json()?;
    assert!(resources(&output).any(|entry| entry["status"] == "deleted"), "{output}");
    assert_eq!(existing(&api, &sandbox)?, ["second", "queue"]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_work_queue_in_use_is_never_deleted() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = project(&api, &file(&["first"], ""), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let user = FLOW
        .replace("{name: a,", "{name: loose,")
        .replace("first-UNIQUE", "first-UNIQUE, work_queue_name: high");
    sandbox.file("loose.yaml", user)?;
    let no_project = [("PREFECTL_PROJECT", String::new())];
    sandbox.run_with(&no_project, "deploy --all --quiet -f loose.yaml")?.success()?;
    sandbox
        .file("prefect.yaml", file(&["first"], "").replace(", queues: [{name: high, priority: 1}]", ""))?;
    let expected = "work queue 'first-UNIQUE/high' is kept: deployments still use it: hello-UNIQUE/loose";
    let output = sandbox.run("deploy --all --prune --quiet")?;
    assert!(output.code == 1 && output.stderr.contains(&sandbox.unique(expected)), "{output}");
    sandbox.run_with(&no_project, "destroy --all --yes -f loose.yaml")?.success()?;
    sandbox.run("deploy --all --prune --quiet")?.success()?;
    assert_eq!(api.get(&sandbox.unique("/work_pools/first-UNIQUE/queues/high"))?, None);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn destroy_deletes_declared_resources_without_their_secrets() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = project(&api, &file(&["first", "second"], OTHERS), "one-UNIQUE")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let only_deployment = sandbox.run("destroy -n a --yes")?.success()?;
    assert!(only_deployment.stdout.contains("Deleted 1 deployment."), "{only_deployment}");
    assert_eq!(
        existing(&api, &sandbox)?,
        ["first", "second", "queue", "limit", "variable", "block", "automation"]
    );
    let output = sandbox.run_with(&[("TOKEN", String::new())], "destroy --all --yes --output json")?;
    let document = output.success()?.json()?;
    assert_eq!(resources(&document).count(), 8, "{document}");
    assert_eq!(existing(&api, &sandbox)?, [""; 0]);
    Ok(())
}
