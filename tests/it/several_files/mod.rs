//! Tests of commands with multiple project files.

mod resources;
mod selection;

use std::{
    fs,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Proxy, Sandbox, Verdict, assert_output};

/// Flow of a service.
const FLOW: &str =
    "from prefect import flow\n\n\n@flow(name=\"NAME-UNIQUE\")\ndef main(n: int = 1):\n    pass\n";

/// Project file of a service.
const SERVICE: &str = "\
pull: []
deployments:
- name: default
  entrypoint: flow.py:main
  version: \"1\"
  work_pool: {name: pool-UNIQUE}
";

/// All services.
const ALL: &str = "-f services/**/prefect.yaml";

/// Adds a service, whose root contains its flow.
fn service(sandbox: &Sandbox, name: &str, file: &str) -> Result<()> {
    sandbox.file(&format!("services/{name}/flow.py"), FLOW.replace("NAME", name))?;
    sandbox.file(&format!("services/{name}/prefect.yaml"), file)
}

/// Adds two services to a sandbox that has no project file, and a Git repository.
fn services(sandbox: &Sandbox) -> Result<()> {
    fs::remove_file(sandbox.directory().join("prefect.yaml")).ok();
    git2::Repository::init(sandbox.directory())?;
    service(sandbox, "billing", SERVICE)?;
    service(sandbox, "orders", SERVICE)
}

