//! Tests of `prefectl check --fix` and `--diff`, and of the pre-commit hook.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::Sandbox;

/// A project whose errors all have a fix.
const PROJECT: &str = "\
# nightly flows
build:
- prefect.projects.steps.run_shell_script:
    script: make  # build
deployments:
- name: a
  entry_point: flow.py:hello
  version: 1.10  # release
  work_pool: pool
  # for the workers
  job_variables:
    image: flows  # image
  schedule:
    cron: '0 0 * * *'
pull:
- prefect.deployments.steps.set_working_directory:
  directory: /srv
";

const FIXED: &str = "\
# nightly flows
build:
- prefect.deployments.steps.run_shell_script:
    script: make  # build
deployments:
- name: a
  entrypoint: flow.py:hello
  version: \"1.10\"  # release
  work_pool:
    name: pool
    # for the workers
    job_variables:
      image: flows  # image
  schedules:
    - cron: '0 0 * * *'
pull:
- prefect.deployments.steps.set_working_directory:
    directory: /srv
";

fn project() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    Ok(sandbox)
}

#[test]
fn fixes_the_file_in_place() -> Result<()> {
    let sandbox = project()?;
    let checked = sandbox.run("check")?;
    assert_eq!(checked.code, 2, "{checked}");
    assert!(checked.stderr.contains("can be fixed with `prefectl check --fix`"), "{checked}");
    assert_eq!(sandbox.read("prefect.yaml")?, PROJECT);
    let fixed = sandbox.run("check --fix")?;
    assert_eq!(sandbox.read("prefect.yaml")?, FIXED, "{fixed}");
    assert_eq!(
        fixed.stderr,
        "Fixed 7 problems in prefect.yaml\nNo problems found in prefect.yaml (1 deployment)\n"
    );
    assert_eq!((fixed.code, fixed.stdout.as_str()), (0, ""), "{fixed}");
    let again = sandbox.run("check --fix --strict")?;
    assert_eq!(again.stderr, "No problems found in prefect.yaml (1 deployment)\n");
    Ok(())
}

#[test]
fn shows_the_changes_without_writing_them() -> Result<()> {
    let sandbox = project()?;
    let shown = sandbox.run("check --diff --fix")?;
    assert_eq!(sandbox.read("prefect.yaml")?, PROJECT);
    assert_eq!(shown.code, 2, "{shown}");
    assert!(shown.stdout.starts_with("--- prefect.yaml\n+++ prefect.yaml\n@@ "), "{shown}");
    for line in
        ["-  entry_point: flow.py:hello", "+  entrypoint: flow.py:hello", "+      image: flows  # image"]
    {
        assert!(shown.stdout.lines().any(|shown| shown == line), "{line} in {shown}");
    }
    assert!(shown.stderr.contains("error[wrong-type]: `work_pool` must be a mapping"), "{shown}");
    sandbox.file("prefect.yaml", FIXED)?;
    let nothing = sandbox.run("check --diff")?;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, ""), "{nothing}");
    let json = sandbox.run("check --diff --output json")?;
    assert_eq!(json.code, 2, "{json}");
    assert!(json.stderr.contains("--diff requires `--output text`"), "{json}");
    Ok(())
}

#[test]
fn reports_what_needs_a_decision() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let text = "deployments:\n- name: a\n  entrypoint: flow.py:hello\n  entry_point: flow.py:goodbye\n  \
                tagz: [x]\n  work_pool: {name: p}\n";
    sandbox.file("prefect.yaml", text)?;
    let output = sandbox.run("check --fix")?;
    assert_eq!(sandbox.read("prefect.yaml")?, text.replace("tagz", "tags"));
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.starts_with("Fixed 1 problem in prefect.yaml\nwarning[unknown-key]"), "{output}");
    assert!(output.stderr.ends_with("1 warning in prefect.yaml\n"), "{output}");
    Ok(())
}

#[test]
fn json_and_sarif_contain_the_fixes() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let text = "deployments:\n- name: a\n  entry_point: flow.py:hello\n  work_pool: {name: p}\n";
    sandbox.file("prefect.yaml", text)?;
    let output = sandbox.run("check --output json")?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    let fix = |found: &Value| found["fix"]["title"] == json!("rename `entry_point` to `entrypoint`");
    let found = document["diagnostics"].as_array().context("diagnostics")?.iter().find(|found| fix(found));
    let edit = json!({"line": 3, "column": 3, "end_line": 3, "end_column": 14, "text": "entrypoint"});
    assert_eq!(found.context("a fix")?["fix"]["edits"], json!([edit]));
    let output = sandbox.run("check --output sarif")?;
    let log: Value = serde_json::from_str(&output.stdout)?;
    let results = log["runs"][0]["results"].as_array().context("results")?;
    let fixes: Vec<&Value> = results.iter().filter_map(|result| result.get("fixes")).collect();
    let replacement = &fixes[0][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], json!("entrypoint"));
    assert_eq!(replacement["deletedRegion"]["startLine"], json!(3));
    Ok(())
}

#[test]
fn the_pre_commit_hook_runs_the_check() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let hooks: Value = serde_yaml::from_str(&fs::read_to_string(root.join(".pre-commit-hooks.yaml"))?)?;
    let hook = &hooks.as_array().context("a list of hooks")?[0];
    assert_eq!((hook["id"].as_str(), hook["language"].as_str()), (Some("prefectl-check"), Some("python")));
    assert_eq!(hook["pass_filenames"], json!(false));
    // `language: python` installs the package of pyproject.toml.
    let package = fs::read_to_string(root.join("pyproject.toml"))?;
    assert!(package.contains("name = \"prefectl\""));
    let entry = hook["entry"].as_str().and_then(|entry| entry.strip_prefix("prefectl "));
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", FIXED)?;
    let output = sandbox.run(entry.context("an entry that runs prefectl")?)?;
    assert_eq!(output.code, 0, "{output}");
    sandbox.file("prefect.yaml", PROJECT)?;
    assert_eq!(sandbox.run(entry.unwrap_or_default())?.code, 2);
    Ok(())
}
