//! Tests of deployments that someone else changes between the comparison and the write.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict, When, assert_output};

/// More deployments than one conflict check reads.
const TWO_BATCHES: usize = 60;

/// Returns a project file with `count` deployments. Files with different values of `version` differ in one
/// field of each deployment.
fn project(count: usize, version: usize, fields: &str) -> String {
    let deployment = |number| {
        format!(
            "- name: d{number}\n  entrypoint: flow.py:hello\n  version: 'v{version}'\n  \
             work_pool: {{name: pool-UNIQUE}}\n{fields}"
        )
    };
    format!("pull: []\ndeployments:\n{}", (0..count).map(deployment).collect::<String>())
}

/// Runs `deploy` while another client makes one change.
fn deploy(
    sandbox: &Sandbox,
    arguments: &str,
    when: When,
    change: impl Fn(&Api) -> Result<()> + Send + Sync + 'static,
) -> Result<(Output, Proxy)> {
    let other = Mutex::new(Api::from_env()?);
    let url = other.lock().unwrap_or_else(PoisonError::into_inner).url().to_owned();
    let is_reached = when.detector();
    let proxy = Proxy::start(&url, move |seen, moment| {
        if is_reached(seen, moment) {
            let other = other.lock().unwrap_or_else(PoisonError::into_inner);
            // If the change fails, the deploy finds no conflict and the test fails.
            let _ = change(&other);
        }
        Verdict::Pass
    })?;
    let output =
        sandbox.run_with(&[("PREFECT_API_URL", proxy.url())], &format!("deploy --all {arguments}"))?;
    Ok((output, proxy))
}

/// Returns the API path of an existing deployment.
fn path(api: &Api, sandbox: &Sandbox, name: &str) -> Result<String> {
    let deployment = api.existing(sandbox, name)?;
    Ok(format!("/deployments/{}", deployment["id"].as_str().context("the deployment has an id")?))
}

