//! Tests of flow runs and work pools against a real server.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::support::{Api, FAULTS, Fault, FaultPlan, FaultServer, Output, Sandbox, assert_output};

const PROJECT: &str = "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
";

#[test]
#[ignore = "needs services: run tests/run"]
fn starts_a_run_with_parameters_and_a_name() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all").and_then(Output::success)?;

    let run =
        "deployment run hello-UNIQUE/a --param name=Ford --param times=2 --flow-run-name run-{name} --tag it";
    let output = sandbox.run(run)?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Creating flow run for deployment 'hello-UNIQUE/a'...
    Created flow run 'run-Ford'.
    └── UUID: [ID]
    └── Parameters: {'name': 'Ford', 'times': 2}
    └── Job Variables: {}
    └── Scheduled start time: [TIME] (now)
    └── URL: http://127.0.0.1:[PORT]/runs/flow-run/[ID]
    ");

    let document = sandbox.run(&format!("{run} --output json"))?.success()?.json()?;
    assert_eq!(document["parameters"], json!({"name": "Ford", "times": 2}));
    assert_eq!((&document["name"], &document["state"]["type"]), (&json!("run-Ford"), &json!("SCHEDULED")));
    let id = document["id"].as_str().context("an id")?;
    let stored = api.post("/flow_runs/filter", &json!({"flow_runs": {"id": {"any_": [id]}}}))?;
    assert_eq!((&stored[0]["tags"], &stored[0]["parameters"]), (&json!(["it"]), &document["parameters"]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn invalid_options_start_no_run() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all").and_then(Output::success)?;

    let output = sandbox.run("deployment run hello-UNIQUE/a --param nane=Ford")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: The following parameters were specified but not found on the deployment: 'nane'
      The following parameters are available on the deployment: 'name', 'times'
    ");
    let output = sandbox.run("deployment run hello-UNIQUE/a --param name=NaN")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error: Failed to parse JSON for parameter 'name' with value

    	NaN

      JSON Error: the number NaN is not finite; write it as the JSON string "NaN"
    "#);
    let output = sandbox.run("deployment run hello-UNIQUE/b")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Deployment 'hello-UNIQUE/b' not found!
    ");
    let output = sandbox.run("deployment run hello-UNIQUE")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Invalid deployment name. Expected '<flow-name>/<deployment-name>', got 'hello-UNIQUE'
    ");
    let output = sandbox.run_words(&["deployment", "run", "hello-UNIQUE/a", "--start-in", "a while"])?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Unable to parse scheduled start time 'in a while'. Use a duration (10 minutes, 1h30m, PT5M), a time (17:30, 5pm, tomorrow at 9am) or a date with a time (2026-12-01 17:30, 2026-12-01T17:30:00+01:00).
    ");
    let output = sandbox.run("deployment run")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Must provide a deployed flow's name or id
    ");

    let deployment = api.existing(&sandbox, "hello-UNIQUE/a")?;
    let filter = json!({"deployments": {"id": {"any_": [deployment["id"]]}}});
    assert_eq!(api.post("/flow_runs/filter", &filter)?, json!([]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn creates_lists_and_inspects_work_pools() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let output = sandbox.run("work-pool create another-UNIQUE --type docker --paused")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Created work pool 'another-UNIQUE'!

    └── UUID: [ID]
    └── Type: docker
    └── Description: None
    └── Status: Paused
    └── URL: http://127.0.0.1:[PORT]/work-pools/work-pool/another-UNIQUE
    ");
    let output = sandbox.run("work-pool create another-UNIQUE --type docker")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool named 'another-UNIQUE' already exists. Please use --overwrite to update it.
    ");
    let output = sandbox.run("work-pool create third-UNIQUE --type dockr")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Unknown work pool type 'dockr'. Please choose from azure-container-instance, cloud-run, cloud-run-v2, docker, ecs, kubernetes, process, vertex-ai.
    ");
    let output = sandbox.run("work-pool inspect fourth-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool 'fourth-UNIQUE' not found!
    ");

    let table = sandbox.run("work-pool ls")?.success()?.stdout;
    let row = table.lines().find(|line| line.contains(&sandbox.unique("another-UNIQUE"))).context("a row")?;
    assert!(row.contains("docker") && row.contains("PAUSED"), "{row}");
    let pools = sandbox.run("work-pool ls --output json")?.success()?.json()?;
    let names: Vec<_> = pools.as_array().context("a list")?.iter().map(|pool| &pool["name"]).collect();
    assert!(names.contains(&&json!(sandbox.unique("pool-UNIQUE"))));

    let shown = sandbox.run("work-pool inspect another-UNIQUE --output json")?.success()?.json()?;
    assert_eq!((&shown["type"], &shown["is_paused"]), (&json!("docker"), &json!(true)));
    assert!(sandbox.run("work-pool inspect another-UNIQUE")?.success()?.stdout.contains("type: docker\n"));

    let template = sandbox.run("work-pool get-default-base-job-template --type docker")?.success()?.json()?;
    assert_eq!(template, shown["base_job_template"]);
    sandbox.run("work-pool get-default-base-job-template --type docker --file template.json")?.success()?;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&sandbox.read("template.json")?)?, template);
    let made =
        sandbox.run("work-pool create fifth-UNIQUE --type docker --base-job-template template.json")?;
    made.success()?;
    Ok(())
}

#[test]
fn retried_request_creates_no_second_run() -> Result<()> {
    let server = FaultServer::start()?;
    let project = PROJECT.replace("pool-UNIQUE", "pool");
    let sandbox = Sandbox::for_project(&server.url(), &project)?
        .variable("PREFECT_API_REQUEST_TIMEOUT", "2")
        .variable("PREFECT_CLIENT_MAX_RETRIES", "2")
        .variable("PREFECT_CLIENT_RETRY_JITTER_FACTOR", "0");
    sandbox.run("deploy --all")?.success()?;
    server.fail(None);
    sandbox.run("deployment run hello-UNIQUE/a")?.success()?;
    let requests = server.requests();
    let at = requests.iter().position(|request| request.ends_with("create_flow_run")).context("a run")?;

    // The server creates the run, but the response is lost.
    let lost =
        FAULTS.iter().filter(|fault| matches!(fault, Fault::ResetAfter | Fault::HalfBody | Fault::Hang));
    for fault in lost.chain([&Fault::ResetBefore, &Fault::Status(503)]) {
        server.change(|server| server.runs.clear());
        server.fail(Some(FaultPlan { fault: *fault, at, lasting: false }));
        sandbox.run("deployment run hello-UNIQUE/a")?.success()?;
        let sent = server.requests().iter().filter(|request| request.ends_with("create_flow_run")).count();
        let runs = server.look(|server| server.runs.len());
        assert_eq!((sent, runs), (2, 1), "{fault:?}");
    }
    Ok(())
}
