//! Tests of `--preview` and `prefectl preview`.

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

/// Returns the names of the deployments on the server, without those of flows.
fn deployments(api: &Api, sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut names = api.registered(sandbox)?;
    names.retain(|name| !name.ends_with("-UNIQUE") || name.contains("--"));
    names.sort();
    Ok(names)
}

/// Creates a sandbox with a project id.
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
    // Not recorded, because it was not deployed as a preview.
    sandbox.file("other.yaml", PROJECT.replace("daily\n", "other--pr-UNIQUE\n"))?;
    sandbox.run("deploy -n other* --prefect-file other.yaml --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("deploy -n leave --preview other-UNIQUE --quiet").and_then(Output::success)?;

    let output = sandbox.run("preview ls --output json")?.success()?;
    let listed: Value = serde_json::from_str(&output.stdout)?;
    let name = preview(&sandbox);
    let found = listed.as_array().context("a list")?.iter().find(|preview| preview["name"] == json!(name));
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

/// A project does not own the copies of a preview, so `--prune` keeps them.
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

/// Other deployments use the declared resources, too.
#[test]
#[ignore = "needs services: run tests/run"]
fn preview_does_not_write_declared_resources() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.file("prefect.yaml", format!("prefectl: {{variables: {{selected_UNIQUE: 1}}}}{PROJECT}"))?;
    sandbox.run("deploy --all --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let output = sandbox.run("variable get selected_UNIQUE")?;
    assert_eq!(output.code, 1, "{output}");
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    Ok(())
}

/// The copies of two projects have different records, although the previews have the same name.
#[test]
#[ignore = "needs services: run tests/run"]
fn previews_of_projects_are_separate() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let other = [("PREFECTL_PROJECT", sandbox.unique("other-UNIQUE"))];
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run_with(&other, "deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let listed = sandbox.run_with(&other, "preview ls --output json")?.success()?.json()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let name = &listed[0]["deployments"][0]["name"];
    assert_eq!(name, &json!(sandbox.unique("goodbye-UNIQUE/leave--pr-UNIQUE")));
    sandbox.run_with(&other, "preview prune --older-than 0d --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn previews_require_a_project_id() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    insta::allow_duplicates! {
    for command in [
        "deploy --all --preview pr-UNIQUE",
        "plan --all --preview pr-UNIQUE",
        "preview ls",
        "preview delete pr-UNIQUE --yes --ignore-missing",
        "preview prune --older-than 1d --yes",
    ] {
        let output = sandbox.run(command)?;
        assert_output!(output, @r"
        exit 2
        --- stderr
        error: a preview requires a project id
        help: set the id with --project, PREFECTL_PROJECT, or `prefectl.project` in prefect.toml
        ");
    }
    anyhow::Ok(())
    }?;
    sandbox.run("plan --all --preview pr-UNIQUE --project own-UNIQUE --out plan.json --quiet")?.success()?;
    assert_eq!(sandbox.run("deploy --plan plan.json")?.code, 2);
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

/// A deployment that has the name of a copy, but not the tag, is neither overwritten nor deleted.
#[test]
#[ignore = "needs services: run tests/run"]
fn previews_keep_deployments_that_are_not_copies() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.file("other.yaml", PROJECT.replace("daily\n", "daily--pr-UNIQUE\n"))?;
    sandbox.run("deploy -n daily* --prefect-file other.yaml --quiet").and_then(Output::success)?;
    insta::allow_duplicates! {
    for command in ["deploy", "plan"] {
        let output = sandbox.run(&format!("{command} --all --preview pr-UNIQUE --quiet"))?;
        assert_output!(output, @r"
        exit 1
        --- stderr
        error: deployment 'hello-UNIQUE/daily--pr-UNIQUE' already exists and does not have the tag 'preview:pr-UNIQUE'
        help: nothing was registered; choose another name for the preview, or rename the deployment
        ");
    }
    anyhow::Ok(())
    }?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("deploy -n leave --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    let mut value = api.get(&record(&sandbox))?.context("no record")?["value"].take();
    let names = value["deployments"].as_array_mut().context("a list")?;
    assert_eq!(names, &[json!(sandbox.unique("goodbye-UNIQUE/leave--pr-UNIQUE"))]);
    names.push(json!(sandbox.unique("hello-UNIQUE/daily--pr-UNIQUE")));
    api.patch(&record(&sandbox), &json!({"value": value}))?;
    let output = sandbox.run("preview delete pr-UNIQUE --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted 1 preview with 1 deployment.
    --- stderr
    Deployment 'hello-UNIQUE/daily--pr-UNIQUE' is kept because it does not have the tag 'preview:pr-UNIQUE'.
    To be deleted: pr-UNIQUE
      goodbye-UNIQUE/leave--pr-UNIQUE
    ");
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    Ok(())
}

/// A damaged record stops the deploy of its preview before any write, and no other preview.
#[test]
#[ignore = "needs services: run tests/run"]
fn damaged_preview_record_affects_only_its_preview() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    sandbox.run("deploy -n daily --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    api.patch(&record(&sandbox), &json!({"value": "hello"}))?;
    insta::allow_duplicates! {
    for command in ["deploy --all --preview pr-UNIQUE --quiet", "preview delete pr-UNIQUE --yes"] {
        let output = sandbox.run(command)?;
        assert_output!(output, @r"
        exit 1
        --- stderr
        error: the record of preview 'pr-UNIQUE' in variable 'prefectl-preview-own-UNIQUE--pr-UNIQUE' is damaged
        help: correct the variable, or delete it with `prefectl variable delete prefectl-preview-own-UNIQUE--pr-UNIQUE` and deploy the preview again, which records its deployments
        ");
    }
    anyhow::Ok(())
    }?;
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    sandbox.run("deploy -n leave --preview other-UNIQUE --quiet").and_then(Output::success)?;
    let output = sandbox.run("preview prune --older-than 0d --yes")?.success()?;
    assert!(output.stderr.contains("is damaged; correct the variable"), "{output}");
    assert_eq!(deployments(&api, &sandbox)?, ["daily--pr-UNIQUE"]);
    // The record can be restored, although the deployment is unchanged.
    api.delete(&record(&sandbox))?;
    sandbox.run("deploy --all --preview pr-UNIQUE --quiet").and_then(Output::success)?;
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn concurrent_deploys_of_a_preview_are_all_recorded() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox_of(&api, "own-UNIQUE")?;
    let deploys = ["daily", "leave"]
        .map(|name| sandbox.start(&format!("deploy -n {name} --preview pr-UNIQUE --quiet")));
    for deploy in deploys {
        assert!(deploy?.wait()?.success());
    }
    assert_eq!(deployments(&api, &sandbox)?.len(), 2);
    sandbox.run("preview delete pr-UNIQUE --yes").and_then(Output::success)?;
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
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
