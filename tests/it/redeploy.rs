//! Tests of deploys after the file or the server has changed.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, FaultServer, Moment, Output, Proxy, Sandbox, Verdict, assert_output};

/// Returns a project with one deployment that has the given additional fields.
fn project(fields: &str) -> String {
    format!(
        "pull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n  work_pool: {{name: pool-UNIQUE}}\n{fields}"
    )
}

/// Writes the project and deploys it.
fn deploy(sandbox: &Sandbox, fields: &str) -> Result<Output> {
    sandbox.file("prefect.yaml", project(fields))?;
    sandbox.run("deploy --all --quiet")
}

/// Returns the schedules of the deployment, sorted by their rules.
fn schedules(api: &Api, sandbox: &Sandbox) -> Result<Vec<Value>> {
    let deployment = api.existing(sandbox, "hello-UNIQUE/a")?;
    let mut schedules = deployment["schedules"].as_array().context("a list")?.clone();
    schedules.sort_by_key(|item| item["schedule"].to_string());
    Ok(schedules)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn updates_schedules_in_place() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project("  schedules: [{cron: 0 1 * * *}, {interval: 600}]\n"))?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let before = schedules(&api, &sandbox)?;
    let [cron, interval] = before.as_slice() else { anyhow::bail!("two schedules: {before:?}") };

    // An operator pauses the first schedule. The next version of the file then adds a third schedule.
    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    let path = format!("/deployments/{}/schedules/{}", text(&deployment["id"])?, text(&cron["id"])?);
    api.patch(&path, &json!({"active": false}))?;
    let output =
        deploy(&sandbox, "  schedules: [{cron: 0 1 * * *}, {interval: 600}, {rrule: FREQ=DAILY}]\n")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: schedules)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    let after = schedules(&api, &sandbox)?;
    assert_eq!(after.len(), 3);
    assert_eq!((&after[0]["id"], &after[0]["active"]), (&cron["id"], &json!(false)), "still paused");
    assert_eq!(after[1], *interval, "its anchor too");

    let output = deploy(&sandbox, "  schedules: [{cron: 0 1 * * *, active: true}, {interval: 600}]\n")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: schedules)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    let after = schedules(&api, &sandbox)?;
    assert_eq!(after.len(), 2);
    assert_eq!((&after[0]["id"], &after[0]["active"]), (&cron["id"], &json!(true)));

    deploy(&sandbox, "")?.success()?;
    assert_eq!(schedules(&api, &sandbox)?, after, "nothing in the file leaves them");
    let output = deploy(&sandbox, "  schedules: []\n")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: schedules)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    assert_eq!(schedules(&api, &sandbox)?, [Value::Null; 0]);
    Ok(())
}

