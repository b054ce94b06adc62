//! Intended differences from the real `prefect deploy`, as listed in docs/src/differences.md.
//!
//! More differences are tested in `error_messages`, `deploy`, `redeploy`, `docker_steps`, `step_order`, and in the
//! cases of `tests/conformance` that have an `intended.json`.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox};

/// Deploys a file. Returns the command's output and the deployment `hello/a`.
fn deployed(api: &Api, sandbox: &Sandbox, words: &[&str]) -> Result<(Output, Value)> {
    let words: Vec<&str> = ["deploy", "--quiet"].iter().chain(words).copied().collect();
    let output = sandbox.run_words(&words)?.success()?;
    Ok((output, api.existing(sandbox, "hello-UNIQUE/a")?))
}

/// Returns a prefect.yaml with the deployment `a`, which has the additional lines `lines`.
fn file(lines: &str) -> String {
    format!(
        "pull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n  work_pool: {{name: pool-UNIQUE}}\n{lines}\n"
    )
}

/// Initializes a Git repository in the project, runs the Git command `before`, and creates a commit.
fn commit(sandbox: &Sandbox, before: &[&str]) -> Result<()> {
    let first = "-c user.name=a -c user.email=a@b commit -q --allow-empty -m first";
    for words in [vec!["init", "-q"], before.to_vec(), first.split(' ').collect()] {
        let status =
            std::process::Command::new("git").args(&words).current_dir(sandbox.directory()).status()?;
        anyhow::ensure!(words.is_empty() || status.success(), "git {words:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn one_invalid_deployment_prevents_all_steps_and_writes() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "build: [{prefect.deployments.steps.run_shell_script: {script: touch ran}}]
deployments:
- {name: a, entrypoint: flow.py:hello, work_pool: {name: pool-UNIQUE}}
- {name: b, entrypoint: flow.py:hello, parameters: {times: often}, work_pool: {name: pool-UNIQUE}}
- {name: c, entrypoint: flow.py:hello, work_pool: {name: other-UNIQUE}}",
    )?;
    let output = sandbox.run("deploy --all")?;
    assert_eq!(output.code, 2, "{output}");
    for found in ["work pool 'other-", "field 'times'"] {
        assert!(output.stderr.contains(found), "{output}");
    }
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    assert!(!sandbox.directory().join("ran").exists());
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn identical_steps_run_once_only_if_they_share_a_definition() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "definitions:
  shared: &shared [{prefect.deployments.steps.run_shell_script: {script: sh count.sh shared}}]
deployments:
- {name: a, entrypoint: flow.py:hello, build: *shared, work_pool: {name: pool-UNIQUE}}
- {name: b, entrypoint: flow.py:hello, build: *shared, work_pool: {name: pool-UNIQUE}}
- {name: c, entrypoint: flow.py:hello, build: [{prefect.deployments.steps.run_shell_script: {script: sh count.sh own}}], work_pool: {name: pool-UNIQUE}}
- {name: d, entrypoint: flow.py:hello, build: [{prefect.deployments.steps.run_shell_script: {script: sh count.sh own}}], work_pool: {name: pool-UNIQUE}}",
    )?;
    sandbox.file("count.sh", "echo $1 >> runs.txt\n")?;
    sandbox.run("deploy --all")?.success()?;
    assert_eq!(sandbox.read("runs.txt")?, "shared\nown\nown\n");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn splits_a_tags_string_at_commas() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file("  tags: 'nightly, eu'"))?;
    assert_eq!(deployed(&api, &sandbox, &["--all"])?.1["tags"], json!(["nightly", "eu"]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn options_override_the_file_and_the_file_overrides_settings() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api
        .sandbox(&file(
            "  version_type: vcs:git\n  enforce_parameter_schema: false\n  parameters: {times: 2}",
        ))?
        .variable("PREFECT_DEFAULT_WORK_POOL_NAME", "of-the-settings");
    let words = ["-n", "a", "--version-type", "prefect:simple", "--enforce-parameter-schema"];
    let (_, deployment) =
        deployed(&api, &sandbox, &[&words[..], &["-jv", r#"{"env": {"A": "x=y"}}"#]].concat())?;
    assert_eq!(deployment["work_pool_name"], json!(sandbox.unique("pool-UNIQUE")));
    assert_eq!(deployment["enforce_parameter_schema"], json!(true));
    assert_eq!(deployment["job_variables"], json!({"env": {"A": "x=y"}}));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn selects_by_flow_name_or_function_name() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "deployments:
- {name: d1, entrypoint: flow.py:hello, work_pool: {name: pool-UNIQUE}}
- {name: d1, entrypoint: flow.py:goodbye, work_pool: {name: pool-UNIQUE}}
- {entrypoint: flow.py:hello, work_pool: {name: pool-UNIQUE}}",
    )?;
    for (names, expected) in [
        // Selection by flow name, by function name, by a pattern with either, and by two patterns that match
        // the same deployment.
        (&["hello-UNIQUE/d1"][..], 1),
        (&["hello/d1"], 1),
        (&["hello/d*"], 1),
        (&["d*"], 2),
        (&["hello/d1", "d*"], 2),
    ] {
        let words: Vec<&str> = names.iter().flat_map(|name| ["-n", name]).collect();
        let words = [&["deploy", "--output", "json"][..], &words].concat();
        let document = sandbox.run_words(&words)?.success()?.json()?;
        let count = document["deployments"].as_array().context("a list")?.len();
        assert_eq!(count, expected, "{names:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn empty_push_section_skips_push_and_steps_start_in_the_project() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "build:
- prefect.deployments.steps.set_working_directory: {directory: sub}
push:
- prefect.deployments.steps.run_shell_script: {script: touch pushed}
deployments:
- {name: a, entrypoint: flow.py:hello, push: [], work_pool: {name: pool-UNIQUE}}
- name: b
  entrypoint: flow.py:hello
  build: [{prefect.deployments.steps.run_shell_script: {script: touch built}}]
  push: []
  work_pool: {name: pool-UNIQUE}",
    )?;
    sandbox.file("sub/keep", "")?;
    sandbox.run("deploy --all")?.success()?;
    let exists = |path: &str| sandbox.directory().join(path).exists();
    assert!(exists("built") && !exists("pushed") && !exists("sub/pushed"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn missing_ci_variable_leaves_no_none_in_values() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api
        .sandbox(&file(""))?
        .variable("BUILD_SOURCEVERSION", "0123456789abcdef")
        .variable("BUILD_SOURCEBRANCHNAME", "main")
        .variable("BUILD_REPOSITORY_NAME", "etl");
    commit(&sandbox, &[])?;
    let (_, deployment) = deployed(&api, &sandbox, &["--all"])?;
    assert_eq!(deployment["version"], json!("01234567"));
    assert!(!deployment.to_string().contains("None"), "{deployment}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn null_sections_equal_missing_sections() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "build: null\ndeployments:\n- {name: a, entrypoint: flow.py:hello, tags: null, work_pool: null, triggers: null, parameters: {}}",
    )?;
    assert_eq!(deployed(&api, &sandbox, &["-p", "pool-UNIQUE"])?.1["tags"], json!([]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn keeps_unusual_values_with_a_warning() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file("  description: '{{ STAGE }}'"))?.variable("STAGE", "dev");
    let (output, deployment) = deployed(&api, &sandbox, &["--all"])?;
    assert_eq!(deployment["description"], json!("dev"));
    assert!(output.stderr.contains("warning[environment-without-dollar]"), "{output}");

    let output = sandbox.run("deploy -n renamed --quiet")?.success()?;
    assert!(output.stderr.contains("warning["), "{output}");
    api.existing(&sandbox, "hello-UNIQUE/renamed")?;

    sandbox.file("prefect.yaml", file("  schedules: [{interval: 60}]"))?;
    let (_, deployment) = deployed(&api, &sandbox, &["--all"])?;
    assert!(deployment["schedules"][0]["schedule"]["anchor_date"].is_string());
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn reads_the_whole_schema_of_a_flow_that_cannot_be_imported() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(""))?;
    sandbox.file(
        "flow.py",
        "import a_module_that_is_not_here
from prefect import flow

@flow(name='hello-UNIQUE')
def hello(*, needed: int, wanted: list[str] = ['a']): ...
",
    )?;
    let schema = &deployed(&api, &sandbox, &["--all"])?.1["parameter_openapi_schema"];
    assert_eq!(schema["required"], json!(["needed"]));
    assert_eq!(schema["properties"]["wanted"]["items"], json!({"type": "string"}));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn rejects_deployments_that_can_never_run() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(""))?;
    for words in [
        &["deploy", "--cron", "R/5 * * * *"][..],
        &["deploy", "--rrule", "FREQ=DAILY;INTERVAL=0"],
        &["deploy", "-jv", r#"[["a", "b"]]"#],
    ] {
        let output = sandbox.run_words(words)?;
        assert_ne!(output.code, 0, "{words:?}\n{output}");
    }
    assert_eq!(api.registered(&sandbox)?, [""; 0]);

    sandbox.run_words(&["deploy", "--trigger", r#"[{"expect": ["a"]}, {"expect": ["b"]}]"#])?.success()?;
    let automations = api.automations(&api.existing(&sandbox, "hello-UNIQUE/a")?)?;
    assert_eq!(automations.len(), 2, "a list of triggers is taken");
    let output =
        sandbox.run_words(&["deployment", "run", "hello-UNIQUE/a", "--start-at", "2001-01-01T00:00:00"])?;
    assert_ne!(output.code, 0, "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn omits_credentials_from_the_remote_url() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&file(""))?;
    commit(&sandbox, &["remote", "add", "origin", "https://robot:t0p-s3cret@git.example.com/team/etl.git"])?;
    let (output, deployment) = deployed(&api, &sandbox, &["--all"])?;
    assert!(!format!("{deployment}{output}").contains("t0p-s3cret"));
    Ok(())
}

#[test]
fn other_commands_need_a_pool_and_have_unnamed_arguments() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", "http://127.0.0.1:1/api");
    for (line, message) in [
        ("work-queue create q", "no work pool given"),
        ("work-pool inspect --name p", "takes a positional argument instead of `--name`"),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == 2 && output.stderr.contains(message), "{line}: {output}");
    }
    Ok(())
}