/// Returns a change of the description and the version.
fn change_fields(path: &str) -> impl Fn(&Api) -> Result<()> + Send + Sync + use<> {
    let path = path.to_owned();
    move |api| api.patch(&path, &json!({"description": "Theirs", "version": "theirs"}))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_overwrite_changed_fields() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let path = path(&api, &sandbox, "hello-UNIQUE/d0")?;
    sandbox.file("prefect.yaml", project(1, 1, ""))?;
    let (output, proxy) = deploy(&sandbox, "--quiet", When::BEFORE_CONFLICT_CHECK, change_fields(&path))?;
    assert_output!(output, @r#"
    exit 8
    --- stdout
    Deployment 'hello-UNIQUE/d0' changed meanwhile.
    --- stderr
    error: deployment 'hello-UNIQUE/d0' was changed on the server since it was compared:
      version: "v0" -> "theirs"
      description: "Greets." -> "Theirs"
    help: nothing was written; deploy again to compare with the current state, or pass --force to overwrite it
    "#);
    assert_eq!(proxy.writes().len(), 0);
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d0")?["version"], json!("theirs"));
    sandbox.run("deploy --all --quiet --force").and_then(Output::success)?;
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d0")?["version"], json!("v1"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_update_a_deployment_with_changed_schedules() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, "  schedules: [{cron: 0 1 * * *, slug: daily}]\n"))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let path = path(&api, &sandbox, "hello-UNIQUE/d0")?;
    sandbox.file("prefect.yaml", project(1, 1, "  schedules: [{cron: 0 1 * * *, slug: daily}]\n"))?;
    let body = json!([{"schedule": {"interval": 3600}, "slug": "hourly"}]);
    let add_schedule = move |api: &Api| api.post(&format!("{path}/schedules"), &body).map(drop);
    let (output, proxy) = deploy(&sandbox, "--quiet", When::BEFORE_CONFLICT_CHECK, add_schedule)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  schedules: "), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_recreate_a_deleted_deployment() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let path = path(&api, &sandbox, "hello-UNIQUE/d0")?;
    sandbox.file("prefect.yaml", project(1, 1, ""))?;
    let delete = move |api: &Api| api.delete(&path);
    let (output, proxy) = deploy(&sandbox, "--quiet", When::BEFORE_CONFLICT_CHECK, delete)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  name: \"d0\" -> null"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn reads_the_second_batch_after_the_first_write() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(TWO_BATCHES, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let last = path(&api, &sandbox, "hello-UNIQUE/d59")?;
    sandbox.file("prefect.yaml", project(TWO_BATCHES, 1, ""))?;
    let first_write =
        When { moment: Moment::After, nth: 1, matches: |line| line.starts_with("PATCH /api/deployments/") };
    let (output, _) = deploy(&sandbox, "--output json", first_write, change_fields(&last))?;
    let document = output.json()?;
    assert_eq!(output.code, 8, "{output}");
    assert_eq!(document["deployments"][0]["status"], "updated", "{output}");
    assert_eq!(document["deployments"][59]["status"], "changed meanwhile", "{output}");
    assert_eq!(
        document["deployments"][59]["conflict"][0],
        json!({"field": "version", "old": "v0", "new": "theirs"})
    );
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d59")?["version"], json!("theirs"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_replace_a_deployment_that_others_created() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let flow = api.existing(&sandbox, "hello-UNIQUE/d0")?["flow_id"].clone();
    sandbox.file("prefect.yaml", project(TWO_BATCHES, 0, ""))?;
    let body = json!({"name": "d59", "flow_id": flow, "version": "theirs"});
    let first_write =
        When { moment: Moment::After, nth: 1, matches: |line| line == "POST /api/deployments/" };
    let create = move |api: &Api| api.post("/deployments/", &body).map(drop);
    let (output, _) = deploy(&sandbox, "--output json", first_write, create)?;
    let document = output.json()?;
    assert_eq!(
        (output.code, &document["deployments"][59]["status"]),
        (8, &json!("changed meanwhile")),
        "{output}"
    );
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d59")?["version"], json!("theirs"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn does_not_overwrite_changed_schedules_or_triggers() -> Result<()> {
    let api = Api::from_env()?;
    let parts = |hour: u32, event: &str| {
        format!(
            "  schedules: [{{cron: 0 {hour} * * *, slug: daily}}]\n  \
             triggers: [{{name: auto-UNIQUE, expect: [{event}]}}]\n"
        )
    };
    let sandbox = api.sandbox(&project(1, 0, &parts(1, "a")))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let deployment = api.existing(&sandbox, "hello-UNIQUE/d0")?;
    let string = |value: &Value| value.as_str().map(str::to_owned).context("an id is a string");
    let (id, schedule) = (string(&deployment["id"])?, string(&deployment["schedules"][0]["id"])?);
    let automation = string(&api.automations(&deployment)?[0]["id"])?;

    sandbox.file("prefect.yaml", project(1, 0, &parts(2, "a")))?;
    let path = format!("/deployments/{id}/schedules/{schedule}");
    let pause = move |api: &Api| api.patch(&path, &json!({"active": false}));
    let (output, proxy) = deploy(&sandbox, "--quiet", When::BEFORE_CONFLICT_CHECK, pause)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  schedules: "), "{output}");
    assert!(
        output.stderr.contains("\"active\":true") && output.stderr.contains("\"active\":false"),
        "{output}"
    );

    sandbox.file("prefect.yaml", project(1, 0, &parts(1, "b")))?;
    let path = format!("/automations/{automation}");
    let disable = move |api: &Api| api.patch(&path, &json!({"enabled": false}));
    // The first read of automations belongs to the comparison, and the second read to the conflict check.
    let before_check =
        When { moment: Moment::Before, nth: 2, matches: |line| line == "POST /api/automations/filter" };
    let (output, proxy) = deploy(&sandbox, "--quiet", before_check, disable)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  triggers: "), "{output}");
    Ok(())
}
