//! Tests of first deploys to a real server.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

/// Two deployments that share a step. The script counts its runs.
const TWO: &str = r#"
build:
- prefect.deployments.steps.run_shell_script: {id: stamp, script: sh stamp.sh}
pull: []
definitions:
  pool: &pool
    name: pool-UNIQUE
    job_variables: {env: {STAMP: "{{ stamp.stdout }}"}}
deployments:
- name: one
  entrypoint: flow.py:hello
  parameters: {name: Arthur}
  tags: ["{{ stamp.stdout }}", it]
  work_pool: *pool
- name: two
  entrypoint: flow.py:goodbye
  version: "2"
  work_pool: *pool
"#;

const STAMP: &str = "echo run >> runs.txt\necho v1\n";

/// Verifies the two deployments of [`TWO`] on the server. Returns the first deployment.
fn verify_registration(api: &Api, sandbox: &Sandbox) -> Result<Value> {
    let one = api.existing(sandbox, "hello-UNIQUE/one")?;
    assert_eq!(one["tags"], json!(["v1", "it"]));
    assert_eq!(one["job_variables"], json!({"env": {"STAMP": "v1"}}));
    assert_eq!(one["parameters"], json!({"name": "Arthur"}));
    assert_eq!(one["description"], json!("Greets."));
    assert_eq!(one["work_pool_name"], json!(sandbox.unique("pool-UNIQUE")));
    let two = api.existing(sandbox, "goodbye-UNIQUE/two")?;
    assert_eq!((&two["version"], &two["pull_steps"]), (&json!("2"), &json!([])));
    assert_eq!(two["job_variables"], one["job_variables"]);
    Ok(one)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_a_file_and_then_reports_no_changes() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(TWO)?;
    sandbox.file("stamp.sh", STAMP)?;

    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'goodbye-UNIQUE/two' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    Running deployment build steps...
     > Running run_shell_script step...
       | v1
     > run_shell_script: done ([TIME])
    2 created in [TIME]

    To execute flow runs from these deployments, start a worker in a separate terminal that pulls work from the 'pool-UNIQUE' work pool:

    	$ prefect worker start --pool 'pool-UNIQUE'

    To schedule a run for this deployment, use the following command:

    	$ prefectl deployment run 'hello-UNIQUE/one'
    ");
    assert_eq!(sandbox.read("runs.txt")?, "run\n", "two deployments, one step");
    let one = verify_registration(&api, &sandbox)?;

    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'goodbye-UNIQUE/two' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    Running deployment build steps...
     > Running run_shell_script step...
       | v1
     > run_shell_script: done ([TIME])
    2 unchanged in [TIME]

    To execute flow runs from these deployments, start a worker in a separate terminal that pulls work from the 'pool-UNIQUE' work pool:

    	$ prefect worker start --pool 'pool-UNIQUE'

    To schedule a run for this deployment, use the following command:

    	$ prefectl deployment run 'hello-UNIQUE/one'
    ");
    assert_eq!(
        api.existing(&sandbox, "hello-UNIQUE/one")?["updated"],
        one["updated"],
        "not written unchanged"
    );

    let output = sandbox.run("deploy --all --force --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (updated: version, description, parameters, paused, concurrency_limit, concurrency_options, tags, work_queue_name, work_pool_name, job_variables, entrypoint, parameter_openapi_schema, pull_steps)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'goodbye-UNIQUE/two' successfully created with id '[ID]'. (updated: version, description, parameters, paused, concurrency_limit, concurrency_options, tags, work_queue_name, work_pool_name, job_variables, entrypoint, parameter_openapi_schema, pull_steps)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    assert_ne!(api.existing(&sandbox, "hello-UNIQUE/one")?["updated"], one["updated"]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn selects_deployments_by_name_and_pattern() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(TWO)?;
    sandbox.file("stamp.sh", STAMP)?;
    let registered = || api.registered(&sandbox);

    sandbox.run("deploy -n goodbye-UNIQUE/two").and_then(Output::success)?;
    assert_eq!(registered()?, ["goodbye-UNIQUE", "two"]);

    let output = sandbox.run("deploy -n o* -n three --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    warning[unknown-deployment]: The following deployment(s) could not be found and will not be deployed: three
    ");

    let output = sandbox.run("deploy --quiet")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    error: Discovered one or more deployment configurations, but no name was given. Please specify the name of at least one deployment to create or update.
    help: pass --all, or pass -n with one of: one, two
    ");
    let output = sandbox.run("deploy --all -n two --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: Cannot use both `--all` and `--name` at the same time. Use only one.
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn reads_the_file_of_the_prefect_file_option() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("this: is not: read")?;
    sandbox.file("deploy/production.yaml", TWO)?;
    sandbox.file("stamp.sh", STAMP)?;
    let output = sandbox.run("deploy --prefect-file deploy/production.yaml -n two --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'goodbye-UNIQUE/two' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_from_options_without_a_file() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("{}")?;
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let options =
        "deploy flow.py:hello -n nightly -p pool-UNIQUE -t a --param times=3 --timezone Europe/Berlin";
    let mut words: Vec<&str> = options.split(' ').collect();
    words.extend(["--cron", "0 2 * * *", "-jv", r#"{"env": {"A": "b=c"}}"#]);
    let output = sandbox.run_words(&words)?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/nightly' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    Your Prefect workers will attempt to load your flow from: [PROJECT]/flow.py

    To execute flow runs from these deployments, start a worker in a separate terminal that pulls work from the 'pool-UNIQUE' work pool:

    	$ prefect worker start --pool 'pool-UNIQUE'

    To schedule a run for this deployment, use the following command:

    	$ prefectl deployment run 'hello-UNIQUE/nightly'
    ");
    let deployment = api.existing(&sandbox, "hello-UNIQUE/nightly")?;
    assert_eq!((&deployment["tags"], &deployment["parameters"]), (&json!(["a"]), &json!({"times": 3})));
    assert_eq!(deployment["job_variables"], json!({"env": {"A": "b=c"}}));
    let schedule = &deployment["schedules"][0]["schedule"];
    assert_eq!(*schedule, json!({"cron": "0 2 * * *", "timezone": "Europe/Berlin", "day_or": true}));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn json_output_is_one_document_on_stdout() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(TWO)?;
    sandbox.file("stamp.sh", STAMP)?;

    let output = sandbox.run("deploy --all --output json")?.success()?;
    assert!(!output.stderr.contains("deployment run"), "hints for people: {output}");
    let document = output.json()?;
    let deployments = document["deployments"].as_array().context("a list")?;
    let statuses: Vec<_> =
        deployments.iter().map(|item| item["status"].as_str().unwrap_or_default()).collect();
    assert_eq!((&document["schema"], statuses), (&json!(1), vec!["created", "created"]));
    let one = api.existing(&sandbox, "hello-UNIQUE/one")?;
    assert_eq!(deployments[0]["id"], one["id"]);
    assert_eq!(deployments[0]["name"], json!(sandbox.unique("hello-UNIQUE/one")));

    sandbox.file("stamp.sh", "echo v2\n")?;
    let document = sandbox.run("deploy --all --output json")?.success()?.json()?;
    assert_eq!(document["deployments"][0]["status"], json!("updated"));
    assert_eq!(document["deployments"][0]["changed"], json!(["tags", "job_variables"]));
    assert_eq!(document["deployments"][1]["changed"], json!(["job_variables"]));
    assert_eq!(document["error"], json!(null));
    assert!(document["requests"].as_u64().is_some_and(|requests| requests > 4), "{document}");

    sandbox.file("prefect.yaml", TWO.replace("flow.py:", "flows.py:"))?;
    let output = sandbox.run("deploy --all --output json")?;
    let document = output.json()?;
    assert_eq!((output.code, &document["error"]["exit"]), (2, &json!(2)), "{document}");
    assert_eq!(document["deployments"], json!([]));
    assert_eq!(document["error"]["findings"][0]["severity"], "error");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn events_are_json_objects_on_stderr() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&TWO.replace("tags:", "tagz:"))?;
    sandbox.file("stamp.sh", STAMP)?;
    let output = sandbox.run("deploy --all --events jsonl")?.success()?;
    let events = output.stderr.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    assert!(events.iter().all(|event| event["schema"] == 1), "{output}");
    let count = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!(
        [count("finding"), count("output"), count("deployment"), count("error")],
        [1, 1, 2, 0],
        "{output}"
    );
    assert!(count("status") > 1, "{output}");
    let steps = events.iter().filter(|event| event["event"] == "step");
    let mut steps: Vec<_> = steps.map(|step| (step["id"].as_u64(), step["status"].as_str())).collect();
    steps.sort_unstable();
    let id = steps.first().and_then(|(id, _)| *id);
    let expected = ["done", "running", "shared", "waiting"].map(|status| (id, Some(status)));
    assert_eq!(steps, expected, "{output}");
    let said = events.iter().find(|event| event["event"] == "output").context("an output")?;
    assert_eq!(said["step"].as_u64(), id);

    sandbox.file("stamp.sh", "exit 3\n")?;
    let output = sandbox.run("deploy --all --events jsonl --quiet")?;
    let last: Value = serde_json::from_str(output.stderr.lines().last().unwrap_or_default())?;
    assert_eq!((&last["event"], &last["exit"]), (&json!("error"), &json!(7)), "{output}");
    Ok(())
}

#[cfg(unix)]
#[test]
#[ignore = "needs services: run tests/run"]
fn link_named_prefect_exits_with_1_for_every_failure() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(TWO)?;
    sandbox.file("stamp.sh", "exit 3\n")?;
    assert_eq!(sandbox.run("deploy --all")?.code, 7);
    assert_eq!(sandbox.run("--compat-exit-codes deploy --all")?.code, 1);
    assert_eq!(sandbox.run_as_prefect("deploy --all")?.code, 1);
    assert_eq!(sandbox.run_as_prefect("deploy --prefect-file none.yaml")?.code, 1);
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    sandbox.file("stamp.sh", STAMP)?;
    assert_eq!(sandbox.run_as_prefect("deploy --all")?.code, 0);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn strict_turns_warnings_into_errors() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
  description: made by {{ nobody }}
  catchup: false
",
    )?;
    let output = sandbox.run("deploy --all --strict --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[removed-key]: Prefect 3.0 and later ignore the key `catchup`
     --> prefect.yaml:8:3
      |
    8 |   catchup: false
      |   ^^^^^^^
    help: remove the key, because Prefect 3 never catches up on missed runs
    error[unknown-output]: Value for placeholder '{{ nobody }}' not found in provided values. Please ensure that the placeholder is spelled correctly and that the corresponding value is provided.
     --> prefect.yaml:7:16
      |
    7 |   description: made by {{ nobody }}
      |                ^^^^^^^^^^^^^^^^^^^^
    help: no step has the ID or the output 'nobody'
    error: nothing was registered
    ");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    warning[removed-key]: Prefect 3.0 and later ignore the key `catchup`
     --> prefect.yaml:8:3
      |
    8 |   catchup: false
      |   ^^^^^^^
    help: remove the key, because Prefect 3 never catches up on missed runs
    warning[unknown-output]: Value for placeholder '{{ nobody }}' not found in provided values. Please ensure that the placeholder is spelled correctly and that the corresponding value is provided.
     --> prefect.yaml:7:16
      |
    7 |   description: made by {{ nobody }}
      |                ^^^^^^^^^^^^^^^^^^^^
    help: no step has the ID or the output 'nobody'
    ");
    assert_eq!(api.registered(&sandbox)?, ["hello-UNIQUE", "a"]);
    Ok(())
}
