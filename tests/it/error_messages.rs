//! Tests of failures outside the project file. Each failure has one clear message, and nothing is registered.

use anyhow::{Result, ensure};

use crate::support::{Api, MockApi, Sandbox, assert_output};

pub(crate) const PROJECT: &str = "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool}
";

#[test]
fn reports_a_missing_file_before_a_missing_api_url() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for command in ["deploy --all", "deploy --all --dry-run", "plan --all", "drift --all", "destroy --all"] {
        let output = sandbox.run(&format!("{command} --quiet"))?;
        let is_about_file = output.stderr.starts_with("error: no prefect.yaml in ");
        ensure!(output.code == 2 && is_about_file, "{command}: {output}");
    }
    // Without --all, options and questions can replace the file.
    let output = sandbox.run("deploy flow.py:hello -n a --quiet")?;
    ensure!(output.code == 2 && output.stderr.contains("No Prefect API URL"), "{output}");
    Ok(())
}

#[test]
fn reports_a_missing_project_file() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    let output = sandbox.run("deploy --all --prefect-file production.yaml")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: no production.yaml in [PROJECT]
    help: specify another file with --prefect-file
    ");
    let output = sandbox.run("deploy --all --prefect-file .")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: cannot read [PROJECT]/.: Is a directory (os error 21)
    help: select a file in the directory, such as `DIRECTORY/prefect.yaml`
    ");
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: no prefect.yaml in [PROJECT]
    help: create one with `prefectl init`, or specify another file with --prefect-file
    ");
    let output = sandbox.run("deploy")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    error[no-entrypoint]: An entrypoint must be provided:

    	prefectl deploy path/to/file.py:flow_function

      You can also provide an entrypoint in a prefect.yaml file.
    help: there is no prefect.yaml in [PROJECT]
    error[no-name]: A deployment name must be provided.
    error[no-work-pool]: A work pool is required to deploy this flow. Please specify a work pool name via the '--pool' flag or in your prefect.yaml file.
    error: nothing was registered
    ");
    Ok(())
}

#[test]
fn rejects_invalid_options() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    for (line, message) in [
        ("deploy -n a/b/c", "Invalid deployment name format: a/b/c"),
        ("deploy --all -n a", "Cannot use both `--all` and `--name`"),
        ("deploy -n a --param name", "name"),
        ("deploy -n a --param name=x --params {}", "Can only pass one of `param` or `params`"),
        ("deploy -n a --params [1]", "--params"),
        ("deploy -n a --job-variable cpu", "Could not parse variable: \"cpu\""),
        ("deploy -n a --interval often", "often"),
        ("deploy -n a --cron 1", "cron"),
        ("deploy -n a --rrule daily", "daily"),
        ("deploy -n a --trigger triggers.yaml", "triggers.yaml"),
        ("deploy -n a --trigger {", "trigger"),
        ("deploy -n a --concurrency-limit many", "many"),
        ("deploy -n a -cl 1 --collision-strategy QUEUE", "QUEUE"),
        ("deploy -n a --version-type vcs:gitea", "vcs:gitea"),
        ("deploy -n a --pool pol", "did you mean 'pool'"),
        ("deploy -n a --nmae b", "--nmae"),
        ("deploy flow.py -n a", "flow.py"),
        ("deploy flow.py:helo -n a", "helo"),
        ("deploy --all --profile production", "production"),
        ("deploi --all", "deploi"),
        ("", "Usage"),
    ] {
        let output = sandbox.run(line)?;
        assert!([1, 2].contains(&output.code), "{line}\n{output}");
        assert!(output.stderr.contains(message) && output.stdout.is_empty(), "{line}\n{output}");
    }
    assert_eq!(api.writes(), [""; 0]);
    Ok(())
}

#[test]
fn rejects_an_empty_image_name() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(
        &api.url(),
        r#"
build:
- prefect_docker.deployments.steps.build_docker_image:
    id: build-image
    requires: prefect-docker>=0.4.0
    image_name: "{{ $PREFECT_IMAGE_NAME }}"
    tag: latest
    dockerfile: auto
deployments:
- name: default
  entrypoint: flow.py:hello
  work_pool: {name: pool}
"#,
    )?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    warning[unset-environment]: {{ $PREFECT_IMAGE_NAME }} becomes an empty string
     --> prefect.yaml:6:17
      |
    6 |     image_name: "{{ $PREFECT_IMAGE_NAME }}"
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: the environment variable PREFECT_IMAGE_NAME is not set
    error[step-input]: input 'image_name' of step 'build_docker_image' is empty
     --> prefect.yaml:6:17
      |
    6 |     image_name: "{{ $PREFECT_IMAGE_NAME }}"
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: set the environment variable PREFECT_IMAGE_NAME
    error: nothing was registered
    "#);
    assert_eq!(api.writes(), [""; 0]);
    Ok(())
}

