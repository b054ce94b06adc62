//! What others change between the moment at which a deploy has compared and the moment at which it writes.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict, assert_output};

/// A file of so many deployments; another version of it differs in one field.
fn project(count: usize, version: usize, fields: &str) -> String {
    let deployment = |number| {
        format!(
            "- name: d{number}\n  entrypoint: flow.py:hello\n  version: 'v{version}'\n  \
             work_pool: {{name: pool-UNIQUE}}\n{fields}"
        )
    };
    format!("pull: []\ndeployments:\n{}", (0..count).map(deployment).collect::<String>())
}

/// When somebody else acts: at the first request whose line and body have these texts.
#[derive(Clone, Copy)]
struct When(&'static str, &'static str, Moment);

/// Deploys while somebody else acts once.
fn deploy(
    sandbox: &Sandbox,
    arguments: &str,
    when: When,
    act: impl Fn(&Api) -> Result<()> + Send + Sync + 'static,
) -> Result<(Output, Proxy)> {
    let other = Mutex::new(Api::from_env()?);
    let url = other.lock().unwrap_or_else(PoisonError::into_inner).url().to_owned();
    let acted = AtomicBool::new(false);
    let proxy = Proxy::start(&url, move |seen, moment| {
        let When(line, body, at) = when;
        let is_it = moment == at && seen.line.contains(line) && seen.body.contains(body);
        if is_it && !acted.swap(true, SeqCst) {
            let other = other.lock().unwrap_or_else(PoisonError::into_inner);
            // What was done is seen in the answer of the deploy.
            let _ = act(&other);
        }
        Verdict::Pass
    })?;
    let output =
        sandbox.run_with(&[("PREFECT_API_URL", proxy.url())], &format!("deploy --all {arguments}"))?;
    Ok((output, proxy))
}

/// The path of a deployment that is there.
fn path(api: &Api, sandbox: &Sandbox, name: &str) -> Result<String> {
    let deployment = api.existing(sandbox, name)?;
    Ok(format!("/deployments/{}", deployment["id"].as_str().context("an id")?))
}

fn theirs(path: &str) -> impl Fn(&Api) -> Result<()> + Send + Sync + use<> {
    let path = path.to_owned();
    move |api| api.patch(&path, &json!({"description": "Theirs", "version": "theirs"}))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn what_others_have_written_is_not_overwritten() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let path = path(&api, &sandbox, "hello-UNIQUE/d0")?;
    let asking = When("POST /api/deployments/filter", "UPDATED_DESC", Moment::Before);
    let mut asked = None;
    for _ in 0..20 {
        sandbox.file("prefect.yaml", project(1, 1, ""))?;
        let (output, proxy) = deploy(&sandbox, "--quiet", asking, theirs(&path))?;
        if proxy.has_seen(asking.1) {
            asked = Some((output, proxy));
            break;
        }
        // A server that takes long to answer is not asked about the only deployment, which was just compared.
        sandbox.file("prefect.yaml", project(1, 0, ""))?;
        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    }
    let (output, proxy) = asked.context("the server is too slow to be asked")?;
    assert_output!(output, @r#"
    exit 8
    --- stdout
    Deployment 'hello-UNIQUE/d0' changed meanwhile.
    --- stderr
    error: deployment 'hello-UNIQUE/d0' was changed by somebody else since it was compared:
      version: "v0" -> "theirs"
      description: "Greets." -> "Theirs"
    help: nothing was written; deploying again compares with what is there now, and --force writes without looking
    "#);
    assert_eq!(proxy.writes().len(), 0);
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d0")?["version"], json!("theirs"));
    sandbox.run("deploy --all --quiet --force").and_then(Output::success)?;
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d0")?["version"], json!("v1"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_deploy_looks_again_while_it_writes() -> Result<()> {
    let api = Api::from_env()?;
    // More than one answer is good for.
    let sandbox = api.sandbox(&project(40, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let last = path(&api, &sandbox, "hello-UNIQUE/d39")?;
    sandbox.file("prefect.yaml", project(40, 1, ""))?;
    let first_write = When("PATCH /api/deployments/", "", Moment::After);
    let (output, _) = deploy(&sandbox, "--output json", first_write, theirs(&last))?;
    let document = output.json()?;
    ensure!(output.code == 8, "{output}");
    assert_eq!(document["deployments"][0]["status"], "updated", "{output}");
    assert_eq!(document["deployments"][39]["status"], "changed meanwhile", "{output}");
    assert_eq!(
        document["deployments"][39]["conflict"][0],
        json!({"field": "version", "old": "v0", "new": "theirs"})
    );
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d39")?["version"], json!("theirs"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn what_others_have_created_is_not_replaced() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(1, 0, ""))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let flow = api.existing(&sandbox, "hello-UNIQUE/d0")?["flow_id"].clone();
    sandbox.file("prefect.yaml", project(40, 0, ""))?;
    let body = json!({"name": "d39", "flow_id": flow, "version": "theirs"});
    let first_write = When("POST /api/deployments/", "\"version\":\"v0\"", Moment::After);
    let act = move |api: &Api| api.post("/deployments/", &body).map(drop);
    let (output, _) = deploy(&sandbox, "--output json", first_write, act)?;
    let document = output.json()?;
    assert_eq!(
        (output.code, &document["deployments"][39]["status"]),
        (8, &json!("changed meanwhile")),
        "{output}"
    );
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d39")?["version"], json!("theirs"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn schedules_and_triggers_are_read_again_before_they_are_written() -> Result<()> {
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
    let text = |value: &Value| value.as_str().map(str::to_owned).context("an id");
    let (id, schedule) = (text(&deployment["id"])?, text(&deployment["schedules"][0]["id"])?);
    let automation = text(&api.automations(&deployment)?[0]["id"])?;

    sandbox.file("prefect.yaml", project(1, 0, &parts(2, "a")))?;
    let path = format!("/deployments/{id}/schedules/{schedule}");
    let pause = move |api: &Api| api.patch(&path, &json!({"active": false}));
    let again = When("POST /api/automations/filter", "", Moment::After);
    let (output, proxy) = deploy(&sandbox, "--quiet", again, pause)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  schedules: "), "{output}");
    assert!(
        output.stderr.contains("\"active\":true") && output.stderr.contains("\"active\":false"),
        "{output}"
    );

    sandbox.file("prefect.yaml", project(1, 0, &parts(1, "b")))?;
    let path = format!("/automations/{automation}");
    let disable = move |api: &Api| api.patch(&path, &json!({"enabled": false}));
    let again = When("POST /api/automations/filter", "", Moment::After);
    let (output, proxy) = deploy(&sandbox, "--quiet", again, disable)?;
    assert_eq!((output.code, proxy.writes().len()), (8, 0), "{output}");
    assert!(output.stderr.contains("\n  triggers: "), "{output}");
    Ok(())
}
