//! Tests of image builds and pushes with a real engine and real registries.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::support::{Api, Docker, assert_output, required_env};

/// Two deployments of the same image. The image contains one file and runs nothing.
const PROJECT: &str = r#"
build:
- prefect_docker.deployments.steps.build_docker_image:
    id: image-build
    image_name: "{{ $IMAGE }}"
    tag: v1
    dockerfile: Dockerfile
    pull: false
push:
- prefect_docker.deployments.steps.push_docker_image:
    id: image-push
    image_name: "{{ image-build.image_name }}"
    tag: "{{ image-build.tag }}"
pull: []
definitions:
  pool: &pool
    name: pool-UNIQUE
    job_variables:
      env: {IMAGE: "{{ image-push.image_by_digest }}", ID: "{{ image-build.image_id }}"}
deployments:
- {name: one, entrypoint: "flow.py:hello", work_pool: *pool}
- {name: two, entrypoint: "flow.py:goodbye", work_pool: *pool}
"#;

const DOCKERFILE: &str = "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY flow.py /\n";

#[test]
#[ignore = "needs services: run tests/run"]
fn builds_and_pushes_a_shared_image_once() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", DOCKERFILE)?;

    let output = sandbox.run("deploy --all")?.success()?;
    let count = |text: &str| output.stderr.lines().filter(|line| line.contains(text)).count();
    assert_eq!((count(" build_docker_image "), count(" push_docker_image ")), (1, 1), "{output}");
    let one = api.existing(&sandbox, "hello-UNIQUE/one")?["job_variables"].take();
    let two = api.existing(&sandbox, "goodbye-UNIQUE/two")?["job_variables"].take();
    assert_eq!(one, two);

    let tagged = format!("{}:v1", docker.image);
    let id = docker.ask(&["image", "inspect", "--format", "{{.Id}}", &tagged])?;
    let digest = docker.ask(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &tagged])?;
    assert_eq!(one["env"], json!({"ID": id, "IMAGE": digest}));
    // Pull the image back from the registry.
    docker.ask(&["rmi", "--force", &tagged, &digest])?;
    docker.ask(&["pull", "--quiet", &digest])?;
    assert_eq!(docker.ask(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &digest])?, digest);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pushes_to_a_private_registry_with_credentials() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let docker = Docker::from_env("PREFECTL_TEST_PRIVATE_REGISTRY", &sandbox)?;
    let user = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_USER")?;
    let password = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_PASSWORD")?;
    let sandbox = docker
        .configure(sandbox)
        .variable("REGISTRY", &docker.registry)
        .variable("USER_NAME", user)
        .variable("PASSWORD", &password);
    sandbox.file("Dockerfile", DOCKERFILE)?;

    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect_docker.deployments.steps.push_docker_image: cannot push 127.0.0.1:[PORT]/prefectl-test-UNIQUE:v1: no basic auth credentials
      --> prefect.yaml:11:5
       |
    11 |     id: image-push
       |     ^^^^^^^^^^^^^^
    help: run `docker login` for this registry, or set `credentials` in the step
    error: a step failed; nothing was registered
    ");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);

    let credentials = r#"    credentials:
      username: "{{ $USER_NAME }}"
      password: "{{ $PASSWORD }}"
      registry_url: "{{ $REGISTRY }}"
pull: []"#;
    sandbox.file("prefect.yaml", PROJECT.replace("pull: []", credentials))?;
    let output = sandbox.run("deploy --all")?.success()?;
    assert!(!output.stderr.contains(&password), "{output}");
    assert_eq!(api.registered(&sandbox)?, ["goodbye-UNIQUE", "hello-UNIQUE", "one", "two"]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn names_an_unreachable_registry() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let mut docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    docker.image = sandbox.unique("127.0.0.1:9/prefectl-test-UNIQUE");
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", DOCKERFILE)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r#"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect_docker.deployments.steps.push_docker_image: cannot push 127.0.0.1:[PORT]/prefectl-test-UNIQUE:v1: Get "http://127.0.0.1:[PORT]/v2/": dial tcp 127.0.0.1:[PORT]: connect: connection refused
      --> prefect.yaml:11:5
       |
    11 |     id: image-push
       |     ^^^^^^^^^^^^^^
    error: a step failed; nothing was registered
    "#);
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn failed_build_registers_nothing() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);

    let output = sandbox.run("deploy --all --quiet")?; // the folder has no Dockerfile
    assert_output!(output, @r"
    exit 2
    --- stderr
    error[no-dockerfile]: the Dockerfile 'Dockerfile' does not exist
     --> prefect.yaml:7:17
      |
    7 |     dockerfile: Dockerfile
      |                 ^^^^^^^^^^
    help: create the file, correct the path, or set `dockerfile: auto` to generate a Dockerfile
    error: nothing was registered
    ");
    sandbox.file("Dockerfile", "FROM scratch\nCOPY not-there.txt /\n")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect_docker.deployments.steps.build_docker_image: the image build failed: COPY failed: file not found in build context or excluded by .dockerignore: stat not-there.txt: file does not exist
      at Step 2/3 : COPY not-there.txt / (line 2 of the Dockerfile)
     --> prefect.yaml:4:5
      |
    4 |     id: image-build
      |     ^^^^^^^^^^^^^^^
    help: COPY and ADD can only access files in the build context; check `path` and .dockerignore
    error: a step failed; nothing was registered
    ");
    sandbox.file("Dockerfile", "FRM scratch\n")?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 7
    --- stderr
    error[step-failed]: Encountered error while running prefect_docker.deployments.steps.build_docker_image: the image build failed: dockerfile parse error line 1: unknown instruction: FRM
     --> prefect.yaml:4:5
      |
    4 |     id: image-build
      |     ^^^^^^^^^^^^^^^
    error: a step failed; nothing was registered
    ");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn existing_image_replaces_build_and_push() -> Result<()> {
    let api = Api::from_env()?;
    // The step must not connect to an engine.
    let sandbox =
        api.sandbox(PROJECT)?.variable("DOCKER_HOST", "tcp://127.0.0.1:9").variable("IMAGE", "r/built");
    let output =
        sandbox.run("deploy --all --skip-build --image registry.test/flows:v7 --output json")?.success()?;
    let report: serde_json::Value = serde_json::from_str(&output.stdout)?;
    let full_names = [sandbox.unique("hello-UNIQUE/one"), sandbox.unique("goodbye-UNIQUE/two")];
    let steps = report["steps"].as_array().context("steps")?;
    for (name, step) in ["build_docker_image", "push_docker_image"].iter().zip(steps) {
        let expected = json!([name, "registry.test/flows:v7", true, full_names]);
        assert_eq!(json!([step["step"], step["image"], step["reused"], step["deployments"]]), expected);
    }
    let one = api.existing(&sandbox, "hello-UNIQUE/one")?;
    assert_eq!(
        one["job_variables"]["env"],
        json!({"ID": "registry.test/flows:v7", "IMAGE": "registry.test/flows:v7"})
    );
    Ok(())
}
