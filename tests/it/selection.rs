//! Tests of `--select`.

use anyhow::Result;
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

const PROJECT: &str = r#"
pull: []
deployments:
- name: daily
  version: "1"
  entrypoint: flow.py:hello
  tags: [etl, nightly]
  work_pool: {name: pool-UNIQUE}
- name: weekly
  entrypoint: flow.py:hello
  tags: [etl]
  work_pool: {name: "{{ $POOL }}"}
- name: leave
  version: "1"
  entrypoint: services/billing/flows.py:goodbye
  work_pool: {name: pool-UNIQUE}
"#;

fn project() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    sandbox
        .file("services/billing/flows.py", std::fs::read_to_string(sandbox.directory().join("flow.py"))?)?;
    Ok(sandbox.variable("POOL", "gpu".to_owned()))
}

/// Returns the names of the deployments that a command renders.
fn rendered(sandbox: &Sandbox, arguments: &str) -> Result<Vec<String>> {
    let output = sandbox.run(&format!("render --output json {arguments}")).and_then(Output::success)?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    let names = document["deployments"].as_array().into_iter().flatten();
    let name =
        |name: &Value| name.as_str().and_then(|name| name.split_once('/')).map(|(_, name)| name.to_owned());
    Ok(names.filter_map(|deployment| name(&deployment["name"])).collect())
}

#[test]
fn select_combines_conditions_and_names() -> Result<()> {
    let sandbox = project()?;
    for (arguments, expected) in [
        ("--select tag:etl", &["daily", "weekly"][..]),
        ("--all --select tag:nightly", &["daily"]),
        ("--select tag:etl,!tag:nightly", &["weekly"]),
        ("--select path:services/billing --select name:daily", &["daily", "leave"]),
        ("--select flow:goodbye", &["leave"]),
        ("--select file:prefect.yaml", &["daily", "weekly", "leave"]),
        ("--name hello/* --select tag:nightly", &["daily"]),
    ] {
        assert_eq!(rendered(&sandbox, arguments)?, expected, "{arguments}");
    }
    Ok(())
}

#[test]
fn select_skips_deployments_with_templates_and_warns() -> Result<()> {
    let sandbox = project()?;
    let output = sandbox.run("check --select pool:pool-UNIQUE")?;
    assert_output!(output, @r"
    exit 0
    --- stderr
    warning[undecided-selection]: deployment 'weekly' is not selected: 'pool:pool-UNIQUE' depends on its work pool, which cannot be determined
     --> prefect.yaml:9:3
      |
    9 | - name: weekly
      |   ^^^^^^^^^^^^
    1 warning in prefect.yaml
    ");
    let output = sandbox.run("check --select pool:gpu")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: no deployment matches pool:gpu
    help: deployment 'weekly' is not selected: 'pool:gpu' depends on its work pool, which cannot be determined
    ");
    Ok(())
}

#[test]
fn invalid_selections_are_usage_errors() -> Result<()> {
    let sandbox = project()?;
    let output = sandbox.run("render --select tags:etl")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid value 'tags:etl' for '--select <EXPR>': unknown key 'tags' (did you mean 'tag'?); valid keys: changed, file, flow, name, path, pool, tag

    For more information, try '--help'.
    ");
    let output = sandbox.run("render --select etl")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid value 'etl' for '--select <EXPR>': 'etl' has no key: expected `KEY:VALUE`, such as `name:etl`; valid keys: changed, file, flow, name, path, pool, tag

    For more information, try '--help'.
    ");
    let output = sandbox.run("render --select tag:none")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: no deployment matches tag:none
    help: the tags are: etl, nightly
    ");
    let output = sandbox.run("render --all --name daily --select tag:etl")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Cannot use both `--all` and `--name` at the same time. Use only one.
    ");
    let output = sandbox.run("render flow.py:hello --select tag:etl")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: the argument '[ENTRYPOINT]' cannot be used with '--select <EXPR>'

    Usage: prefectl render <ENTRYPOINT>

    For more information, try '--help'.
    ");
    let output = sandbox.run("plan --all --prune --project a --select tag:etl")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: the argument '--prune' cannot be used with '--select <EXPR>'

    Usage: prefectl plan --all --prune --project <ID> [ENTRYPOINT]

    For more information, try '--help'.
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn plan_explains_the_selection() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?.variable("POOL", "gpu".to_owned());
    sandbox
        .file("services/billing/flows.py", std::fs::read_to_string(sandbox.directory().join("flow.py"))?)?;
    let output = sandbox.run("plan --select tag:nightly,flow:hello --select !tag:etl --why")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    + hello-UNIQUE/daily (create)
        selected by --select tag:nightly,flow:hello (tag 'nightly', flow function 'hello')
        + tags: ["etl","nightly"]
        + work_pool_name: "pool-UNIQUE"
        + description: "Greets."
        + entrypoint: "flow.py:hello"
        + version: "1"
    + goodbye-UNIQUE/leave (create)
        selected by --select !tag:etl (matches '!tag:etl')
        + work_pool_name: "pool-UNIQUE"
        + description: "Leaves."
        + entrypoint: "services/billing/flows.py:goodbye"
        + version: "1"

    Plan: 2 to create.
    --- stderr

    Run `prefectl deploy --select tag:nightly,flow:hello --select '!tag:etl'` to apply
    "#);
    let output = sandbox.run("plan -n daily --select tag:nightly --why --output json --out plan.json")?;
    let document: Value = serde_json::from_str(&output.success()?.stdout)?;
    assert_eq!(
        document["deployments"][0]["selected_by"],
        json!([
            {"option": "--name", "value": "daily", "details": []},
            {"option": "--select", "value": "tag:nightly", "details": ["tag 'nightly'"]},
        ])
    );
    assert_eq!(document["selection"]["select"], json!(["tag:nightly"]));
    // The saved plan selects the same deployment.
    sandbox.run("deploy --plan plan.json --quiet").and_then(Output::success)?;
    assert_eq!(api.registered(&sandbox)?.iter().filter(|name| *name == "daily").count(), 1);
    let output = sandbox.run("destroy --select tag:nightly --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted 1 deployment.
    --- stderr
    To be deleted:
      hello-UNIQUE/daily
    ");
    Ok(())
}