#[test]
fn setting_keeps_the_schedules_if_the_list_is_empty() -> Result<()> {
    const SETTING: &str = "PREFECT_DEPLOYMENTS_CLEAR_SCHEDULES_ON_EMPTY";
    let server = FaultServer::start()?;
    let project = |fields: &str| project(fields).replace("pool-UNIQUE", "pool");
    let full = project("  schedules: [{cron: 0 1 * * *, slug: a}, {interval: 600}]\n");
    let empty = project("  schedules: []\n");
    let count = |sandbox: &Sandbox| -> Result<Option<usize>> {
        let output = sandbox.run("deployment inspect hello-UNIQUE/a -o json")?.success()?;
        Ok(output.json()?["schedules"].as_array().map(Vec::len))
    };
    let sandbox = Sandbox::for_project(&server.url(), &full)?;
    sandbox.run("deploy --all --quiet")?.success()?;
    sandbox.file("prefect.yaml", &empty)?;
    for (value, code, left) in [("false", 0, 2), ("0", 0, 2), ("true", 10, 0)] {
        let variables = [(SETTING, value.to_owned())];
        let plan = sandbox.run_with(&variables, "plan --all --detailed-exitcode")?;
        assert_eq!(plan.code, code, "{value}: {plan}");
        sandbox.run_with(&variables, "deploy --all --quiet")?.success()?;
        assert_eq!(count(&sandbox)?, Some(left), "{value}");
    }

    sandbox.file("prefect.yaml", &full)?;
    sandbox.run("deploy --all --quiet")?.success()?;
    sandbox.file("prefect.yaml", &empty)?;
    sandbox.file("prefect.toml", "[deployments]\nclear_schedules_on_empty = false\n")?;
    sandbox.run("deploy --all --quiet")?.success()?;
    assert_eq!(count(&sandbox)?, Some(2), "the setting in prefect.toml");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn schedule_with_a_slug_keeps_its_id() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project("  schedules: [{cron: 0 1 * * *, slug: daily}]\n"))?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let before = schedules(&api, &sandbox)?;
    let output = deploy(&sandbox, "  schedules: [{cron: 30 2 * * *, slug: daily, timezone: Asia/Tokyo}]\n")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: schedules)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    let after = schedules(&api, &sandbox)?;
    assert_eq!((after.len(), &after[0]["id"]), (1, &before[0]["id"]));
    assert_eq!(after[0]["schedule"]["cron"], json!("30 2 * * *"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn schedules_that_cannot_be_matched_are_found_before_the_steps_run() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project("  schedules: [{cron: 0 1 * * *, slug: daily}]\n"))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    sandbox.file("build.sh", "touch ran\necho daily\n")?;
    let build = "  build:\n  - prefect.deployments.steps.run_shell_script: {id: x, script: sh build.sh}\n";
    for (schedule, is_valid) in [
        ("cron: 0 2 * * *", false),
        ("cron: '{{ x.stdout }}'", false),
        ("cron: 0 2 * * *, slug: '{{ x.stdout }}'", true),
    ] {
        let output = deploy(&sandbox, &format!("  schedules: [{{{schedule}}}]\n{build}"))?;
        assert_eq!(output.code == 0, is_valid, "{output}");
        assert_eq!(output.stderr.contains("provide a slug"), !is_valid, "{output}");
        assert_eq!(sandbox.directory().join("ran").exists(), is_valid, "{output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn schedule_keeps_its_parameters_when_its_rule_changes() -> Result<()> {
    let api = Api::from_env()?;
    let fields = |rest: &str| {
        format!("  parameters: {{}}\n  schedules: [{{cron: 0 1 * * *, parameters: {{name: Ada}}{rest}}}]\n")
    };
    let sandbox = api.sandbox(&project(&fields("")))?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let name = json!({"name": "Ada"});
    let is_same = || schedules(&api, &sandbox).map(|now| now.len() == 1 && now[0]["parameters"] == name);
    for rest in [", active: false", ", active: false, slug: a", ", active: true, slug: a"] {
        deploy(&sandbox, &fields(rest))?.success()?;
        assert!(is_same()?, "{rest}");
    }
    deploy(&sandbox, &(fields(", active: false, slug: a") + "  version: '2'\n"))?.success()?;
    assert!(is_same()?, "with other fields");
    let id = schedules(&api, &sandbox)?[0]["id"].clone();
    let resume = format!("deployment schedule resume hello-UNIQUE/a {}", text(&id)?);
    sandbox.run(&resume).and_then(Output::success)?;
    assert!(is_same()?, "resumed by hand");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn updates_schedules_and_fields_in_one_request() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project("  schedules: [{cron: 0 1 * * *}]\n"))?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let proxy = Proxy::start(api.url(), |_, _| Verdict::Pass)?;
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    // Retries after a busy server are not counted.
    let done = || proxy.writes().iter().filter(|item| item.status != Some(503)).count();
    for (fields, writes, count) in [
        ("version: '1', schedules: [{cron: 0 2 * * *}]", 1, 1),
        ("version: '2', schedules: []", 1, 0),
        ("version: '3', schedules: [{cron: 0 2 * * *, slug: a}, {interval: 60, slug: b}]", 1, 2),
        (
            "version: '4', schedules: [{cron: 0 3 * * *, slug: a}, {interval: 90, slug: b, active: false}]",
            1,
            2,
        ),
        (
            "version: '4', schedules: [{cron: 0 4 * * *, slug: a}, {interval: 60, slug: b}, {rrule: FREQ=DAILY, slug: c}]",
            1,
            3,
        ),
        // The server would not delete schedules with slugs, and would recreate schedules without slugs.
        ("version: '5', schedules: []", 4, 0),
        ("version: '5', schedules: [{cron: 0 2 * * *}, {interval: 60}]", 1, 2),
        ("version: '6', schedules: [{cron: 0 3 * * *}, {interval: 60}]", 3, 2),
    ] {
        let fields: serde_json::Map<String, Value> = serde_yaml::from_str(&format!("{{{fields}}}"))?;
        let lines = fields.iter().map(|(key, value)| format!("  {key}: {value}\n"));
        let before = done();
        deploy(&sandbox, &lines.collect::<String>())?.success()?;
        assert_eq!((done() - before, schedules(&api, &sandbox)?.len()), (writes, count), "{fields:?}");
        let output = sandbox.run("plan --all --detailed-exitcode")?;
        assert_eq!(output.code, 0, "{output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn replaces_only_changed_triggers() -> Result<()> {
    let api = Api::from_env()?;
    let two = "  triggers:\n  - {name: first-UNIQUE, expect: [a]}\n  - {name: second-UNIQUE, expect: [b]}\n";
    let sandbox = api.sandbox(&project(two))?;
    let automations = || api.automations(&api.existing(&sandbox, "hello-UNIQUE/a")?);
    sandbox.run("deploy --all").and_then(Output::success)?;
    let before = automations()?;
    assert_eq!(before.len(), 2);

    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    assert_eq!(automations()?, before);

    let output = deploy(&sandbox, &two.replace("[b]", "[b, c]"))?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: triggers)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    let after = automations()?;
    assert_eq!((after.len(), &after[0]), (2, &before[0]), "the first is as it was");
    assert_eq!(after[1]["trigger"]["expect"].as_array().map(Vec::len), Some(2));

    deploy(&sandbox, "")?.success()?;
    assert_eq!(automations()?, [Value::Null; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn learns_which_automations_belong_to_others() -> Result<()> {
    let api = Api::from_env()?;
    for triggers in ["", "  triggers: [{name: mine-UNIQUE, expect: [a]}]\n"] {
        let sandbox = api.sandbox(&project(triggers))?;
        sandbox.run("deploy --all").and_then(Output::success)?;
        let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
        let trigger =
            json!({"type": "event", "expect": ["b"], "posture": "Reactive", "threshold": 1, "within": 0});
        let action =
            json!({"type": "run-deployment", "source": "selected", "deployment_id": deployment["id"]});
        let body = json!({"name": sandbox.unique("ui-UNIQUE"), "trigger": trigger, "actions": [action]});
        let other = api.post("/automations/", &body)?["id"].clone();
        let ids = || -> Result<Vec<Value>> {
            Ok(api.automations(&deployment)?.iter().map(|automation| automation["id"].clone()).collect())
        };

        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
        let before = ids()?;
        assert!(before.contains(&other), "{before:?}");
        let output = sandbox.run("drift --all")?;
        assert_eq!(output.code, 0, "{output}");
        let output = sandbox.run("deploy --all --quiet")?.success()?;
        assert!(output.stdout.contains("(unchanged)"), "{output}");
        assert_eq!(ids()?, before);

        // A later trigger with a custom name is still found and deleted.
        deploy(&sandbox, "  triggers: [{name: later-UNIQUE, expect: [c]}]\n")?.success()?;
        assert_eq!(ids()?.len(), 2);
        let output = deploy(&sandbox, "")?.success()?;
        assert!(output.stdout.contains("(updated: triggers)"), "{output}");
        assert_eq!(ids()?, [other]);
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn clears_fields_that_the_file_no_longer_has() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(
        "  tags: [a]\n  parameters: {name: Ford}\n  concurrency_limit: 2\n  paused: true\n  description: Old\n",
    ))?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let output = deploy(&sandbox, "  concurrency_limit: {limit: 3, collision_strategy: CANCEL_NEW}\n")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (updated: description, parameters, paused, concurrency_limit, concurrency_options, tags)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    let now = api.existing(&sandbox, "hello-UNIQUE/a")?;
    assert_eq!((&now["tags"], &now["parameters"], &now["paused"]), (&json!([]), &json!({}), &json!(false)));
    assert_eq!(now["description"], json!("Greets."));
    assert_eq!(now["concurrency_options"]["collision_strategy"], json!("CANCEL_NEW"));
    assert_eq!(now["global_concurrency_limit"]["limit"], json!(3));
    Ok(())
}

/// The server accepts null over a default in a new deployment, but then rejects every update.
#[test]
#[ignore = "needs services: run tests/run"]
fn null_over_a_default_is_an_error_before_anything_is_written() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
- name: b
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE, job_variables: {stream_output: null}}
",
    )?;
    let created = sandbox.run("deploy --all")?.success()?;
    assert!(
        created.stderr.contains("warning[job-variable-type]: job variable 'stream_output' is null"),
        "{created}"
    );
    sandbox.run("deploy --all")?.success()?;
    sandbox.file(
        "prefect.yaml",
        sandbox.read("prefect.yaml")?.replace("  entrypoint", "  tags: [x]\n  entrypoint"),
    )?;
    for command in ["plan", "deploy"] {
        let output = sandbox.run(&format!("{command} --all --quiet"))?;
        let message = sandbox.unique(
            "error: deployment 'hello-UNIQUE/b': the server rejects null for job variables with a default value in \
             work pool 'pool-UNIQUE': stream_output\nhelp: remove the keys to use the default values\n",
        );
        assert!(output.code == 1 && output.stderr.contains(&message), "{output}");
    }
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/a")?["tags"], json!([]));
    Ok(())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("text")
}

#[test]
#[ignore = "needs services: run tests/run"]
fn new_queues_get_priorities_in_the_order_of_the_file() -> Result<()> {
    let api = Api::from_env()?;
    let deployment = |name: &str, queue: &str| {
        format!(
            "- name: {name}\n  entrypoint: flow.py:hello\n  \
             work_pool: {{name: pool-UNIQUE, work_queue_name: {queue}}}\n"
        )
    };
    let deployments = [("a", "z"), ("b", "y"), ("c", "z"), ("d", "default"), ("e", "x")];
    let deployments: String = deployments.iter().map(|(name, queue)| deployment(name, queue)).collect();
    let sandbox = api.sandbox(&format!("pull: []\ndeployments:\n{deployments}"))?;
    let is_delayed = AtomicBool::new(false);
    let proxy = Proxy::start(api.url(), move |seen, moment| {
        let is_first = moment == Moment::Before && seen.line == "POST /api/deployments/";
        if is_first && !is_delayed.swap(true, SeqCst) {
            thread::sleep(Duration::from_secs(1));
        }
        Verdict::Pass
    })?;
    sandbox.run_with(&[("PREFECT_API_URL", proxy.url())], "deploy --all --quiet")?.success()?;
    let queues = api.post(&sandbox.unique("/work_pools/pool-UNIQUE/queues/filter"), &json!({}))?;
    let queues = queues.as_array().context("a list")?.iter();
    let queues: Vec<_> = queues.map(|queue| format!("{} {}", queue["name"], queue["priority"])).collect();
    assert_eq!(queues, [r#""default" 1"#, r#""z" 2"#, r#""y" 3"#, r#""x" 4"#]);
    Ok(())
}
