//! Tests of the commands for variables, blocks and automations against a real server.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    deployment_commands::{PROJECT, document, succeed},
    support::{Api, Moment, Proxy, Verdict, assert_output},
};

#[test]
#[ignore = "needs services: run tests/run"]
fn variables_keep_types_and_tags() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let output = sandbox.run("variable set v_UNIQUE {\"a\":[1,\"[bold]\"]} --tag t")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Set variable 'v_UNIQUE'.
    ");
    let output = sandbox.run("variable set v_UNIQUE 2")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Variable 'v_UNIQUE' already exists. Use `--overwrite` to update it.
    ");
    let output = sandbox.run("variable get v_UNIQUE")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    {"a":[1,"[bold]"]}
    "#);
    assert_eq!(document(&sandbox, "variable set v_UNIQUE text --overwrite")?["action"], "updated");
    let shown = document(&sandbox, "variable inspect v_UNIQUE")?;
    assert_eq!((&shown["value"], &shown["tags"]), (&json!("text"), &json!(["t"])));
    succeed(&sandbox, "variable set v_UNIQUE text --overwrite --empty-tag")?;
    assert_eq!(document(&sandbox, "variable inspect v_UNIQUE")?["tags"], json!([]));
    assert!(succeed(&sandbox, "variable ls")?.stdout.contains(&sandbox.unique("v_UNIQUE")));
    assert_eq!(sandbox.run("variable unset v_UNIQUE")?.code, 4);
    succeed(&sandbox, "variable unset v_UNIQUE --yes")?;
    succeed(&sandbox, "variable set v_UNIQUE again")?;
    sandbox.run_as_prefect("variable unset v_UNIQUE")?.success()?;
    let output = sandbox.run("variable get v_UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Variable 'v_UNIQUE' not found.
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn inspect_hides_the_secrets_of_blocks() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let types = document(&sandbox, "block type ls")?;
    let kind = types.as_array().and_then(|types| types.iter().find(|kind| kind["slug"] == "secret"));
    let kind = &kind.context("the type of secrets")?["id"];
    let filter = json!({"block_schemas": {"block_type_id": {"any_": [kind]}}, "limit": 1});
    let schema = &api.post("/block_schemas/filter", &filter)?[0]["id"];
    let block = json!({
        "name": sandbox.unique("s-UNIQUE"), "data": {"value": "hunter2-secret"},
        "block_schema_id": schema, "block_type_id": kind,
    });
    api.post("/block_documents/", &block)?;
    for line in [
        "block inspect secret/s-UNIQUE",
        "block inspect secret/s-UNIQUE -o json",
        "block ls",
        "block ls -o json",
    ] {
        let output = succeed(&sandbox, line)?;
        assert!(output.stdout.contains(&sandbox.unique("s-UNIQUE")), "{line}: {}", output.stdout);
        assert!(!output.stdout.contains("hunter2"), "{line}: {}", output.stdout);
    }
    let output = sandbox.run("block inspect secret/no-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Block 'secret/no-UNIQUE' not found!
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pauses_resumes_and_deletes_automations() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let automation = json!({
        "name": sandbox.unique("auto UNIQUE"), "actions": [{"type": "do-nothing"}],
        "trigger": {"type": "event", "posture": "Reactive", "expect": ["x.happened"], "threshold": 1, "within": 0},
    });
    api.post("/automations/", &automation)?;
    let name = "auto UNIQUE";
    let shown = || sandbox.run_words(&["automation", "inspect", name, "-o", "json"])?.success()?.json();
    assert_eq!(shown()?[0]["enabled"], true);
    let yaml = sandbox.run_words(&["automation", "inspect", name, "--yaml"])?.success()?;
    assert!(yaml.stdout.starts_with("- name: auto "), "{yaml}");
    assert!(succeed(&sandbox, "automation ls")?.stdout.contains("event: x.happened"));
    sandbox.run_words(&["automation", "pause", name])?.success()?;
    assert_eq!(shown()?[0]["enabled"], false);
    sandbox.run_words(&["automation", "resume", name])?.success()?;
    assert_eq!(shown()?[0]["enabled"], true);
    api.post("/automations/", &automation)?;
    let both = shown()?.as_array().cloned().unwrap_or_default();
    assert_eq!(both.len(), 2);
    let refused = sandbox.run_words(&["automation", "pause", name])?;
    assert!(refused.code == 4 && refused.stderr.contains("Multiple automations found"), "{refused}");
    assert_eq!(shown()?, json!(both));
    sandbox.run_words(&["automation", "pause", name, "--yes"])?.success()?;
    assert_eq!((&shown()?[0]["enabled"], &shown()?[1]["enabled"]), (&json!(false), &json!(false)));
    let refused = sandbox.run_words(&["automation", "delete", name, "--yes"])?;
    assert!(refused.code == 1 && refused.stderr.contains("Multiple automations found"), "{refused}");
    let id = both[0]["id"].as_str().unwrap_or_default();
    assert!(refused.stderr.contains(id), "{refused}");
    let inspect = ["automation", "inspect", "--id", id, "-o", "json"];
    assert_eq!(sandbox.run_words(&inspect)?.success()?.json()?["id"], id);
    sandbox.run_words(&["automation", "delete", "--id", id, "--yes"])?.success()?;
    let output = sandbox.run_words(&["automation", "delete", name, "--yes"])?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted automation with name 'auto UNIQUE'
    ");
    let gone = sandbox.run_words(&["automation", "inspect", name])?;
    assert!(gone.code == 1 && gone.stderr.contains("Automation 'auto "), "{}", gone.stderr);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_failure_after_the_first_automation_is_a_partial_failure() -> Result<()> {
    let api = Api::from_env()?;
    let patches = AtomicUsize::new(0);
    let proxy = Proxy::start(api.url(), move |seen, moment| {
        let is_patch = moment == Moment::Before && seen.line.starts_with("PATCH /api/automations/");
        if is_patch && patches.fetch_add(1, SeqCst) == 1 { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = api.sandbox(PROJECT)?.variable("PREFECT_API_URL", proxy.url());
    let automation = json!({
        "name": sandbox.unique("partial UNIQUE"), "actions": [{"type": "do-nothing"}],
        "trigger": {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0},
    });
    api.post("/automations/", &automation)?;
    api.post("/automations/", &automation)?;
    let output = sandbox.run_words(&["automation", "pause", "partial UNIQUE", "--yes"])?;
    assert!(output.code == 3 && output.stderr.contains("help: 1 of 2 were paused"), "{output}");
    Ok(())
}