#[test]
fn reports_a_missing_docker_engine() -> Result<()> {
    let api = MockApi::with_pool()?;
    let project = format!(
        "build:\n- prefect_docker.deployments.steps.build_docker_image: {{image_name: a, dockerfile: auto}}\n{}",
        PROJECT.trim_start()
    );
    let sandbox = Sandbox::for_project(&api.url(), &project)?
        .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect_docker.deployments.steps.build_docker_image: no container engine responded
      unix:///nonexistent/docker.sock: the socket does not exist
     --> prefect.yaml:2:56
      |
    2 | - prefect_docker.deployments.steps.build_docker_image: {image_name: a, dockerfile: auto}
      |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help: start Docker or Podman, or set DOCKER_HOST to the address of a running engine
    error: a step failed; nothing was registered
    ");
    assert_eq!(api.writes(), [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn reports_a_failing_script() -> Result<()> {
    let api = Api::from_env()?;
    let script = |script: &str| {
        format!(
            "build:\n- prefect.deployments.steps.run_shell_script:\n    id: script\n    script: {script}\n\
             deployments:\n- {{name: a, entrypoint: \"flow.py:hello\", work_pool: {{name: pool-UNIQUE}}}}\n"
        )
    };
    let sandbox = api.sandbox(&script("sh fail.sh"))?;
    sandbox.file("fail.sh", "echo no such bucket >&2\nexit 3\n")?;
    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    Your Prefect workers will attempt to load your flow from: [PROJECT]/flow.py
    Running deployment build steps...
     > Running run_shell_script step...
       | no such bucket
     > run_shell_script: failed ([TIME])
    error[step-failed]: Encountered error while running prefect.deployments.steps.run_shell_script: `run_shell_script` failed with error code 3: no such bucket
      in the line `sh fail.sh`
     --> prefect.yaml:3:5
      |
    3 |     id: script
      |     ^^^^^^^^^^
    error: a step failed; nothing was registered
    ");
    sandbox.file("prefect.yaml", script("no-such-program --version"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect.deployments.steps.run_shell_script: program 'no-such-program' does not exist (in the line `no-such-program --version`)
     --> prefect.yaml:3:5
      |
    3 |     id: script
      |     ^^^^^^^^^^
    help: each line runs as a program without a shell; set `shell: true` to run it with /bin/sh
    error: a step failed; nothing was registered
    ");
    sandbox.file("prefect.yaml", script("echo 'unclosed"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    warning[shell-needed]: the quote is not closed on this line, and each line is run as a separate program
     --> prefect.yaml:4:13
      |
    4 |     script: echo 'unclosed
      |             ^^^^^^^^^^^^^^
    help: write one command per line, or add `shell: true` to run each line with /bin/sh
    error[step-failed]: Encountered error while running prefect.deployments.steps.run_shell_script: No closing quotation in the line `echo 'unclosed`
     --> prefect.yaml:4:13
      |
    4 |     script: echo 'unclosed
      |             ^^^^^^^^^^^^^^
    error: a step failed; nothing was registered
    ");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn rejects_an_unknown_work_pool() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&PROJECT.replace("name: pool", "name: pol-UNIQUE"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error[unknown-work-pool]: This deployment configuration references work pool 'pol-UNIQUE' which does not exist. This means no worker will be able to pick up its runs. You can create a work pool in the Prefect UI.
     --> prefect.yaml:6:21
      |
    6 |   work_pool: {name: pol-UNIQUE}
      |                     ^^^^^^^^^^^^^^
    help: did you mean 'pool-UNIQUE'? Or create the work pool with `prefectl work-pool create pol-UNIQUE --type TYPE`
    error: nothing was registered
    ");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[test]
fn rejects_an_unreadable_flow() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    sandbox.file("flow.py", "from prefect import flow\n\n@flow\ndef hello(name: str = :\n    pass\n")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[flow-syntax]: invalid Python: Expected an expression
     --> flow.py:4:23
      |
    4 | def hello(name: str = :
      |                       ^
    error: nothing was registered
    ");
    sandbox.file("flow.py", "def hello():\n    pass\n")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[not-a-flow]: Function with name 'hello' is not a flow. Make sure that it is decorated with '@flow'.
     --> flow.py:1:5
      |
    1 | def hello():
      |     ^^^^^
    error: nothing was registered
    ");
    sandbox.file("flow.py", "from prefect import flow\n\n@flow\ndef helo():\n    pass\n")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[flow-not-found]: Flow function with name 'hello' not found in 'flow.py'.
     --> prefect.yaml:5:15
      |
    5 |   entrypoint: flow.py:hello
      |               ^^^^^^^^^^^^^
    help: did you mean 'helo'?
    error: nothing was registered
    ");
    assert_eq!(api.writes(), [""; 0]);
    Ok(())
}

#[test]
fn findings_about_options_name_the_option() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    for (line, message) in [
        ("deploy -n a --param times=abc", "--param times=abc: Validation failed for field 'times'"),
        ("deploy -n a --param nope=abc", "--param nope=abc: the flow has no parameter 'nope'"),
        ("deploy -n a --concurrency-limit 0", "--concurrency-limit 0: "),
        ("deploy other.py:x -n a", "entrypoint other.py:x: "),
        ("deploy -n a --interval -5", "--interval -5: "),
    ] {
        let output = sandbox.run(&format!("{line} --strict"))?;
        ensure!(output.code != 0 && output.stderr.contains(message), "{line}: {output}");
        ensure!(!output.stderr.contains("--> prefect.yaml"), "{line}: {output}");
    }
    Ok(())
}
