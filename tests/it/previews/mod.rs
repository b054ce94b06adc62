//! Tests of `--preview` and `prefectl preview`.

mod ownership;
mod recovery;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

const PROJECT: &str = r#"
pull: []
deployments:
- name: daily
  entrypoint: flow.py:hello
  version: "1"
  tags: [etl]
  work_pool: {name: pool-UNIQUE}
  schedules: [{cron: 0 1 * * *, slug: daily}]
  triggers: [{name: on-UNIQUE, expect: [x]}]
  concurrency_limit: 1
- name: leave
  entrypoint: flow.py:goodbye
  version: "1"
  work_pool: {name: pool-UNIQUE}
"#;

/// Returns the names of the deployments on the server, without flow names.
fn deployments(api: &Api, sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut names = api.registered(sandbox)?;
    names.retain(|name| !name.ends_with("-UNIQUE") || name.contains("--"));
    names.sort();
    Ok(names)
}

/// Creates a sandbox with a project ID.
fn sandbox_of(api: &Api, project: &str) -> Result<Sandbox> {
    let sandbox = api.sandbox(PROJECT)?;
    let id = sandbox.unique(project);
    Ok(sandbox.variable("PREFECTL_PROJECT", id))
}

/// Returns the URL of the variable that records the preview `pr-UNIQUE` of the project `own-UNIQUE`.
fn record(sandbox: &Sandbox) -> String {
    format!("/variables/name/{}", sandbox.unique("prefectl-preview-own-UNIQUE--pr-UNIQUE"))
}

/// Returns a preview name that no other test uses.
fn preview(sandbox: &Sandbox) -> String {
    sandbox.unique("pr-UNIQUE")
}

