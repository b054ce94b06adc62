//! Tests of `--prune` and `destroy`: only deployments that the project itself registered are deleted.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Proxy, Sandbox, Verdict, assert_output};

/// Returns the names of the sandbox's deployments on the server.
fn deployments(api: &Api, sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut names = api.registered(sandbox)?;
    names.retain(|name| !name.ends_with("-UNIQUE"));
    names.sort();
    Ok(names)
}

/// Returns a project with the given deployments of one flow and a build step that creates a file. Each deployment has a
/// trigger.
fn file(names: &[&str]) -> String {
    let deployment = |name: &&str| {
        format!(
            "- name: {name}\n  entrypoint: flow.py:hello\n  work_pool: {{name: pool-UNIQUE}}\n  \
             triggers: [{{name: 'on-{name}-UNIQUE', expect: [x]}}]\n"
        )
    };
    let deployments: String = names.iter().map(deployment).collect();
    format!(
        "build:\n- prefect.deployments.steps.run_shell_script: {{script: touch it-ran}}\npull: []\n\
         deployments:\n{deployments}"
    )
}

#[test]
#[ignore = "needs services: run tests/run"]
fn prune_deletes_only_what_the_project_no_longer_declares() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(&["a", "b"]))?;
    let id = sandbox.unique("one-UNIQUE");
    let sandbox = sandbox.variable("PREFECTL_PROJECT", id);
    // Other deployments of the same flow: registered by another project, by no project, and by two projects.
    for (name, options) in
        [("theirs", "--project two-UNIQUE"), ("shared", "--project two-UNIQUE"), ("loose", "")]
    {
        sandbox.file("other.yaml", file(&[name]))?;
        let other = sandbox.run_with(
            &[("PREFECTL_PROJECT", String::new())],
            &format!("deploy --all --quiet --prefect-file other.yaml {options}"),
        )?;
        other.success()?;
    }
    sandbox.file("prefect.yaml", file(&["a", "b", "shared"]))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let b = api.existing(&sandbox, "hello-UNIQUE/b")?;
    assert_eq!(api.automations(&b)?.len(), 1);

    // The file is renamed and declares fewer deployments.
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    sandbox.file("renamed.yaml", file(&["a"]))?;
    let line = "--all --prune --prefect-file renamed.yaml --quiet";
    let output = sandbox.run(&format!("plan {line} --detailed-exitcode"))?;
    assert_output!(output, @r"
    exit 10
    --- stdout
    - hello-UNIQUE/b (delete)
    = hello-UNIQUE/a (unchanged)

    Steps to run:
      build: run_shell_script at renamed.yaml:2, for hello-UNIQUE/a

    Plan: 1 to delete, 1 unchanged, 1 step.
    ");
    let output = sandbox.run(&format!("deploy {line} --dry-run"))?;
    assert!(output.stdout.contains("/b (delete)"), "{output}");

    std::fs::remove_file(sandbox.directory().join("it-ran"))?;
    let output = sandbox.run(&format!("deploy {line} --max-deletes 0"))?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: more deployments would be deleted than --max-deletes allows (0): hello-UNIQUE/b
    help: nothing was registered; increase --max-deletes if these deployments should be deleted
    ");
    assert!(!sandbox.directory().join("it-ran").exists(), "no step runs");

    let output = sandbox.run(&format!("deploy {line}"))?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'hello-UNIQUE/b' deleted.
    ");
    assert_eq!(deployments(&api, &sandbox)?, ["a", "loose", "shared", "theirs"]);
    assert_eq!(api.automations(&b)?, [Value::Null; 0]);
    let again = sandbox.run(&format!("deploy {line} --output json"))?.success()?.json()?;
    assert_eq!(again["deployments"].as_array().context("a list")?.len(), 1, "{again}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn prune_requires_a_project_id() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(&["a"]))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let output = sandbox.run("deploy --all --prune --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: --prune requires a project ID
    help: set the ID with --project, PREFECTL_PROJECT, or `prefectl.project` in prefect.toml
    ");
    assert_eq!(
        sandbox.run("deploy -n a --prune --project x")?.code,
        2,
        "only all of a file shows what is gone"
    );
    assert_eq!(sandbox.run("deploy --all --project Not/An-Id")?.code, 2);
    let recorded =
        api.post("/variables/filter", &json!({"variables": {"name": {"like_": "prefectl-project-"}}}))?;
    assert!(!recorded.to_string().contains(&sandbox.unique("UNIQUE")));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn destroy_deletes_the_deployments_of_the_file() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(&["a", "b", "c", "theirs"]))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    sandbox.file("other.yaml", file(&["theirs"]))?;
    sandbox.run("deploy --all --prefect-file other.yaml --project their-UNIQUE --quiet")?.success()?;
    let a = api.existing(&sandbox, "hello-UNIQUE/a")?;

    let output = sandbox.run("destroy --all --quiet")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    error: Are you sure you want to delete 3 deployments? Confirmation is required and there is no terminal.
    help: add --yes to confirm
    ");
    let output = sandbox.run("destroy -n a --yes --output json")?.success()?;
    assert_eq!(output.json()?["deployments"][0]["id"], a["id"]);
    assert_eq!(api.automations(&a)?, [Value::Null; 0]);

    // If a name is not in the file, the only deployment of the file must not be selected instead.
    sandbox.file("one.yaml", file(&["b"]))?;
    let output = sandbox.run("destroy -n c --yes --prefect-file one.yaml --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    assert_eq!(deployments(&api, &sandbox)?, ["b", "c", "theirs"]);

    let output = sandbox.run("destroy --all --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted 2 deployments.
    --- stderr
    deployment 'hello-UNIQUE/theirs' is kept: it is also registered by project 'their-UNIQUE'
    To be deleted:
      hello-UNIQUE/b
      hello-UNIQUE/c
    ");
    assert_eq!(deployments(&api, &sandbox)?, ["theirs"]);
    sandbox.file("prefect.toml", "[prefectl]\nproject = \"their-UNIQUE\"\n")?;
    let output = sandbox.run("destroy --all --yes --prefect-file other.yaml --quiet")?;
    assert_eq!(output.success()?.stdout, "Deleted 1 deployment.\n");
    assert_eq!(deployments(&api, &sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn records_and_prunes_500_deployments() -> Result<()> {
    let api = Api::from_env()?;
    let project = |count: usize| {
        let deployment = |number| {
            format!("- {{name: n{number}, entrypoint: 'flow.py:hello', work_pool: {{name: pool-UNIQUE}}}}\n")
        };
        format!("deployments:\n{}", (0..count).map(deployment).collect::<String>())
    };
    let sandbox = api.sandbox(&project(500))?;
    sandbox.run("deploy --all --project many-UNIQUE --quiet").and_then(Output::success)?;
    let filter = json!({"variables": {"name": {"like_": sandbox.unique("many-UNIQUE")}}});
    let variables = api.post("/variables/filter", &filter)?;
    let records = variables.as_array().context("a list")?;
    let count = |record: &Value| record["value"]["deployments"].as_array().map_or(0, Vec::len);
    assert_eq!((records.len(), records.iter().map(count).sum::<usize>()), (5, 500));
    sandbox.file("prefect.yaml", project(495))?;
    let output =
        sandbox.run("deploy --all --project many-UNIQUE --prune --output json --quiet")?.success()?;
    let document = output.json()?;
    let statuses = document["deployments"].as_array().context("a list")?;
    assert_eq!(statuses.iter().filter(|line| line["status"] == "deleted").count(), 5, "{output}");
    sandbox.run("destroy --all --project many-UNIQUE --yes --quiet").and_then(Output::success)?;
    assert_eq!(api.post("/variables/filter", &filter)?, json!([]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_deploy_that_cannot_be_recorded_warns_even_if_it_is_quiet() -> Result<()> {
    let api = Api::from_env()?;
    let proxy = Proxy::start(api.url(), |seen, _| {
        let is_refused = seen.line == "POST /api/variables/";
        if is_refused { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = api.sandbox(&file(&["a"]))?.variable("PREFECT_API_URL", proxy.url());
    let output = sandbox.run("deploy --all --project lost-UNIQUE --quiet --output json")?;
    let text = "warning[unrecorded]: cannot update the project record";
    assert!(output.code == 0 && output.stderr.contains(text), "{output}");
    assert_eq!(output.json()?["warnings"][0]["code"], "unrecorded", "{output}");
    Ok(())
}
