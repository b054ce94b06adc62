//! Tests of work pools, variables, limits, blocks and automations that a project file declares.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

/// A secret that must not occur in any output or on disk.
const CANARY: &str = "canary-3f9c1d77";

const PROJECT: &str = r#"
prefectl:
  work_pools:
  - name: declared-UNIQUE
    type: kubernetes
    namespace: prefect
    finished_job_ttl: 60
    add_variables:
      node: {type: string, default: a, place: nodeName}
    concurrency_limit: 20
    queues: [{name: high, priority: 1, concurrency_limit: 5}, {name: low, priority: 4}]
  variables: {region-UNIQUE: eu-west-1}
  concurrency_limits: [{name: warehouse-UNIQUE, limit: 3, slot_decay_per_second: 0}]
  automations:
  - name: after-load-UNIQUE
    trigger: {type: event, expect: [load.finished]}
    actions: [{type: run-deployment, deployment: hello-UNIQUE/a}]
  blocks: [{type: secret, name: api-UNIQUE, value_from: env:API_TOKEN}]
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  version: "1"
  parameters: {name: "{{ prefect.variables.region-UNIQUE }}"}
  work_pool: {name: declared-UNIQUE, work_queue_name: high, job_variables: {node: b}}
"#;

/// Creates a sandbox with the project and the secret in the environment.
fn sandbox(api: &Api) -> Result<Sandbox> {
    let sandbox = Sandbox::for_project(api.url(), PROJECT)?;
    Ok(sandbox.variable("API_TOKEN", CANARY))
}

/// Replaces a substring of the project file.
fn edit(sandbox: &Sandbox, from: &str, to: &str) -> Result<()> {
    let path = sandbox.directory().join("prefect.yaml");
    let text = std::fs::read_to_string(&path)?;
    ensure!(text.contains(from), "the file does not contain {from}");
    std::fs::write(path, text.replacen(from, to, 1))?;
    Ok(())
}

/// Returns the status of each resource in the document of a deploy.
fn statuses(output: &Value) -> Result<Vec<String>> {
    let resources = output["resources"].as_array().context("no resources")?;
    let status = |resource: &Value| format!("{} {}", resource["kind"], resource["status"]).replace('"', "");
    Ok(resources.iter().map(status).collect())
}