#[test]
#[ignore = "needs services: run tests/run"]
fn preview_deploys_isolated_copies() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let original = api.existing(&sandbox, "hello-UNIQUE/daily")?;

    let output = sandbox.run("plan --select tag:etl --preview pr-UNIQUE")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    + hello-UNIQUE/daily--pr-UNIQUE (create)
        + concurrency_limit: 1
        + tags: ["etl","preview:pr-UNIQUE"]
        + work_pool_name: "pool-UNIQUE"
        + description: "Greets."
        + entrypoint: "flow.py:hello"
        + version: "1"
        + schedules: {"schedule":{"cron":"0 1 * * *"},"active":false,"slug":"daily"}
          at 01:00 every day, UTC; next: [TIME]

    Plan: 1 to create.
    --- stderr

    Run `prefectl deploy --select tag:etl --preview pr-UNIQUE` to apply
    "#);
    sandbox.run("deploy --all --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let copy = api.existing(&sandbox, "hello-UNIQUE/daily--pr-UNIQUE")?;
    assert_eq!(copy["tags"], json!(["etl", format!("preview:{}", preview(&sandbox))]));
    assert_eq!(copy["schedules"][0]["active"], json!(false));
    assert_eq!(copy["concurrency_limit"], Value::Null);
    assert_ne!(copy["global_concurrency_limit"]["id"], original["global_concurrency_limit"]["id"]);
    assert_eq!(api.automations(&copy)?, Vec::<Value>::new());
    assert_eq!(api.automations(&original)?.len(), 1);
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/daily")?["updated"], original["updated"]);

    // A second deploy changes nothing, and the commands that compare agree.
    let output = sandbox.run("plan --all --preview pr-UNIQUE --detailed-exitcode")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    = hello-UNIQUE/daily--pr-UNIQUE (unchanged)
    = goodbye-UNIQUE/leave--pr-UNIQUE (unchanged)

    Plan: 2 unchanged.
    ");
    sandbox.run("drift --all --preview pr-UNIQUE").and_then(Output::success)?;
    let output = sandbox.run("render -n daily --preview pr-UNIQUE --output json")?.success()?;
    assert!(output.stdout.contains(&format!("daily--{}", preview(&sandbox))), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn preview_delete_removes_only_recorded_copies() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    // This deployment is not recorded, because it was not deployed as a preview.
    sandbox.file("other.yaml", PROJECT.replace("daily\n", "other--pr-UNIQUE\n"))?;
    sandbox.run("deploy -n other* --prefect-file other.yaml --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n leave --preview other-UNIQUE --quiet").and_then(Output::success)?;

    let output = sandbox.run("preview ls --output json")?.success()?;
    let listed: Value = serde_json::from_str(&output.stdout)?;
    let name = preview(&sandbox);
    let found = listed["previews"]
        .as_array()
        .context("a list")?
        .iter()
        .find(|preview| preview["name"] == json!(name));
    let names = found.context("no preview")?["deployments"].as_array().context("a list")?;
    assert_eq!(names.len(), 2);

    let output = sandbox.run("preview delete pr-UNIQUE")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    To be deleted: pr-UNIQUE
      goodbye-UNIQUE/leave--pr-UNIQUE
      hello-UNIQUE/daily--pr-UNIQUE
    error: Are you sure you want to delete 2 deployments? Confirmation is required and there is no terminal.
    help: add --yes to confirm
    ");
    let output = sandbox.run("preview delete pr-UNIQUE --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted 1 preview with 2 deployments.
    --- stderr
    To be deleted: pr-UNIQUE
      goodbye-UNIQUE/leave--pr-UNIQUE
      hello-UNIQUE/daily--pr-UNIQUE
    ");
    assert_eq!(deployments(&api, &sandbox)?, ["daily", "leave", "leave--other-UNIQUE", "other--pr-UNIQUE"]);
    let output = sandbox.run("preview delete pr-UNIQUE --yes")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: preview 'pr-UNIQUE' not found
    help: list the previews with `prefectl preview ls`
    ");
    sandbox.run("preview delete pr-UNIQUE --yes --ignore-missing").and_then(Output::success)?;
    // The preview was deployed just now.
    sandbox.run("preview prune --older-than 7d --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?.len(), 4);
    let output = sandbox.run("preview delete other-UNIQUE --yes --output json")?.success()?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    assert_eq!(document["previews"][0]["deployments"].as_array().map(Vec::len), Some(1), "{output}");
    Ok(())
}

/// Copies are not registered as deployments of the project, so `--prune` keeps them.
#[test]
#[ignore = "needs services: run tests/run"]
fn prune_keeps_previews_of_the_project() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    sandbox.run("deploy --all --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("deploy --all --prune --quiet").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily", "daily--pr-UNIQUE", "leave", "leave--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    sandbox.run("destroy --all --yes").and_then(Output::success)?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn saved_plan_of_a_preview_deploys_the_preview() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("plan -n leave --preview pr-UNIQUE --out plan.json --quiet").and_then(Output::success)?;
    sandbox.run("deploy --plan plan.json --quiet").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, ["leave--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
fn invalid_preview_names_are_usage_errors() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    let output = sandbox.run("render --all --preview PR/1")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid value 'PR/1' for '--preview <PREVIEW>': invalid preview name 'PR/1': use up to 40 lowercase letters and digits, separated by single `-`

    For more information, try '--help'.
    ");
    let output = sandbox.run("preview delete a--b --yes")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid value 'a--b' for '<NAME>': invalid preview name 'a--b': use up to 40 lowercase letters and digits, separated by single `-`

    For more information, try '--help'.
    ");
    let output = sandbox.run("preview prune --older-than 7 --yes")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid value '7' for '--older-than <AGE>': expected a duration such as `7d`, `36h` or `2w`

    For more information, try '--help'.
    ");
    let output = sandbox.run("deploy --all --prune --preview pr-1")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: the argument '--prune' cannot be used with '--preview <PREVIEW>'

    Usage: prefectl deploy --all --prune [ENTRYPOINT]

    For more information, try '--help'.
    ");
    Ok(())
}

/// Other deployments also use the declared resources.
#[test]
#[ignore = "needs services: run tests/run"]
fn preview_does_not_write_declared_resources() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.file("prefect.yaml", format!("prefectl: {{variables: {{selected_UNIQUE: 1}}}}{PROJECT}"))?;
    let note = "declared objects that differ from the server are not changed by a preview: variable 'selected_UNIQUE'";
    for command in ["plan", "deploy"] {
        let output = sandbox.run(&format!("{command} --all --preview pr-UNIQUE"))?.success()?;
        assert!(output.stderr.contains(&sandbox.unique(note)), "{output}");
    }
    let output = sandbox.run("variable get selected_UNIQUE")?;
    assert_eq!(output.code, 1, "{output}");
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    let declared = "prefectl: {work_pools: [{name: declared-UNIQUE, type: process}]}";
    let project = format!("{declared}{}", PROJECT.replace("pool-UNIQUE", "declared-UNIQUE"));
    sandbox.file("prefect.yaml", project)?;
    let output = sandbox.run("plan --all --preview pr-UNIQUE --quiet")?;
    let help = "help: run `prefectl deploy --all` to create the declared work pool 'declared-UNIQUE'; previews and \
                deploys of selected deployments do not write declared resources";
    assert!(output.stderr.contains(&sandbox.unique(help)), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn export_leaves_out_copies() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let copy = sandbox.unique("leave--pr-UNIQUE");
    let all = sandbox.run("export --resources")?.success()?;
    assert!(!all.stdout.contains(&copy) && !all.stdout.contains("prefectl-preview-"), "{all}");
    let named = sandbox.run("export -n goodbye-UNIQUE/leave--pr-UNIQUE")?.success()?;
    assert!(named.stdout.contains(&copy), "{named}");
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    Ok(())
}

/// Fields that a copy omits are neither shown nor validated.
#[test]
#[ignore = "needs services: run tests/run"]
fn omitted_fields_of_copies_are_not_explained_or_validated() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let project = PROJECT.replace("expect: [x]", "expect: [x], description: '{{ $NOPE_UNSET }}'");
    sandbox.file(
        "prefect.yaml",
        project.replace("  concurrency_limit: 1\n", "  sla: [{name: s, duration: 600, severity: high}]\n"),
    )?;
    let output = sandbox.run("render -n daily --preview pr --explain")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    hello-UNIQUE/daily--pr
      --preview pr       name: "daily--pr"
      prefect.yaml:5:15  entrypoint: "flow.py:hello"
      prefect.yaml:6:12  version: "1"
      prefect.yaml:7:10  tags[0]: "etl"
      --preview pr       tags[1]: "preview:pr"
      prefect.yaml:8:21  work_pool.name: "pool-UNIQUE"
      prefect.yaml:9:22  schedules[0].cron: "0 1 * * *"
      prefect.yaml:9:39  schedules[0].slug: "daily"
      --preview pr       schedules[0].active: false
    "#);
    sandbox.run("plan -n daily --preview pr --strict --quiet").and_then(Output::success)?;
    Ok(())
}