fn offline() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    services(&sandbox)?;
    Ok(sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_each_file_and_all_files() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    services(&sandbox)?;
    let output = sandbox.run(&format!("plan --all {ALL}"))?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    + billing-UNIQUE/default (create) in services/billing/prefect.yaml
        + work_pool_name: "pool-UNIQUE"
        + entrypoint: "flow.py:main"
        + version: "1"
    + orders-UNIQUE/default (create) in services/orders/prefect.yaml
        + work_pool_name: "pool-UNIQUE"
        + entrypoint: "flow.py:main"
        + version: "1"

    Plan: 2 to create.
    --- stderr

    Run `prefectl deploy --all -f 'services/**/prefect.yaml'` to apply
    "#);
    // The root of a single path is the working directory, so the service is deployed from its own directory.
    let output = sandbox.run("deploy --all --project-dir services/orders --output json")?.success()?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    assert!(document["deployments"][0].get("file").is_none(), "{document}");
    let output = sandbox.run(&format!("deploy --all {ALL} --output json"))?.success()?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    let deployments = document["deployments"].as_array().context("a list")?;
    let shown: Vec<Value> = deployments.iter().map(|entry| json!([entry["file"], entry["status"]])).collect();
    assert_eq!(
        shown,
        [
            json!(["services/billing/prefect.yaml", "created"]),
            json!(["services/orders/prefect.yaml", "unchanged"])
        ]
    );
    assert_eq!(api.existing(&sandbox, "billing-UNIQUE/default")?["entrypoint"], "flow.py:main");
    let output = sandbox.run(&format!("drift --all {ALL}"))?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    = billing-UNIQUE/default in services/billing/prefect.yaml
    = orders-UNIQUE/default in services/orders/prefect.yaml

    No drift: 2 deployments match
    ");
    let output = sandbox.run(&format!("deploy -n billing-UNIQUE/default {ALL}"))?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'billing-UNIQUE/default' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr

    To execute flow runs from these deployments, start a worker in a separate terminal that pulls work from the 'pool-UNIQUE' work pool:

    	$ prefect worker start --pool 'pool-UNIQUE'

    To schedule a run for this deployment, use the following command:

    	$ prefectl deployment run 'billing-UNIQUE/default'
    ");
    sandbox.run(&format!("destroy --all {ALL} --yes"))?.success()?;
    assert!(api.deployment(&sandbox, "orders-UNIQUE/default")?.is_none());
    let output = sandbox.run(&format!("drift --all {ALL}"))?;
    let line = "is missing on the server, declared in services/orders/prefect.yaml";
    assert!(output.stdout.contains(line), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_saved_plan_selects_the_same_files() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    services(&sandbox)?;
    sandbox.run(&format!("plan --all {ALL} --out plan.json"))?.success()?;
    let plan: Value = serde_json::from_str(&sandbox.read("plan.json")?)?;
    assert_eq!(plan["selection"]["files"], json!(["services/**/prefect.yaml"]));
    assert_eq!(plan["deployments"][1]["file"], "services/orders/prefect.yaml");
    sandbox.run("deploy --plan plan.json")?.success()?;
    api.existing(&sandbox, "orders-UNIQUE/default")?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn settings_list_the_files_and_a_root_has_its_own_settings() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    services(&sandbox)?;
    sandbox.file("pyproject.toml", "[tool.prefectl]\nfiles = [\"services/*/prefect.yaml\"]\n")?;
    let without_pool = SERVICE.replace("  work_pool: {name: pool-UNIQUE}\n", "");
    sandbox.file("services/orders/prefect.yaml", &without_pool)?;
    sandbox.file("services/orders/.env", "PREFECT_DEFAULT_WORK_POOL_NAME=pool-UNIQUE\n")?;
    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'billing-UNIQUE/default' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'orders-UNIQUE/default' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    --- stderr
    2 created in [TIME]

    To execute flow runs from these deployments, start a worker in a separate terminal that pulls work from the 'pool-UNIQUE' work pool:

    	$ prefect worker start --pool 'pool-UNIQUE'

    To schedule a run for this deployment, use the following command:

    	$ prefectl deployment run 'billing-UNIQUE/default'
    ");
    assert_eq!(
        api.existing(&sandbox, "orders-UNIQUE/default")?["work_pool_name"],
        sandbox.unique("pool-UNIQUE")
    );
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn an_incomplete_deploy_is_resumed_and_rolled_back_with_its_files() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    services(&sandbox)?;
    let refuses = Arc::new(AtomicBool::new(true));
    let is_refused = Arc::clone(&refuses);
    let proxy = Proxy::start(api.url(), move |seen, _| {
        let is_second = seen.line == "POST /api/deployments/" && seen.body.contains("\"name\":\"second\"");
        if is_second && is_refused.load(SeqCst) { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    sandbox.file("services/orders/prefect.yaml", SERVICE.replace("default", "second"))?;
    let output = sandbox.run(&format!("deploy --all {ALL} --on-error continue"))?;
    let message = "deployment 'orders-UNIQUE/second' in services/orders/prefect.yaml: ";
    assert!(output.to_string().contains(message), "{output}");
    let output = sandbox.run("rollback --yes -f prefect.yaml")?;
    assert!(
        output.stderr.contains("the last deploy used the file services/**/prefect.yaml, not prefect.yaml"),
        "{output}"
    );
    refuses.store(false, SeqCst);
    let output = sandbox.run("deploy --resume --output json")?.success()?.json()?;
    assert_eq!(output["deployments"][0]["file"], "services/orders/prefect.yaml");
    api.existing(&sandbox, "orders-UNIQUE/second")?;

    sandbox.run(&format!("destroy --all {ALL} --yes"))?.success()?;
    refuses.store(true, SeqCst);
    sandbox.run(&format!("deploy --all {ALL} --on-error continue"))?;
    sandbox.run(&format!("rollback --yes {ALL}"))?.success()?;
    assert!(api.deployment(&sandbox, "billing-UNIQUE/default")?.is_none());
    Ok(())
}

#[test]
fn reports_the_findings_of_all_files() -> Result<()> {
    let sandbox = offline()?;
    sandbox.file("services/billing/prefect.yaml", SERVICE.replace("flow.py:main", "flow.py:mian"))?;
    sandbox.file("services/orders/prefect.yaml", SERVICE.replace("version", "verison"))?;
    service(&sandbox, "users", "deployments: [\n")?;
    let output = sandbox.run("check services/**/prefect.yaml")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[flow-not-found]: Flow function with name 'mian' not found in 'flow.py'.
     --> services/billing/prefect.yaml:4:15
      |
    4 |   entrypoint: flow.py:mian
      |               ^^^^^^^^^^^^
    help: did you mean 'main'?
    warning[unknown-key]: the key 'verison' is unknown and has no effect
     --> services/orders/prefect.yaml:5:3
      |
    5 |   verison: "1"
      |   ^^^^^^^
    help: did you mean `version`?
    error[yaml-syntax]: this `[` is not closed
     --> services/users/prefect.yaml:1:14
      |
    1 | deployments: [
      |              ^
    2 errors, 1 warning in 3 files
    1 problem can be fixed with `prefectl check --fix`; `prefectl check --diff` shows the changes
    "#);
    sandbox.file("services/users/prefect.yaml", "deployments: 1\n")?;
    let output = sandbox.run(&format!("render --all {ALL}"))?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[wrong-type]: `deployments` must be a list of mappings, not an integer
     --> services/users/prefect.yaml:1:14
      |
    1 | deployments: 1
      |              ^
    error: no requests: 1 error
    ");
    Ok(())
}

#[test]
fn fixes_all_files() -> Result<()> {
    let sandbox = offline()?;
    for name in ["billing", "orders"] {
        let file = SERVICE.replace("entrypoint", "entry_point");
        sandbox.file(&format!("services/{name}/prefect.yaml"), file)?;
    }
    let output = sandbox.run("check --diff services/*/prefect.yaml")?;
    assert_output!(output, @r#"
    exit 2
    --- stdout
    --- services/billing/prefect.yaml
    +++ services/billing/prefect.yaml
    @@ -1,6 +1,6 @@
     pull: []
     deployments:
     - name: default
    -  entry_point: flow.py:main
    +  entrypoint: flow.py:main
       version: "1"
       work_pool: {name: pool-UNIQUE}
    --- services/orders/prefect.yaml
    +++ services/orders/prefect.yaml
    @@ -1,6 +1,6 @@
     pull: []
     deployments:
     - name: default
    -  entry_point: flow.py:main
    +  entrypoint: flow.py:main
       version: "1"
       work_pool: {name: pool-UNIQUE}
    --- stderr
    error[no-entrypoint]: the key 'entry_point' is unknown, so the deployment has no `entrypoint`
     --> services/billing/prefect.yaml:4:3
      |
    4 |   entry_point: flow.py:main
      |   ^^^^^^^^^^^
    help: did you mean `entrypoint`?
    error[no-entrypoint]: the key 'entry_point' is unknown, so the deployment has no `entrypoint`
     --> services/orders/prefect.yaml:4:3
      |
    4 |   entry_point: flow.py:main
      |   ^^^^^^^^^^^
    help: did you mean `entrypoint`?
    2 errors in 2 files
    "#);
    let output = sandbox.run("check --fix services/*/prefect.yaml")?;
    assert_output!(output, @r"
    exit 0
    --- stderr
    Fixed 2 problems in 2 files
    No problems found in 2 files (2 deployments)
    ");
    assert_eq!(sandbox.read("services/orders/prefect.yaml")?, sandbox.unique(SERVICE));
    Ok(())
}

#[test]
fn rejects_a_deployment_that_two_files_declare() -> Result<()> {
    let sandbox = offline()?;
    sandbox.file("services/orders/flow.py", FLOW.replace("NAME", "billing"))?;
    let output = sandbox.run("check services/*/prefect.yaml")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[duplicate-across-files]: deployment 'billing-UNIQUE/default' is already declared in services/billing/prefect.yaml:3
     --> services/orders/prefect.yaml:3:9
      |
    3 | - name: default
      |         ^^^^^^^
    1 error in 2 files
    ");
    let output = sandbox.run("render --all -f services/*/prefect.yaml")?;
    assert!(output.code == 2 && output.stderr.contains("error[duplicate-across-files]"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn prune_of_one_service_keeps_the_other_services() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    services(&sandbox)?;
    let extra =
        format!("{SERVICE}- name: extra\n  entrypoint: flow.py:main\n  work_pool: {{name: pool-UNIQUE}}\n");
    service(&sandbox, "billing", &extra)?;
    let prune = "--all --project several-UNIQUE --prune --quiet";
    sandbox.run(&format!("deploy {prune} {ALL}")).and_then(Output::success)?;
    service(&sandbox, "billing", SERVICE)?;
    for one in ["--project-dir services/billing", "-f services/billing/prefect.yam*"] {
        let output = sandbox.run(&format!("plan {prune} {one}"))?;
        assert!(output.to_string().contains("- billing-UNIQUE/extra (delete)"), "{output}");
        assert!(output.to_string().contains("Plan: 1 to delete, 1 unchanged."), "{output}");
    }
    sandbox.run(&format!("deploy {prune} --project-dir services/billing")).and_then(Output::success)?;
    fs::remove_file(sandbox.directory().join("services/orders/prefect.yaml"))?;
    let output = sandbox.run(&format!("plan {prune} {ALL}"))?;
    assert!(output.to_string().contains("- orders-UNIQUE/default (delete)"), "{output}");
    assert!(output.to_string().contains("Plan: 1 to delete, 1 unchanged."), "{output}");
    Ok(())
}

#[test]
fn reads_a_project_file_from_stdin() -> Result<()> {
    let sandbox = offline()?;
    let render = |arguments: &[&str], text: &str| -> Result<(i32, String)> {
        let mut command = sandbox.command(arguments);
        let file = sandbox.directory().join("stdin.yaml");
        fs::write(&file, sandbox.unique(text))?;
        let output = command.stdin(Stdio::from(fs::File::open(file)?)).output()?;
        let text = String::from_utf8([output.stdout, output.stderr].concat())?;
        Ok((output.status.code().context("an exit code")?, text))
    };
    let (code, text) = render(&["render", "--all", "-f", "-", "--project-dir", "services/orders"], SERVICE)?;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&sandbox.unique("name: orders-UNIQUE/default")), "{text}");
    let (code, text) = render(&["check", "-"], "deployments: 1\n")?;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--> <stdin>:1:14") && text.contains("1 error in stdin"), "{text}");
    Ok(())
}

#[test]
fn an_output_is_valid_with_and_without_several_files() -> Result<()> {
    let sandbox = offline()?;
    let output: Output = sandbox.run(&format!("render --all {ALL} --output json"))?.success()?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    assert_eq!(document["deployments"][0]["file"], "services/billing/prefect.yaml");
    let output = sandbox.run("render --all -f services/billing/*.yaml --output json")?.success()?;
    let document: Value = serde_json::from_str(&output.stdout)?;
    assert!(document["deployments"][0].get("file").is_none(), "a single file is not named");
    Ok(())
}
