//! Fields that `ignore_changes` leaves to the operators of a deployment.

mod matrix;

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict, When, assert_output};

const PROJECT: &str = "
pull: []
ignore_changes: [paused, tags]
deployments:
- name: a
  entrypoint: flow.py:hello
  version: '1'
  tags: [file]
  description: From the file.
  parameters: {name: Ford, times: 2}
  work_pool: {name: pool-UNIQUE, job_variables: {env: {REGION: eu, STAGE: dev}}}
  schedules: [{cron: 0 1 * * *, slug: daily}]
  triggers: [{name: auto-UNIQUE, expect: [a]}]
  ignore_changes: [parameters.name, job_variables.env.REGION, schedules, triggers, description]
";

/// Returns the API path of the deployment `hello/a`.
fn path(api: &Api, sandbox: &Sandbox) -> Result<String> {
    let deployment = api.existing(sandbox, "hello-UNIQUE/a")?;
    Ok(format!("/deployments/{}", deployment["id"].as_str().context("an id")?))
}

/// Changes every ignored field, as an operator would in the UI.
fn operate(api: &Api, sandbox: &Sandbox) -> Result<()> {
    let path = path(api, sandbox)?;
    let body = json!({
        "paused": true, "tags": ["ops"], "description": "By hand.", "parameters": {"name": "Zaphod", "times": 2},
        "job_variables": {"env": {"REGION": "us", "STAGE": "dev"}}, "work_pool_name": sandbox.unique("pool-UNIQUE"),
    });
    api.patch(&path, &body)?;
    let deployment = api.existing(sandbox, "hello-UNIQUE/a")?;
    let schedule = deployment["schedules"][0]["id"].as_str().context("a schedule")?;
    api.patch(&format!("{path}/schedules/{schedule}"), &json!({"active": false}))?;
    let automation = api.automations(&deployment)?[0]["id"].as_str().context("an automation")?.to_owned();
    api.patch(&format!("/automations/{automation}"), &json!({"enabled": false}))
}

/// Returns the values that [`operate`] sets.
fn operated(api: &Api, sandbox: &Sandbox) -> Result<Value> {
    let deployment = api.existing(sandbox, "hello-UNIQUE/a")?;
    Ok(json!([
        deployment["paused"],
        deployment["tags"],
        deployment["description"],
        deployment["parameters"]["name"],
        deployment["job_variables"]["env"]["REGION"],
        deployment["schedules"][0]["active"],
        api.automations(&deployment)?[0]["enabled"],
    ]))
}

fn by_operators() -> Value {
    json!([true, ["ops"], "By hand.", "Zaphod", "us", false, false])
}