fn deploy(sandbox: &Sandbox) -> Result<Value> {
    let output = sandbox.run("deploy --all --output json --quiet")?;
    ensure!(!output.stdout.contains(CANARY) && !output.stderr.contains(CANARY), "{output}");
    output.success()?.json()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_plan_shows_the_declared_resources() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let output = sandbox.run("plan --all --quiet")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    + work pool declared-UNIQUE (create)
        + type: "kubernetes"
        + concurrency_limit: 20
        + base_job_template.job_configuration.job_manifest.spec.template.spec.nodeName: "{{ node }}"
        ~ base_job_template.variables.properties.namespace.default: "default" -> "prefect"
        + base_job_template.variables.properties.finished_job_ttl.default: 60
        + base_job_template.variables.properties.node: {"title":"Node","type":"string","default":"a"}
    + work queue declared-UNIQUE/high (create)
        + priority: 1
        + concurrency_limit: 5
    + work queue declared-UNIQUE/low (create)
        + priority: 4
    + concurrency limit warehouse-UNIQUE (create)
        + limit: 3
        + slot_decay_per_second: 0.0
    + variable region-UNIQUE (create)
        + value: "eu-west-1"
    + block secret/api-UNIQUE (create)
        + value: "********"
    + hello-UNIQUE/a (create)
        + parameters: {"name":"eu-west-1"}
        + work_queue_name: "high"
        + work_pool_name: "declared-UNIQUE"
        + description: "Greets."
        + entrypoint: "flow.py:hello"
        + job_variables: {"node":"b"}
        + version: "1"
    + automation after-load-UNIQUE (create)
        + trigger: {"type":"event","match":{},"match_related":{},"after":[],"expect":["load.finishe... (146 characters)
        + actions: [{"type":"run-deployment","source":"selected","deployment":"hello-UNIQUE/a",... (141 characters)

    Plan: 8 to create.
    "#);
    Ok(())
}

/// Deploys again, and asserts that all resources and the deployment are unchanged.
fn assert_next_deploy_is_unchanged(sandbox: &Sandbox) -> Result<()> {
    let unchanged = deploy(sandbox)?;
    assert!(statuses(&unchanged)?.iter().all(|status| status.ends_with(" unchanged")), "{unchanged}");
    assert_eq!(unchanged["deployments"][0]["status"], "unchanged", "{unchanged}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn declared_resources_are_created_once() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let created = deploy(&sandbox)?;
    assert_eq!(
        statuses(&created)?,
        [
            "work_pool created",
            "work_queue created",
            "work_queue created",
            "concurrency_limit created",
            "variable created",
            "block created",
            "automation created",
        ]
    );
    let pool = sandbox.unique("declared-UNIQUE");
    let live = api.get(&format!("/work_pools/{pool}"))?.context("no pool")?;
    let properties = &live["base_job_template"]["variables"]["properties"];
    assert_eq!(properties["namespace"]["default"], "prefect");
    assert_eq!(properties["node"]["default"], "a");
    let pod = &live["base_job_template"]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"];
    assert_eq!(pod["nodeName"], "{{ node }}");
    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    assert_eq!(deployment["parameters"]["name"], "eu-west-1");
    assert_next_deploy_is_unchanged(&sandbox)?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn declared_resources_are_kept_up_to_date() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    deploy(&sandbox)?;
    // Another user changes the resources on the server.
    api.patch(
        &format!("/v2/concurrency_limits/{}", sandbox.unique("warehouse-UNIQUE")),
        &json!({"limit": 9}),
    )?;
    let output = sandbox.run("drift --all --quiet")?;
    assert_eq!(output.code, 10, "{output}");
    for expected in ["~ concurrency limit warehouse-", "limit: file 3, server 9", "= work pool"] {
        assert!(output.stdout.contains(expected), "{expected}: {output}");
    }
    edit(&sandbox, "finished_job_ttl: 60", "finished_job_ttl: 90")?;
    edit(&sandbox, "eu-west-1", "eu-west-2")?;
    edit(&sandbox, "priority: 4", "priority: 3")?;
    edit(&sandbox, "load.finished", "load.done")?;
    let sandbox = sandbox.variable("API_TOKEN", "rotated-3f9c1d77");
    let output = sandbox.run("plan --all --quiet")?;
    for expected in [
        "~ base_job_template.variables.properties.finished_job_ttl.default: 60 -> 90",
        "/low (update)",
        "~ limit: 9 -> 3",
        "~ value: \"eu-west-1\" -> \"eu-west-2\"",
        "~ value: \"********\" -> \"******** (another value)\"",
        "~ trigger.expect[0]: \"load.finished\" -> \"load.done\"",
        "Plan: 7 to update, 1 unchanged.",
    ] {
        assert!(output.stdout.contains(expected), "{expected}: {output}");
    }
    let updated = deploy(&sandbox)?;
    assert_eq!(
        statuses(&updated)?,
        [
            "work_pool updated",
            "work_queue unchanged",
            "work_queue updated",
            "concurrency_limit updated",
            "variable updated",
            "block updated",
            "automation updated",
        ]
    );
    let block =
        sandbox.unique("/block_types/slug/secret/block_documents/name/api-UNIQUE?include_secrets=true");
    let block = api.get(&block)?.context("no block")?;
    assert_eq!(block["data"]["value"], "rotated-3f9c1d77");
    assert_eq!(sandbox.run("plan --all --detailed-exitcode --quiet")?.code, 0);
    // With a selection, only deployments are compared.
    let output = sandbox.run("plan -n a --output json --quiet").and_then(Output::success)?.json()?;
    assert_eq!(output.get("resources"), None, "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_changed_resource_is_a_conflict_and_a_pool_keeps_its_type() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    deploy(&sandbox)?;
    sandbox.run("plan --all --out plan.json --quiet").and_then(Output::success)?;
    let plan = std::fs::read_to_string(sandbox.directory().join("plan.json"))?;
    assert!(!plan.contains(CANARY), "{plan}");
    api.patch(&sandbox.unique("/variables/name/region-UNIQUE"), &json!({"value": "other"}))?;
    let output = sandbox.run("deploy --plan plan.json --quiet")?;
    assert_eq!(output.code, 8, "{output}");
    assert!(output.stderr.contains("has changed on the server"), "{output}");
    edit(&sandbox, "type: kubernetes\n    namespace: prefect\n    finished_job_ttl: 60\n", "type: docker\n")?;
    edit(&sandbox, ", place: nodeName", ", place: networks")?;
    let output = sandbox.run("plan --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("has the type 'kubernetes' on the server"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn resources_that_refer_to_each_other_are_complete_after_each_deploy() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let variables = r#"variables:
    host-UNIQUE: "<< variables['zone-UNIQUE'] >>.internal"
    zone-UNIQUE: "{{ prefect.variables.region-UNIQUE }}-3"
    region-UNIQUE: eu-west-1"#;
    edit(&sandbox, &sandbox.unique("variables: {region-UNIQUE: eu-west-1}"), &sandbox.unique(variables))?;
    edit(&sandbox, "{name: \"{{ prefect.variables.region-", "{name: \"{{ prefect.variables.host-")?;
    let automations = r"automations:
  - name: outer-UNIQUE
    trigger: {type: event, expect: [load.failed]}
    actions: [{type: pause-automation, automation: inner-UNIQUE}]
  - name: inner-UNIQUE
    trigger: {type: event, expect: [load.failed]}
    actions: [{type: pause-automation, automation: after-load-UNIQUE}]";
    edit(&sandbox, "automations:", &sandbox.unique(automations))?;
    for region in ["eu-west-1", "eu-west-2"] {
        edit(&sandbox, "eu-west-1", region)?;
        deploy(&sandbox)?;
        let host = api.get(&sandbox.unique("/variables/name/host-UNIQUE"))?.context("no variable")?;
        assert_eq!(host["value"], format!("{region}-3.internal"));
        let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
        assert_eq!(deployment["parameters"]["name"], host["value"]);
        assert_next_deploy_is_unchanged(&sandbox)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn an_automation_of_an_unknown_deployment_is_an_error() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    edit(&sandbox, "deployment: hello-", "deployment: hello-x")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("is neither declared nor on the server"), "{output}");
    let pool = api.get(&sandbox.unique("/work_pools/declared-UNIQUE"))?;
    assert_eq!(pool, None);
    Ok(())
}

#[test]
fn render_prints_the_requests_that_create_the_resources() -> Result<()> {
    let sandbox = Sandbox::for_project("http://localhost:9/api", PROJECT)?.variable("API_TOKEN", CANARY);
    edit(&sandbox, ": eu-west-1}", ": eu-west-1, z_db_password: pass-word-5}")?;
    let output = sandbox.run("render --all --output json --quiet")?.success()?;
    ensure!(!output.stdout.contains(CANARY) && !output.stdout.contains("pass-word-5"), "{output}");
    let document = output.json()?;
    let resources = document["resources"].as_array().context("no resources")?;
    let request = |index: usize| &resources[index]["requests"][0];
    let kinds: Vec<&Value> = resources.iter().map(|resource| &resource["kind"]).collect();
    assert_eq!(
        json!(kinds),
        json!([
            "work_pool",
            "work_queue",
            "work_queue",
            "concurrency_limit",
            "variable",
            "variable",
            "block",
            "automation"
        ])
    );
    assert_eq!(request(0)["path"], "/work_pools/");
    let template = &request(0)["body"]["base_job_template"];
    assert_eq!(template["variables"]["properties"]["namespace"]["default"], "prefect");
    assert_eq!(request(1)["path"], sandbox.unique("/work_pools/declared-UNIQUE/queues"));
    assert_eq!(request(1)["body"], json!({"name": "high", "priority": 1, "concurrency_limit": 5}));
    let variable = json!({"name": sandbox.unique("region-UNIQUE"), "value": "eu-west-1"});
    assert_eq!(request(4)["body"], variable);
    assert_eq!(request(6)["body"]["data"], json!({"value": "********"}));
    assert_eq!(request(6)["body"]["block_type_id"], "(id of the block type 'secret')");
    assert_eq!(
        request(7)["body"]["actions"][0]["deployment_id"],
        sandbox.unique("(id of the deployment 'hello-UNIQUE/a')")
    );
    let selected = sandbox.run("render -n a --output json --quiet")?.success()?.json()?;
    assert_eq!(selected.get("resources"), None, "{selected}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_new_pool_gets_the_declared_fields_of_its_default_queue() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    edit(&sandbox, "queues: [{", "queues: [{name: default, priority: 2, concurrency_limit: 7}, {")?;
    let created = deploy(&sandbox)?;
    assert!(statuses(&created)?.iter().all(|status| status.ends_with(" created")), "{created}");
    let queue = api.get(&sandbox.unique("/work_pools/declared-UNIQUE/queues/default"))?;
    assert_eq!(queue.context("no queue")?["concurrency_limit"], 7);
    assert_eq!(sandbox.run("plan --all --detailed-exitcode --quiet")?.code, 0);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn an_unknown_block_type_is_reported_before_any_write() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    edit(&sandbox, "blocks: [{", "blocks: [{type: secrte, name: other-UNIQUE, values: {a: 1}}, {")?;
    edit(&sandbox, "other-UNIQUE", &sandbox.unique("other-UNIQUE"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("the server has no block type 'secrte'"), "{output}");
    assert!(output.stderr.contains("did you mean 'secret'?"), "{output}");
    assert_eq!(api.get(&sandbox.unique("/work_pools/declared-UNIQUE"))?, None);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn automations_are_written_after_the_automations_that_they_refer_to() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let pausing = "automations:
  - name: pausing-UNIQUE
    trigger: {type: event, expect: [load.failed]}
    actions: [{type: pause-automation, automation: after-load-UNIQUE}]";
    edit(&sandbox, "automations:", &sandbox.unique(pausing))?;
    let created = deploy(&sandbox)?;
    assert!(statuses(&created)?.iter().all(|status| status.ends_with(" created")), "{created}");
    assert_eq!(sandbox.run("plan --all --detailed-exitcode --quiet")?.code, 0);
    edit(
        &sandbox,
        "actions: [{type: run-deployment",
        &sandbox
            .unique("actions: [{type: pause-automation, automation: pausing-UNIQUE}, {type: run-deployment"),
    )?;
    let output = sandbox.run("check --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("refers to itself"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn variables_may_refer_to_each_other() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let variables =
        r#"variables: {zone-UNIQUE: "{{ prefect.variables.region-UNIQUE }}-3", region-UNIQUE: eu-west-1}"#;
    edit(&sandbox, &sandbox.unique("variables: {region-UNIQUE: eu-west-1}"), &sandbox.unique(variables))?;
    deploy(&sandbox)?;
    let zone = api.get(&sandbox.unique("/variables/name/zone-UNIQUE"))?.context("no variable")?;
    assert_eq!(zone["value"], "eu-west-1-3");
    edit(&sandbox, ": eu-west-1}", &sandbox.unique(r#": "{{ prefect.variables.zone-UNIQUE }}"}"#))?;
    let output = sandbox.run("check --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("refers to itself"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn queues_reach_their_priorities_in_one_deploy() -> Result<()> {
    let api = Api::from_env()?;
    for (before, after) in [
        (
            "{name: x1, priority: 2}, {name: x2, priority: 3}",
            "{name: x2, priority: 1}, {name: x1, priority: 4}, {name: x3, priority: 3}",
        ),
        (
            "{name: x1, priority: 2}, {name: x2, priority: 3}",
            "{name: x3, priority: 1}, {name: x1, priority: 2}, {name: x2, priority: 3}",
        ),
        (
            "{name: x1, priority: 1}, {name: x2, priority: 2}",
            "{name: x3, priority: 2}, {name: x2, priority: 1}, {name: x1, priority: 3}",
        ),
        (
            "{name: default, priority: 1}, {name: x1, priority: 2}",
            "{name: x2, priority: 1}, {name: x1, priority: 2}, {name: default, priority: 3}",
        ),
    ] {
        let sandbox = sandbox(&api)?;
        let queues = "{name: high, priority: 1, concurrency_limit: 5}, {name: low, priority: 4}";
        edit(&sandbox, queues, before)?;
        edit(&sandbox, "work_queue_name: high, ", "")?;
        deploy(&sandbox)?;
        edit(&sandbox, before, after)?;
        deploy(&sandbox)?;
        let output = sandbox.run("plan --all --detailed-exitcode --quiet")?;
        assert_eq!(output.code, 0, "{after}: {output}");
    }
    Ok(())
}