#[test]
#[ignore = "needs services: run tests/run"]
fn ignored_fields_are_set_at_creation_and_then_belong_to_the_operators() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let created = json!([false, ["file"], "From the file.", "Ford", "eu", true, true]);
    assert_eq!(operated(&api, &sandbox)?, created);

    operate(&api, &sandbox)?;
    let output = sandbox.run("plan --all --detailed-exitcode")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    = hello-UNIQUE/a (unchanged)
        ignored: description: server "By hand.", file "From the file."
        ignored: parameters.name: server "Zaphod", file "Ford"
        ignored: paused: server true, file false
        ignored: tags[0]: server "ops", file "file"
        ignored: job_variables.env.REGION: server "us", file "eu"
        ignored: schedules[0].active: server false, file none
        ignored: triggers[0].enabled: server false, file true

    Plan: 1 unchanged.
    "#);
    let deploy = sandbox.run("deploy --all --output json")?.json()?;
    assert_eq!(deploy["deployments"][0]["status"], "unchanged");
    assert_eq!(operated(&api, &sandbox)?, by_operators());

    let changed = PROJECT
        .replace("version: '1'", "version: '2'")
        .replace("times: 2", "times: 3")
        .replace("STAGE: dev", "STAGE: prod")
        .replace("REGION: eu", "REGION: asia")
        .replace("0 1 * * *", "0 2 * * *")
        .replace("[a]", "[b]");
    sandbox.file("prefect.yaml", &changed)?;
    for options in ["", " --force"] {
        sandbox.run(&format!("deploy --all --quiet{options}")).and_then(Output::success)?;
        assert_eq!(operated(&api, &sandbox)?, by_operators(), "{options}");
    }
    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    assert_eq!(deployment["version"], "2");
    assert_eq!(deployment["parameters"], json!({"name": "Zaphod", "times": 3}));
    assert_eq!(deployment["job_variables"]["env"], json!({"REGION": "us", "STAGE": "prod"}));

    let owned = changed.replace("ignore_changes: [paused, tags]\n", "").replace("  ignore_changes", "  # ");
    sandbox.file("prefect.yaml", owned)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    assert_eq!((&deployment["paused"], &deployment["tags"]), (&json!(false), &json!(["file"])));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn drift_and_plans_show_ignored_differences_separately() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    operate(&api, &sandbox)?;
    let output = sandbox.run("drift --all --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    = hello-UNIQUE/a

    No drift: 1 deployment matches
    ");
    let output = sandbox.run("drift --all --include-ignored --quiet")?;
    assert_output!(output, @r#"
    exit 10
    --- stdout
    ~ hello-UNIQUE/a has changed
        description: file "From the file.", server "By hand."; listed in `ignore_changes`
        parameters.name: file "Ford", server "Zaphod"; listed in `ignore_changes`
        paused: file false, server true; listed in `ignore_changes`
        tags[0]: file "file", server "ops"; listed in `ignore_changes`
        job_variables.env.REGION: file "eu", server "us"; listed in `ignore_changes`
        schedules[0].active: file none, server false; listed in `ignore_changes`
        triggers[0].enabled: file true, server false; listed in `ignore_changes`

    Drift: 1 changed
    "#);
    let drift = sandbox.run("drift --all --include-ignored --output json")?.json()?;
    let differences = drift["deployments"][0]["differences"].as_array().context("a list")?;
    assert!(differences.iter().all(|difference| difference["ignored"] == true), "{drift:#}");

    let plan = sandbox.run("plan --all --output json")?.json()?;
    assert_eq!(plan["deployments"][0]["action"], "unchanged");
    assert_eq!(
        plan["deployments"][0]["ignored"][0],
        json!({"field": "description", "old": "By hand.", "new": "From the file."})
    );
    let page = sandbox.run("plan --all --output html --quiet")?.success()?.stdout;
    assert!(page.contains("<b>Ignored:</b> description"), "{page}");
    sandbox.file("prefect.yaml", PROJECT.replace("version: '1'", "version: '2'"))?;
    let comment = sandbox.run("plan --all --output markdown --quiet")?.success()?.stdout;
    assert!(comment.contains("\nIgnored: description: server"), "{comment}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn saved_plan_stays_valid_if_ignored_fields_change() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    sandbox.file("prefect.yaml", PROJECT.replace("version: '1'", "version: '2'"))?;
    sandbox.run("plan --all --out plan.json --quiet").and_then(Output::success)?;
    operate(&api, &sandbox)?;
    sandbox.run("deploy --plan plan.json --quiet").and_then(Output::success)?;
    assert_eq!(operated(&api, &sandbox)?, by_operators());
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/a")?["version"], "2");
    Ok(())
}

/// Runs a deploy while an operator changes the ignored fields. The requests that `refuses` selects fail.
fn deploy_while_operated(
    sandbox: &Sandbox,
    arguments: &str,
    when: When,
    refuses: fn(&str) -> bool,
) -> Result<(Output, Proxy)> {
    let api = Api::from_env()?;
    let url = api.url().to_owned();
    let operator = Mutex::new(api);
    let is_reached = when.detector();
    let path = path(&Api::from_env()?, sandbox)?;
    let pool = sandbox.unique("pool-UNIQUE");
    let proxy = Proxy::start(&url, move |seen, moment| {
        if is_reached(seen, moment) {
            let operator = operator.lock().unwrap_or_else(PoisonError::into_inner);
            let body = json!({
                "paused": true, "tags": ["ops"], "parameters": {"name": "Zaphod", "times": 2},
                "job_variables": {"env": {"REGION": "us", "STAGE": "dev"}}, "work_pool_name": pool,
            });
            // If the change fails, the test finds the values of the file.
            let _ = operator.patch(&path, &body);
        }
        if moment == Moment::Before && refuses(&seen.line) { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let output =
        sandbox.run_with(&[("PREFECT_API_URL", proxy.url())], &format!("deploy --all {arguments}"))?;
    Ok((output, proxy))
}

fn changed_fields(api: &Api, sandbox: &Sandbox) -> Result<Value> {
    let deployment = api.existing(sandbox, "hello-UNIQUE/a")?;
    Ok(json!([
        deployment["paused"],
        deployment["tags"],
        deployment["parameters"]["name"],
        deployment["job_variables"]["env"]["REGION"],
        deployment["version"],
    ]))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn ignored_field_that_changes_during_a_deploy_is_not_a_conflict() -> Result<()> {
    let api = Api::from_env()?;
    for options in ["--quiet", "--quiet --force"] {
        let sandbox = api.sandbox(PROJECT)?;
        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
        sandbox.file("prefect.yaml", PROJECT.replace("version: '1'", "version: '2'"))?;
        let (output, _) = deploy_while_operated(&sandbox, options, When::BEFORE_CONFLICT_CHECK, |_| false)?;
        output.success()?;
        assert_eq!(changed_fields(&api, &sandbox)?, json!([true, ["ops"], "Zaphod", "us", "2"]), "{options}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn rollback_keeps_ignored_fields() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let second = "- name: b\n  entrypoint: flow.py:goodbye\n  work_pool: {name: pool-UNIQUE}\n";
    sandbox.file("prefect.yaml", PROJECT.replace("version: '1'", "version: '2'") + second)?;
    let matches = |line: &str| line.starts_with("PATCH /api/deployments/");
    let after_update = When { moment: Moment::After, nth: 1, matches };
    let refuses = |line: &str| line == "POST /api/deployments/";
    let (output, proxy) = deploy_while_operated(&sandbox, "--quiet", after_update, refuses)?;
    assert_ne!(output.code, 0, "{output}");
    assert_eq!(changed_fields(&api, &sandbox)?[4], "2");
    let rolled_back = sandbox.run_with(&[("PREFECT_API_URL", proxy.url())], "rollback --yes --quiet")?;
    rolled_back.success()?;
    assert_eq!(changed_fields(&api, &sandbox)?, json!([true, ["ops"], "Zaphod", "us", "1"]));
    Ok(())
}

#[test]
fn check_reports_invalid_items_of_ignore_changes() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let project = "
ignore_changes: [pasued, '{{ $FIELD }}', parameters.nmae]
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: p}
  ignore_changes:
  - parameters.tiems
  - name
  - tags.x
  - 1
  - job_variables..env
";
    sandbox.file("prefect.yaml", project)?;
    let output = sandbox.run("check")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[ignored-field]: unknown field 'pasued' in `ignore_changes`
     --> prefect.yaml:2:18
      |
    2 | ignore_changes: [pasued, '{{ $FIELD }}', parameters.nmae]
      |                  ^^^^^^
    help: did you mean 'paused'?
    error[ignored-field]: `ignore_changes` does not accept templates
     --> prefect.yaml:2:26
      |
    2 | ignore_changes: [pasued, '{{ $FIELD }}', parameters.nmae]
      |                          ^^^^^^^^^^^^^^
    help: write the path without a template
    error[ignored-field]: the field 'name' cannot be ignored, because every deploy writes it
     --> prefect.yaml:9:5
      |
    9 |   - name
      |     ^^^^
    help: remove it from the list
    error[ignored-field]: `ignore_changes` does not accept a part of 'tags'
      --> prefect.yaml:10:5
       |
    10 |   - tags.x
       |     ^^^^^^
    help: write `tags`
    error[wrong-type]: each item of `ignore_changes` must be a string, not an integer
      --> prefect.yaml:11:5
       |
    11 |   - 1
       |     ^
    error[ignored-field]: invalid path 'job_variables..env' in `ignore_changes`
      --> prefect.yaml:12:5
       |
    12 |   - job_variables..env
       |     ^^^^^^^^^^^^^^^^^^
    help: separate keys with dots, and quote other keys as in `job_variables.labels["app/name"]`
    6 errors in prefect.yaml
    "#);
    Ok(())
}

#[test]
fn check_reports_parameters_that_the_flow_does_not_have() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let project = "
ignore_changes: [parameters.nmae, parameters.name]
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: p}
  ignore_changes: [parameters.tiems]
";
    sandbox.file("prefect.yaml", project)?;
    let output = sandbox.run("check")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[ignored-field]: no flow has a parameter 'nmae'
     --> prefect.yaml:2:18
      |
    2 | ignore_changes: [parameters.nmae, parameters.name]
      |                  ^^^^^^^^^^^^^^^
    help: did you mean 'name'?
    error[ignored-field]: the flow has no parameter 'tiems'
     --> prefect.yaml:7:20
      |
    7 |   ignore_changes: [parameters.tiems]
      |                    ^^^^^^^^^^^^^^^^
    help: did you mean 'times'?
    2 errors in prefect.yaml
    ");
    Ok(())
}
